"""Verdicts on a training from the scores of its ticks. docs/verdicts.md has the rules and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gan_bench.base.text import number
from gan_bench.contract.protocol import Gauge, MetricSpec, Schedule
from gan_bench.results.records import Verdict

YOUNG = 100  # updates: before these G is what it began as, and its scores are no evidence
COLLAPSED_TICKS = 3  # in a row: some G recover by themselves after fewer
DEGRADED_TICKS = 2  # in a row: a single bad score is often an outlier
HALF = 0.5  # degraded: this share is lost, of the best score or of the gain, whichever is less
LEAST = 0.2  # ... but at least this share of the best score; nor does a smaller gain count
NOISE = 0.1  # ... and at least this share of the gain: a best score near 0 is within its own noise
SUSPICIOUS = 0.5  # of the loss that is degraded: not a state to return to


@dataclass(frozen=True)
class Look:
    """What was measured at one tick: finite scores by metric name. A failed metric is left out."""

    kimg: float
    scores: dict[str, float]


class Scored(NamedTuple):
    """One score of a metric, and when it was measured."""

    kimg: float
    score: float


def counting(looks: Sequence[Look], schedule: Schedule) -> list[Look]:
    """The looks from the 100th update on. Earlier ones count neither as evidence nor as best."""
    return [look for look in looks if round(1000 * look.kimg) >= schedule.shown(YOUNG)]


def verdict_at(
    looks: Sequence[Look], metric: MetricSpec, gauges: Sequence[Gauge], images: int
) -> Verdict | None:
    """The verdict that holds at the last look, None if there is none; collapsed comes first.

    looks: those that count. metric: the one that scores the ticks. images: how many were scored.
    """
    if not looks:
        return None
    kimg, n = looks[-1].kimg, f"({images:,} images)"
    for gauge in gauges:
        if window := collapse(looks, gauge):
            reason = f"{_quoted(gauge, window)} {n}; {_floor(looks, gauge)}"
            return Verdict(kind="collapsed", kimg=kimg, reason=reason)
    if window := degradation(looks, metric):
        best = Scored(*metric.best(scored(looks, metric)))
        was = f"its best was {number(best.score, 3)} at {number(best.kimg, 6)} kimg"
        reason = f"{_quoted(metric, window)} {n}; {was}"
        return Verdict(kind="degraded", kimg=kimg, reason=reason)
    return None


def healthy(looks: Sequence[Look], metric: MetricSpec, gauges: Sequence[Gauge]) -> bool:
    """Whether the last look is complete and shows no sign at all: a state to return to."""
    measured = looks and {metric.name, *(gauge.name for gauge in gauges)} <= set(looks[-1].scores)
    if not measured or _lost(scored(looks, metric), metric, 1, SUSPICIOUS):
        return False
    return not any(gauge.beyond(looks[-1].scores[gauge.name]) for gauge in gauges)


def scored(looks: Sequence[Look], metric: MetricSpec) -> list[Scored]:
    """The looks that have a score of the metric; the others say nothing either way."""
    name = metric.name
    return [Scored(look.kimg, look.scores[name]) for look in looks if name in look.scores]


def collapse(looks: Sequence[Look], gauge: Gauge) -> list[Scored]:
    """The first three ticks in a row at which the gauge was stuck; empty if it is not collapsed.

    It is stuck at ticks beyond its floor of which none is its best so far. Once stuck, it is
    collapsed until it is back on the good side of the floor.
    """
    ticks = scored(looks, gauge)
    last_good = max((k for k, tick in enumerate(ticks) if not gauge.beyond(tick.score)), default=-1)
    for end in range(last_good + 1 + COLLAPSED_TICKS, len(ticks) + 1):
        if _stuck([gauge.cost(tick.score) for tick in ticks[:end]]):
            return ticks[end - COLLAPSED_TICKS : end]
    return []


def _stuck(costs: Sequence[float]) -> bool:
    """Whether none of the last three is a new best: a young G is beyond the floor, but improves."""
    before = costs[:-COLLAPSED_TICKS]
    return bool(before) and min(before) == min(costs)


def degradation(looks: Sequence[Look], metric: MetricSpec) -> list[Scored]:
    """The last two ticks, if too much of the best score was lost at both; empty otherwise."""
    ticks = scored(looks, metric)
    return ticks[-DEGRADED_TICKS:] if _lost(ticks, metric, DEGRADED_TICKS, 1.0) else []


def _lost(ticks: Sequence[Scored], metric: MetricSpec, last: int, share: float) -> bool:
    """Whether each of the last few scores is worse than the best by this share of the limit."""
    costs = [metric.cost(tick.score) for tick in ticks]
    if len(costs) < last:
        return False
    best, limit = min(costs), loss_limit(costs)
    return limit > 0 and all(cost - best >= share * limit for cost in costs[-last:])


def loss_limit(costs: Sequence[float]) -> float:
    """How much worse than the best cost is degraded; 0 if that cannot be said.

    Half of the best, or half of what was gained since the first cost if that is less. Only
    differences are used, so costs may be negative, as those of a kernel distance are at times.
    """
    size, gain = abs(min(costs)), costs[0] - min(costs)
    half = HALF * (min(size, gain) if gain >= LEAST * size else size)
    return max(half, LEAST * size, NOISE * gain)


def _floor(looks: Sequence[Look], gauge: Gauge) -> str:
    """What the floor means, and whether the gauge was never on its good side."""
    side = "under" if gauge.higher_is_better else "over"
    ticks = scored(looks, gauge)
    always = all(gauge.beyond(tick.score) for tick in ticks)
    since = (
        f" since the first tick that counts, at {number(ticks[0].kimg, 6)} kimg:" if always else ","
    )
    return f"{side} {number(gauge.floor, 6)}{since} G makes too few different images"


def _quoted(metric: MetricSpec, ticks: Sequence[Scored]) -> str:
    """`diversity 0.02, 0.01, 0 at 30, 40, 50 kimg`."""
    scores = ", ".join(number(tick.score, 3) for tick in ticks)
    return f"{metric.name} {scores} at {', '.join(number(tick.kimg, 6) for tick in ticks)} kimg"
