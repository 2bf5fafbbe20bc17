"""Which metrics of a table compare its rows, and which must be read together."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from gan_bench.base.text import number
from gan_bench.contract.protocol import Gauge, MetricSpec
from gan_bench.report.equal_time import EqualTime
from gan_bench.report.rows import Row
from gan_bench.results.scale import EMPTY_SETS, Scale, Scored


def floors(
    metrics: Sequence[MetricSpec],
    ranking: MetricSpec,
    rows: Sequence[Row],
    scale: Scale | None,
    who: str = "row",
) -> dict[str, str]:
    """Metric -> why it does not compare the rows; the ranking metric may be one of them.

    `who`: what the rows are called, where they are not all of the table.
    A metric whose partner is left out is left out too, because it misleads alone.
    """
    reasons = {
        metric.name: floor_of(metric, [row.values(metric.name) for row in rows], scale, who)
        for metric in metrics
    }
    left_out = {name: why for name, why in reasons.items() if why and name != ranking.name}
    for metric in metrics:
        if metric.partner in left_out and not reasons[metric.name]:
            why = left_out[metric.partner]
            reasons[metric.name] = f"it misleads without {metric.partner}, by which {why}"
    return {name: reason for name, reason in reasons.items() if reason}


def beyond(gauge: Gauge, row: Row) -> list[float]:
    """The scores of a row at the end that are a sign of mode collapse."""
    return [score for score in row.values(gauge.name) if gauge.beyond(score)]


def signs(gauges: Sequence[Gauge], rows: Sequence[Row]) -> set[str]:
    """The gauges that show a sign of mode collapse: a table has them, though noise is better."""
    return {each.name for each in gauges for row in rows if beyond(each, row)}


def floor_of(
    metric: MetricSpec,
    rows: Sequence[Sequence[float]],
    scale: Scale | None,
    who: str = "row",
    at_tick: bool = False,
) -> str | None:
    """Why these scores, by row and seed, do not compare the rows; None if they do."""
    means = [fmean(scores) for scores in rows if scores]
    sets = unbeaten(min(means, key=metric.cost), metric, scale, at_tick) if means else None
    if sets is not None and not sets:  # rows of equal scores, too, are then worth showing
        return None
    if sets:
        mean = " on the mean of its seeds" if any(len(scores) > 1 for scores in rows) else ""
        return f"no {who} is better than {sets}{mean}"
    if len(means) > 1 and len({score for scores in rows for score in scores}) == 1:
        return f"every row scores {number(means[0])}"
    return None


def tick_floor(read: EqualTime, scale: Scale | None) -> str | None:
    """Why the metric of the ticks does not order the rows at equal time; None if it does.

    The rows are compared with real images and empty ones on as many images as a tick has.
    """
    scores = [moment.scores for moment in read.moments]
    return floor_of(read.metric, scores, scale, at_tick=True)


def unbeaten(
    value: float, metric: MetricSpec, scale: Scale | None, at_tick: bool = False
) -> str | None:
    """The sets with nothing in them that a score does not beat, `noise (1,318)`; "" if it does.

    None if no score is known of a set of which the metric sees what is wrong with it.
    """
    if scale is None:
        return None
    real = _score(scale.real, metric, at_tick)
    known = {name: _score(scale.bad.get(name), metric, at_tick) for name in EMPTY_SETS}
    bad = {name: x for name, x in known.items() if x is not None and _sees_fault(metric, real, x)}
    sets = [name for name, x in bad.items() if metric.cost(value) >= metric.cost(x)]
    return " or ".join(f"{name} ({number(bad[name])})" for name in sets) if bad else None


def side_by_side(metrics: Sequence[MetricSpec]) -> list[MetricSpec]:
    """The metrics in their order, each followed by its partner and those whose partner it is."""
    placed: dict[str, MetricSpec] = {}

    def place(metric: MetricSpec) -> None:
        if metric.name not in placed:
            placed[metric.name] = metric
            for other in metrics:
                if other.name == metric.partner or other.partner == metric.name:
                    place(other)

    for metric in metrics:
        place(metric)
    return list(placed.values())


def _sees_fault(metric: MetricSpec, real: float | None, bad: float) -> bool:
    """Whether the metric sees that a bad set is bad; one that counts copies, say, does not."""
    if real is None:
        return metric.alarm is None  # an alarm looks for one fault alone
    return metric.cost(real) < metric.cost(bad)


def _score(scored: Scored | None, metric: MetricSpec, at_tick: bool) -> float | None:
    """The score of a set of the scale at the end or at a tick, if it has one."""
    if scored is None or at_tick:
        return scored.tick.get(metric.name) if scored else None
    score = scored.scores.get(metric.name)
    return score.value if score else None
