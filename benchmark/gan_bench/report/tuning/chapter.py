"""All that a report says about one study, as text: the answer, its tables, its notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gan_bench.base.text import number, percent, plural
from gan_bench.report.no_better import no_better_than
from gan_bench.report.section import LABELS, NOTHING, RANK, Column, Section
from gan_bench.report.summary import Summary
from gan_bench.report.tuning.answer import answer
from gan_bench.report.tuning.care import Care, cares, early, expected_scores, flattery, noise
from gan_bench.report.tuning.trials import Tuned
from gan_bench.results.scale import REAL
from gan_bench.run.schedule_text import settings_text

FORETELLS, SAYS_LITTLE = 0.8, 0.3  # rank correlations of an early order with that at the end
ALL_SHOWN = 8  # columns of k: of more trials, powers of two are shown


def chapter_of(tuned: Tuned) -> Summary:
    """The answer first, then the rows untuned and tuned, then how that was found."""
    rows = cares(tuned)
    return Summary(
        title=tuned.study.slug,
        answer=answer(tuned, rows),
        tables=[_main(tuned, rows), *_expected(tuned, rows)] if rows else [],
        notes=[*tuned.faults, *_notes(tuned, rows)],
        more=[_settings(tuned, rows), _trials(tuned, rows)] if rows else [],
    )


def _main(tuned: Tuned, rows: Sequence[Care]) -> Section:
    metric, K = tuned.metric, tuned.common
    real = tuned.scale.real.scores.get(metric.name) if tuned.scale and tuned.scale.real else None
    n = tuned.study.evaluation("reporting").samples
    untuned = [care.reporting[0] for care in rows]
    tuned_costs = [care.reporting[care.chosen] for care in rows]
    columns = [
        RANK,
        *LABELS,
        Column(f"untuned {metric.arrow}"),
        Column("rank untuned"),
        Column(f"best of {K} {metric.arrow}"),
        *([Column("× real")] if real else []),
        Column("chosen trial"),
        Column("ended badly", numeric=False),
    ]
    body = [
        [
            _rank(care.tuned, tuned_costs, care.reporting[care.chosen]),
            *care.row.names,
            _score(care.untuned),
            _rank(care.untuned, untuned, care.reporting[0]),
            _score(care.tuned),
            *([_times(care.tuned, real.value)] if real else []),
            str(care.chosen) if care.scored else NOTHING,
            _ends(care),
        ]
        for care in rows
    ]
    scale = ["", REAL, "", number(real.value), "", number(real.value), "1", "", ""] if real else []
    title = f"{metric.name}, {plural(n, 'image')} against {n:,} of the reporting half"
    return Section(title, columns, body, [scale] if scale else [], names=3)


def _rank(score: float | None, costs: Sequence[float], cost: float) -> str:
    """The place among these costs; rows of equal scores share one."""
    return NOTHING if score is None else str(1 + sum(each < cost for each in costs))


def _times(value: float | None, real: float) -> str:
    return NOTHING if value is None or real <= 0 else number(value / real, 3)


def _score(value: float | None) -> str:
    return NOTHING if value is None else number(value)


def _ends(care: Care) -> str:
    """How many trainings ended badly, and how."""
    ends = care.row.ends()
    if not ends:
        return f"0 of {care.row.cells}"
    how = ", ".join(f"{count} {status}" for status, count in sorted(ends.items()))
    return f"{ends.total()} of {care.row.cells}: {how}"


def shown_ks(K: int) -> list[int]:
    """The numbers of trials that have a column."""
    if K <= ALL_SHOWN:
        return list(range(1, K + 1))
    return [*(2**j for j in range(K.bit_length()) if 2**j < K), K]


def _expected(tuned: Tuned, rows: Sequence[Care]) -> Iterator[Section]:
    """The expected best of k trials, with its interval; not of trials that were stopped early."""
    if tuned.halved:
        return
    metric, ks = tuned.metric, shown_ks(tuned.common)
    body = []
    for care in rows:
        bests = expected_scores(tuned, care)
        texts = [
            f"{number(best.score, 3)} ({number(best.low, 3)} to {number(best.high, 3)})"
            for best in bests
            if best.k in ks
        ]
        body.append([*care.row.names, *(texts or [NOTHING] * len(ks))])
    columns = [*LABELS, *(Column(f"k = {k}") for k in ks)]
    title = f"expected {metric.name} of the best of k trials, and its range in redrawn trials"
    yield Section(title, columns, body, names=2)


def _settings(tuned: Tuned, rows: Sequence[Care]) -> Section:
    """What was chosen for each row."""
    body = [
        [*care.row.names, str(care.chosen), settings_text(_at(tuned, care.chosen))]
        if care.scored
        else [*care.row.names, NOTHING, NOTHING]
        for care in rows
    ]
    columns = [*LABELS, Column("trial"), Column("settings", numeric=False)]
    return Section("the chosen settings of each row", columns, body, names=2)


def _trials(tuned: Tuned, rows: Sequence[Care]) -> Section:
    """Every trial: its settings, and what each row scored on the reporting half."""
    columns = [
        Column("trial"),
        *(Column(care.row.label) for care in rows),
        Column("settings", numeric=False),
    ]
    body = [
        [str(k), *(_cell(care, k) for care in rows), settings_text(_at(tuned, k))]
        for k in range(len(tuned.study.trials))
    ]
    return Section("all trials, on the reporting half", columns, body, names=1)


def _cell(care: Care, k: int) -> str:
    """A score, and how the training ended if that was not well."""
    tried = care.trial(k)
    bad = [status for status in dict.fromkeys(tried.statuses) if status != "finished"]
    if tried.stopped:
        return "stopped early"
    parts = [] if tried.reporting is None else [number(tried.reporting)]
    return " ".join([*parts, *bad]) or NOTHING


def _at(tuned: Tuned, k: int) -> dict[str, object]:
    return dict(tuned.study.trials[k].settings)


def _notes(tuned: Tuned, rows: Sequence[Care]) -> Iterator[str]:
    """How the numbers were made, and what they do not show."""
    study = tuned.study
    if not rows:
        return
    metric, K = tuned.metric, tuned.common
    yield (
        f"each row had the same {plural(K, 'trial')}; trial 0 is the default schedule, the others "
        f"are points of {', '.join(study.space.axes)}"
    )
    yield from _no_better(tuned, rows)
    if len(study.trials) > K:
        yield (
            f"{plural(len(study.trials), 'trial')} are planned: the table compares the first {K}, "
            "which every row has had"
        )
    if tuned.halved:
        planned = len(rows) * K
        yield (
            f"{tuned.halved} of {plural(planned, 'trial')} were stopped early by their scores at "
            "ticks, so the best of them is not known, and there is no expected best: early scores "
            "favour fast starters, and a row whose good settings start slowly is worse here than "
            "it could be. The same command without --halve trains the rest"
        )
    elif K > 1 and (scored := [care for care in rows if care.scored]):
        by, share = flattery(scored)
        yield (
            "the best trial is chosen on one half of the real images and scored on the other half, "
            f"with other z. On the half that it was chosen on, it would look better by "
            f"{number(by, 3)} ({percent(share)}), the mean of {plural(len(scored), 'row')} in both "
            f"directions; scores of one trial on the two halves are {number(noise(rows), 3)} apart "
            "(standard deviation)"
        )
        yield (
            "expected best: Dodge et al. 2019, equation 7, for trials drawn with repetition; the "
            "range is from 2.5 % to 97.5 % of 2,000 bootstrap redraws. It is no 95 % interval: in "
            "simulations of 8 to 32 trials it held the true value in 72 to 95 % of cases at k = 1 "
            "and in only 42 to 57 % when k was the number of trials. It says nothing of other seeds"
        )
    if without := sum(_scoreless(care, K) for care in rows):
        yield (
            f"{plural(without, 'trial')} without a score: each counts as "
            f"{number(metric.cost(tuned.worst))}, the worst of all trials, noise and single images"
        )
    for each in early(tuned, rows):
        yield (
            f"{_early_scores(each.correlation)}: after {percent(each.share)} of the schedule the "
            f"order of the trials agrees with that at the end by a rank correlation of "
            f"{number(each.correlation, 2)} (mean of {plural(each.rows, 'row')}), and the chosen "
            f"trial was in the better half for {each.kept} of {each.rows}"
        )
    if study.seeds == 1:
        yield (
            "one training of each row in each trial: a chosen trial may have been lucky, and its "
            "settings may do worse from another seed"
        )


def _early_scores(correlation: float) -> str:
    """What the agreement of the early order with the one at the end says of halving."""
    if correlation >= FORETELLS:
        return "early scores foretell the end here"
    if correlation >= SAYS_LITTLE:
        return "early scores foretell the end in part: they favour fast starters"
    if correlation > -SAYS_LITTLE:
        return "early scores say little of the end here"
    return "early scores mislead here: those that were ahead early ended behind"


def _no_better(tuned: Tuned, rows: Sequence[Care]) -> Iterator[str]:
    """The rows that do not beat images with nothing in them, untuned or tuned."""
    for care in rows:
        scores = {"untuned": care.untuned, f"the best of {tuned.common}": care.tuned}
        for when, score in scores.items():
            if score is None:
                continue
            if said := no_better_than(score, tuned.metric, tuned.scale):
                yield f"{care.row.label}: {number(score)}, {when}, is {said}"


def _scoreless(care: Care, K: int) -> int:
    return sum(care.trial(k).reporting is None and not care.trial(k).stopped for k in range(K))
