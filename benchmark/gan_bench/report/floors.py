"""Which metrics of a table compare its rows, and which must be read together."""

from __future__ import annotations

from collections.abc import Sequence

from gan_bench.base.text import number
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.rows import Row
from gan_bench.results.scale import Scale, Scored

NOISE = "noise"  # the bad set that every row should beat


def floors(
    metrics: Sequence[MetricSpec], ranking: MetricSpec, rows: Sequence[Row], scale: Scale | None
) -> dict[str, str]:
    """Metric -> why it does not compare the rows; the ranking metric may be one of them.

    A metric whose partner is left out is left out too, because it misleads alone.
    """
    reasons = {metric.name: _reason(metric, rows, scale) for metric in metrics}
    left_out = {name for name, reason in reasons.items() if reason and name != ranking.name}
    for metric in metrics:
        if metric.partner in left_out and not reasons[metric.name]:
            reasons[metric.name] = f"misleads without {metric.partner}"
    return {name: reason for name, reason in reasons.items() if reason}


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


def _reason(metric: MetricSpec, rows: Sequence[Row], scale: Scale | None) -> str | None:
    means = [mean for row in rows if (mean := row.mean(metric.name)) is not None]
    noise = _noise(metric, scale)
    if means and noise is not None:
        best = min(map(metric.cost, means))
        floored = best >= metric.cost(noise)
        return f"no row is better than noise ({number(noise)})" if floored else None
    if len(means) > 1 and len(set(means)) == 1 and _is_constant(metric, rows):
        return f"every row scores {number(means[0])}"
    return None


def _is_constant(metric: MetricSpec, rows: Sequence[Row]) -> bool:
    return len({value for row in rows for value in row.values(metric.name)}) == 1


def _noise(metric: MetricSpec, scale: Scale | None) -> float | None:
    """The score of noise, if it is known and bad by this metric: noise has no copies, say."""
    if scale is None or (noise := _value(scale.bad.get(NOISE), metric)) is None:
        return None
    real = _value(scale.real, metric)
    if real is None:
        return noise if metric.alarm is None else None  # an alarm looks for one fault alone
    return noise if metric.cost(real) < metric.cost(noise) else None


def _value(scored: Scored | None, metric: MetricSpec) -> float | None:
    score = scored.scores.get(metric.name) if scored else None
    return score.value if score else None
