"""The answer of a study in one sentence: which row is best untuned, and which with equal care."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from gan_bench.base.text import number, plural
from gan_bench.report.floors import floor_of
from gan_bench.report.tuning.care import Care, Lead, tuned_lead, untuned_lead
from gan_bench.report.tuning.trials import Tuned


def answer(tuned: Tuned, rows: Sequence[Care]) -> str:
    """Who leads untuned and who leads tuned, how sure that is, what ended badly or is not done."""
    return f"{'; '.join(_parts(tuned, rows))}."


def _parts(tuned: Tuned, rows: Sequence[Care]) -> Iterator[str]:
    if len(rows) == 1:
        yield _alone(tuned, rows[0])
        yield "there is no other row to compare it with"
    elif rows:
        yield from _leads(tuned, rows)
    else:
        yield "No trial is done for every row yet"
    cells = sum(row.cells for row in tuned.rows)
    ends = sum((row.ends() for row in tuned.rows), Counter())
    if ends:
        how = ", ".join(f"{count} {status}" for status, count in sorted(ends.items()))
        yield f"{ends.total():,} of {plural(cells, 'training')} ended badly ({how})"
    planned = len(tuned.rows) * len(tuned.study.trials) * tuned.study.seeds
    stopped = tuned.halted
    if stopped:
        yield f"{stopped:,} of {plural(planned, 'training')} were stopped early"
    if left := planned - cells - stopped:
        yield f"{left:,} of {plural(planned, 'training')} {'is' if left == 1 else 'are'} not done"


def _alone(tuned: Tuned, care: Care) -> str:
    """What the only row scores, untuned and with the best trial."""
    scores = [(care.untuned, "untuned")]
    if tuned.common > 1:
        scores.append((care.tuned, f"with the best of {tuned.common} trials"))
    said = [f"{number(score)} {when}" for score, when in scores if score is not None]
    if not said:
        return f"{care.row.label} has no score of {tuned.metric.name}"
    return f"{care.row.label} scores {' and '.join(said)} ({tuned.metric.name})"


def _leads(tuned: Tuned, rows: Sequence[Care]) -> Iterator[str]:
    before, after = untuned_lead(tuned, rows), tuned_lead(tuned, rows)
    if before is None:
        yield "No row has a score untuned"
    elif why := _floor(tuned, [care.untuned for care in rows]):
        yield f"Untuned, no row leads by {tuned.metric.name}: {why}"
    else:
        trainings = "one training" if tuned.study.seeds == 1 else f"{tuned.study.seeds} trainings"
        sure = "" if before.second is None else f" in {trainings} each: not proven"
        yield f"Untuned, {_lead(before, f' ({tuned.metric.name})')}{sure}"
    if tuned.common < 2:
        return
    care = f"with the best of {tuned.common} trials each"
    if after is None:
        yield "no row has a score after tuning"
    elif why := _floor(tuned, [each.tuned for each in rows]):
        yield f"{care}, no row leads: {why}"
    else:
        yield f"{care}, {_lead(after)}{_sure(after, tuned.common)}"


def _floor(tuned: Tuned, scores: Sequence[float | None]) -> str | None:
    """Why these scores, one a row, name no leader."""
    return floor_of(tuned.metric, [[score] for score in scores if score is not None], tuned.scale)


def _lead(lead: Lead, bracket: str = "") -> str:
    """Of several rows; `bracket`: the metric, where it is not named yet."""
    if lead.second is None or lead.by is None:
        return f"{lead.first} is the only row with a score{bracket}"
    if lead.by == 0:
        return f"{lead.first} and {lead.second} score the same{bracket}"
    return f"{lead.first} leads {lead.second} by {number(lead.by, 3)}{bracket}"


def _sure(lead: Lead, K: int) -> str:
    """What redrawn trials make of a lead; no number of trials of one study proves it."""
    if lead.second is None:
        return ""
    if lead.low is None or lead.high is None:
        return ": not proven"
    ends = f"{number(lead.low, 3)} to {number(lead.high, 3)}"
    return f" (by {ends} in the expected best of {K} of redrawn trials): not proven"
