"""One cell as a page of text: how it was trained, what came of it, what it took."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gan_bench.base import text
from gan_bench.base.numbers import CURVE_COLUMNS, column, number
from gan_bench.base.sparkline import sparkline
from gan_bench.contract.branch import Branch
from gan_bench.contract.protocol import Evaluation
from gan_bench.report.cell_facts import Added, CellFacts
from gan_bench.report.costs import MIB
from gan_bench.report.no_better import no_better_than
from gan_bench.results.layout import HOUSEKEEPING, label_of
from gan_bench.results.measurements import Measurement
from gan_bench.results.records import Record, Score
from gan_bench.run.schedule_text import recipe_text, schedule_text
from gan_bench.train.verdicts import YOUNG

Line = tuple[str, str]  # title and text
SHOWN_TICKS = 10
WIDTH = 32  # characters of a curve


def cell_page(facts: CellFacts) -> list[tuple[str, list[Line]]]:
    """Titled parts, each of titled lines; parts about which nothing is known are left out."""
    record = facts.record
    parts = [
        (label_of(facts.folder), [*_head(facts)]),
        ("curve", [*_curve(facts)]),
        ("ticks", [*_ticks(facts)]),
        ("scores", [*_own_scores(facts)]),
        *((f"scores by {slug}", [*_added_scores(each)]) for slug, each in facts.added.items()),
        ("verdicts", _verdicts(record, facts) if record else []),
        ("cost", [*_cost(record)] if record else []),
        ("code and machine", [*_code(facts)]),
        ("files", [*_files(facts)]),
        ("cannot be read", [("", fault) for fault in facts.faults]),
    ]
    return [(title, lines) for title, lines in parts if lines]


def _head(facts: CellFacts) -> Iterator[Line]:
    record, protocol = facts.record, facts.protocol
    yield "status", facts.status
    if facts.reason and facts.reason not in facts.faults:
        yield "reason", facts.reason
    if record:
        yield "ended", f"{text.date(record.ended)} after {text.plural(record.starts, 'start')}"
    yield "protocol", facts.slug
    if protocol:
        data = protocol.data
        images = f"{data.train:,} training, {data.held_out:,} held out"
        yield "data", f"{data.name}, {data.size} px, {images}"
    if facts.schedule:
        yield "schedule", schedule_text(facts.schedule)
    known = record or facts.cell
    if known and known.branch:
        yield "branch", _branch(known.branch)
    if known and known.recipe.given:
        yield "recipe", recipe_text(known.recipe)
    if record and record.conditional:
        yield "conditional", "G and D are given the classes of the images"


def _branch(branch: Branch) -> str:
    """Where it begins and what it changes."""
    order = "the same order" if branch.index == 0 else f"another order ({branch.index})"
    begins = f"from {text.number(branch.kimg, 6)} kimg" if branch.step else "from its beginning"
    return f"of {branch.parent} {begins}, {branch.what}, {order}; it is never ranked"


def _curve(facts: CellFacts) -> Iterator[Line]:
    """Each column as a line of blocks, with its first and last value and its range."""
    if not facts.curve:
        return
    kimg = number(facts.curve[-1], "kimg")
    yield "points", f"{len(facts.curve):,}, up to {text.number(kimg, 6)} kimg"
    for name in CURVE_COLUMNS:
        values = column(facts.curve, name)
        finite = values[[math.isfinite(value) for value in values]]
        if len(finite):
            first, last, low, high = (
                text.number(value, 3) for value in (finite[0], finite[-1], min(finite), max(finite))
            )
            ends = f"first {first}, last {last}, range {low} to {high}"
            yield name, f"{sparkline(values, WIDTH)}  {ends}"


def _ticks(facts: CellFacts) -> Iterator[Line]:
    """The score at the ticks as a line of blocks, the best tick, and some ticks in numbers."""
    if not facts.ticks or facts.protocol is None:
        return
    evaluation = facts.protocol.evaluation
    metric = evaluation.at_ticks.name
    scores = [number(tick, "scores", metric) for tick in facts.ticks]
    yield f"{metric} {evaluation.at_ticks.arrow}", sparkline(scores, WIDTH)
    best = facts.record.best if facts.record else None
    if best:
        value, last = text.number(best.value), text.number(best.final)
        when = f"{text.number(best.kimg, 6)} kimg{_of_which(facts)}"
        yield "best", f"{value} at {when}; at the last tick {last}"
    for k in _some(len(facts.ticks)):
        tick = facts.ticks[k]
        verdict = f"; {tick['verdict']}: {tick.get('reason')}" if tick.get("verdict") else ""
        scored = ", ".join(_scored_at(tick, evaluation))
        yield f"{text.number(number(tick, 'kimg'), 6)} kimg", f"{scored}{verdict}"
    if (count := len(facts.ticks)) > SHOWN_TICKS:
        yield "", f"{SHOWN_TICKS} of {count:,} ticks; --json has all"


def _of_which(facts: CellFacts) -> str:
    """That the best is not one of the first ticks, where there are such and others."""
    if facts.protocol is None or facts.record is None:
        return ""
    counts = facts.record.recipe.applied_to(facts.protocol.schedule).shown(YOUNG)
    # NaN where a damaged line has no kimg: it is compared and not rounded
    young = [1000 * number(tick, "kimg") < counts - 0.5 for tick in facts.ticks]
    return f", of the ticks from update {YOUNG} on" if any(young) and not all(young) else ""


def _some(count: int) -> list[int]:
    """The places of at most SHOWN_TICKS ticks, with the first and the last."""
    shown = min(count, SHOWN_TICKS)
    return sorted({round(k * (count - 1) / max(1, shown - 1)) for k in range(shown)})


def _scored_at(tick: dict[str, object], evaluation: Evaluation) -> Iterator[str]:
    for metric in reversed(evaluation.watched):
        value = number(tick, "scores", metric.name)
        if math.isfinite(value):
            yield f"{metric.name} {text.number(value)}"


def _own_scores(facts: CellFacts) -> Iterator[Line]:
    if facts.record:
        evaluation = facts.protocol.evaluation if facts.protocol else None
        yield from _scores(facts.record, evaluation)


def _added_scores(added: Added) -> Iterator[Line]:
    yield from _scores(added.measurement, added.evaluation)
    yield "ended", f"{text.date(added.measurement.ended)} on {added.measurement.device}"


def _scores(measured: Record | Measurement, evaluation: Evaluation | None) -> Iterator[Line]:
    """Every metric of the evaluation, with its error or the reason why it has no score."""
    specs = {spec.name: spec for spec in evaluation.metrics} if evaluation else {}
    for name in dict.fromkeys((*specs, *measured.scores, *measured.unscored)):
        title = f"{name} {specs[name].arrow}" if name in specs else name
        if name in measured.scores:
            yield title, _score(measured.scores[name])
        elif name in measured.unscored:
            yield title, f"no score: {measured.unscored[name]}"
        if name in measured.details:
            yield "", measured.details[name]


def _score(score: Score) -> str:
    error = f" ± {text.number(score.error, 2)}" if score.error is not None else ""
    images = f"{text.plural(score.n, 'image')} against {score.reference_n:,} of {score.reference}"
    return f"{text.number(score.value)}{error} ({images})"


def _verdicts(record: Record, facts: CellFacts) -> list[Line]:
    lines: list[Line] = [
        (verdict.kind, f"at {text.number(verdict.kimg, 6)} kimg: {verdict.reason}")
        for verdict in record.verdicts
    ]
    if not lines:
        judged = record.status != "failed"
        why = "neither diverged nor collapsed nor degraded" if judged else "it was not trained"
        lines = [("none", why)]
    lines += _no_better(record, facts)
    if record.rollbacks:
        lines.append(("rollbacks", str(record.rollbacks)))
    if record.diagnosis:
        lines.append(("diagnosis", record.diagnosis))
    lines += [("note", note) for note in record.notes]
    log = (record.log or "").splitlines()
    return [*lines, *zip(["end of the log", *[""] * len(log)], log, strict=False)]


def _no_better(record: Record, facts: CellFacts) -> Iterator[Line]:
    """Whether its ranking score is that of images with nothing in them."""
    if facts.protocol is None:
        return
    ranking = facts.protocol.evaluation.metrics[0]
    score = record.scores.get(ranking.name)
    if score and (said := no_better_than(score.value, ranking, facts.scale)):
        yield "but", f"{said}: {ranking.name} {text.number(score.value)}"


def _cost(record: Record) -> Iterator[Line]:
    cost = record.cost
    if cost is None:
        return
    yield "training", f"{text.duration(cost.train_seconds)}, {_rate(cost.images_per_second)}"
    yield "measuring", text.duration(cost.evaluate_seconds)
    yield "memory", text.size(cost.peak_memory_mib * MIB)
    yield "parameters", f"G {_millions(cost.g_parameters)}, D {_millions(cost.d_parameters)}"
    if cost.g_macs is not None and cost.d_macs is not None:
        macs = f"G {_millions(cost.g_macs)}, D {_millions(cost.d_macs)}"
        yield "MACs", f"{macs} multiply-accumulates for one image, forward"


def _rate(images_per_second: float) -> str:
    return f"{text.number(images_per_second, 3)} images/s"


def _millions(count: int) -> str:
    return f"{text.number(count / 1e6, 3)} M"


def _code(facts: CellFacts) -> Iterator[Line]:
    for each in facts.code:
        offers = "; ".join(f"{kind} {', '.join(names)}" for kind, names in each.offers.items())
        version = f"{each.distribution} {each.version}".strip()
        role = ", trains" * each.trains
        yield "plugin", f"{version}, sha256 {each.sha256[:16]}{role}: {offers}"
    record = facts.record
    if record is None:
        return
    yield "device", record.device or "not known"
    for title, values in (
        ("machine", record.machine),
        ("computed", record.computed),
        ("versions", record.versions),
    ):
        if values:
            yield title, ", ".join(f"{name} {value}" for name, value in values.items())


def _files(facts: CellFacts) -> Iterator[Line]:
    """Every file with its size, and each folder with how many files are in it."""
    folders: dict[str, list[int]] = {}
    for name, size in facts.files:
        folder, within, _ = name.partition("/")
        if within:
            folders.setdefault(folder, []).append(size)
        elif name not in HOUSEKEEPING:
            yield name, text.size(size)
    for folder, sizes in sorted(folders.items()):
        yield f"{folder}/", f"{text.size(sum(sizes))}, {text.plural(len(sizes), 'file')}"
    total = sum(size for _, size in facts.files)
    yield "together", f"{text.size(total)} in {facts.folder}"
