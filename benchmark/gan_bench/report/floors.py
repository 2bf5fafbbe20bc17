"""Which metrics of a table compare its rows, and which must be read together."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from gan_bench.base.text import number
from gan_bench.contract.protocol import Gauge, MetricSpec
from gan_bench.report.equal_time import EqualTime
from gan_bench.report.rows import Row
from gan_bench.results.scale import Scale, Scored

NOISE = "noise"  # the bad set that every row should beat


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
    left_out = {name for name, reason in reasons.items() if reason and name != ranking.name}
    for metric in metrics:
        if metric.partner in left_out and not reasons[metric.name]:
            reasons[metric.name] = f"misleads without {metric.partner}"
    return {name: reason for name, reason in reasons.items() if reason}


def beyond(gauge: Gauge, row: Row) -> list[float]:
    """The scores of a row at the end that are a sign of mode collapse."""
    return [score for score in row.values(gauge.name) if gauge.beyond(score)]


def signs(gauges: Sequence[Gauge], rows: Sequence[Row]) -> set[str]:
    """The gauges that show a sign of mode collapse: a table has them, though noise is better."""
    return {each.name for each in gauges for row in rows if beyond(each, row)}


def floor_of(
    metric: MetricSpec, rows: Sequence[Sequence[float]], scale: Scale | None, who: str = "row"
) -> str | None:
    """Why these scores, by row and seed, do not compare the rows; None if they do."""
    real = score_in(scale.real, metric) if scale else None
    noise = score_in(scale.bad.get(NOISE), metric) if scale else None
    return _reason(metric, rows, real, noise, who)


def tick_floor(read: EqualTime, scale: Scale | None) -> str | None:
    """Why the metric of the ticks does not order the rows at equal time; None if it does.

    The rows are compared with real images and noise on as many images as a tick has.
    """
    real, bad = (scale.real, scale.bad.get(NOISE)) if scale else (None, None)
    return _reason(
        read.metric,
        [moment.scores for moment in read.moments],
        real.tick.get(read.metric.name) if real else None,
        bad.tick.get(read.metric.name) if bad else None,
    )


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


def _reason(
    metric: MetricSpec,
    rows: Sequence[Sequence[float]],
    real: float | None,
    noise: float | None,
    who: str = "row",
) -> str | None:
    means = [fmean(scores) for scores in rows if scores]
    if means and noise is not None and sees_fault(metric, real, noise):
        best = min(map(metric.cost, means))
        if best < metric.cost(noise):
            return None
        mean = " on the mean of its seeds" if any(len(scores) > 1 for scores in rows) else ""
        return f"no {who} is better than noise ({number(noise)}){mean}"
    if len(means) > 1 and len({score for scores in rows for score in scores}) == 1:
        return f"every row scores {number(means[0])}"
    return None


def sees_fault(metric: MetricSpec, real: float | None, bad: float) -> bool:
    """Whether the metric sees that a bad set is bad; one that counts copies, say, does not."""
    if real is None:
        return metric.alarm is None  # an alarm looks for one fault alone
    return metric.cost(real) < metric.cost(bad)


def score_in(scored: Scored | None, metric: MetricSpec) -> float | None:
    """The score of a set of the scale, if it has one."""
    score = scored.scores.get(metric.name) if scored else None
    return score.value if score else None
