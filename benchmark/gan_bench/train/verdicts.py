"""Verdicts on a training from the scores of its ticks. docs/verdicts.md has the rules and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gan_bench.base.text import number
from gan_bench.contract.protocol import Gauge, MetricSpec
from gan_bench.results.records import Verdict

COLLAPSED_TICKS = 3  # in a row: some G recover by themselves after fewer
DEGRADED_TICKS = 2  # in a row: a single bad score is often an outlier
DEGRADED = 1.5  # times worse than the best so far
SUSPICIOUS = 1.25  # times worse than the best so far: not a state to return to
WORDS = {2: "two", 3: "three"}


@dataclass(frozen=True)
class Look:
    """What was measured at one tick: finite scores by metric name. A failed metric is left out."""

    kimg: float
    scores: dict[str, float]


def verdict_at(
    looks: Sequence[Look], ranking: MetricSpec, gauges: Sequence[Gauge]
) -> Verdict | None:
    """The verdict that holds at the last look, None if there is none; collapsed comes first."""
    for gauge in gauges:
        if reason := collapse(looks, gauge):
            return Verdict(kind="collapsed", kimg=looks[-1].kimg, reason=reason)
    if reason := degradation(looks, ranking):
        return Verdict(kind="degraded", kimg=looks[-1].kimg, reason=reason)
    return None


def healthy(looks: Sequence[Look], ranking: MetricSpec, gauges: Sequence[Gauge]) -> bool:
    """Whether the last look is complete and shows no sign at all: a state to return to."""
    measured = looks and {ranking.name, *(gauge.name for gauge in gauges)} <= set(looks[-1].scores)
    if not measured or _times_worse(looks, ranking, 1) >= SUSPICIOUS:
        return False
    return not any(gauge.beyond(looks[-1].scores[gauge.name]) for gauge in gauges)


def scored(looks: Sequence[Look], metric: MetricSpec) -> list[tuple[float, float]]:
    """(kimg, score) of the looks that have the score; the others say nothing either way."""
    return [(look.kimg, look.scores[metric.name]) for look in looks if metric.name in look.scores]


def collapse(looks: Sequence[Look], gauge: Gauge) -> str | None:
    """The evidence, if the gauge got stuck beyond its floor and has not come back since."""
    scores = [score for _, score in scored(looks, gauge)]
    good = (k for k, score in enumerate(reversed(scores)) if not gauge.beyond(score))
    beyond = next(good, len(scores))  # how many of the last scores are beyond the floor
    # every three ticks in a row among these, by the index after the third
    ends = range(len(scores) - beyond + COLLAPSED_TICKS, len(scores) + 1)
    if not any(_stuck(scores[:end], gauge) for end in ends):
        return None
    side = "under" if gauge.higher_is_better else "over"
    last = _last_scores(gauge, scores[-COLLAPSED_TICKS:])
    return f"{last}; {side} {number(gauge.floor, 6)} G makes too few different images"


def _stuck(scores: Sequence[float], gauge: Gauge) -> bool:
    """Whether none of the last three is a new best: a young G is beyond the floor, but improves."""
    costs = [gauge.cost(score) for score in scores]
    before = costs[:-COLLAPSED_TICKS]
    return bool(before) and min(before) == min(costs)


def degradation(looks: Sequence[Look], ranking: MetricSpec) -> str | None:
    """The evidence, if the score was 1.5 times worse than its best at two ticks in a row.

    A score that falls below 0, as KID does, never gives this verdict: ratios say nothing there.
    """
    if _times_worse(looks, ranking, DEGRADED_TICKS) < DEGRADED:
        return None
    ticks = scored(looks, ranking)
    kimg, best = ranking.best(ticks)
    last = _last_scores(ranking, [score for _, score in ticks[-DEGRADED_TICKS:]])
    return f"{last}; its best was {number(best, 3)}, at {number(kimg, 6)} kimg"


def _times_worse(looks: Sequence[Look], ranking: MetricSpec, ticks: int) -> float:
    """By what factor the best score is better than each of the last few; 0 if that is unknown."""
    pairs = scored(looks, ranking)
    scores = [score for _, score in pairs]
    if len(scores) < ticks or min(scores) < 0 or (best := ranking.best(pairs)[1]) <= 0:
        return 0.0
    ratios = ((best, s) if ranking.higher_is_better else (s, best) for s in scores[-ticks:])
    return min(high / low if low else math.inf for high, low in ratios)


def _last_scores(metric: MetricSpec, scores: Sequence[float]) -> str:
    """`diversity 0.02, 0.01, 0 at the last three ticks`."""
    values = ", ".join(number(score, 3) for score in scores)
    return f"{metric.name} {values} at the last {WORDS[len(scores)]} ticks"
