"""Verdicts on a training, from what its ticks show. Rules, and why these: docs/verdicts.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gan_bench.contract.protocol import Gauge, MetricSpec
from gan_bench.results.records import Verdict

COLLAPSED_TICKS = 3  # in a row: a G that comes back by itself is let go on
DEGRADED_TICKS = 2  # in a row: one evaluation alone is often an outlier
DEGRADED = 1.5  # times the running best
SUSPICIOUS = 1.25  # times the running best: no state to return to
WORDS = {1: "one", 2: "two", 3: "three"}


@dataclass(frozen=True)
class Look:
    """What one tick shows: finite scores by metric name. One that was not measured is left out."""

    kimg: float
    scores: dict[str, float]


def verdict_at(
    looks: Sequence[Look], ranking: MetricSpec, gauges: Sequence[Gauge]
) -> Verdict | None:
    """The verdict that holds at the last look, None if all is well: collapsed before degraded."""
    for gauge in gauges:
        if reason := collapse(looks, gauge):
            return Verdict(kind="collapsed", kimg=looks[-1].kimg, reason=reason)
    if reason := degradation(looks, ranking):
        return Verdict(kind="degraded", kimg=looks[-1].kimg, reason=reason)
    return None


def healthy(looks: Sequence[Look], ranking: MetricSpec, gauges: Sequence[Gauge]) -> bool:
    """The last look is complete and shows no sign at all: a state worth returning to."""
    measured = looks and {ranking.name, *(gauge.name for gauge in gauges)} <= set(looks[-1].scores)
    if not measured or _times_worse(looks, ranking, 1) >= SUSPICIOUS:
        return False
    return not any(_beyond(looks[-1].scores[gauge.name], gauge) for gauge in gauges)


def collapse(looks: Sequence[Look], gauge: Gauge) -> str | None:
    """The numbers, if the gauge has been stuck beyond its floor, and is not back yet."""
    scores = [score for _, score in _scored(looks, gauge)]
    beyond = next((k for k, s in enumerate(reversed(scores)) if not _beyond(s, gauge)), len(scores))
    # ends of three ticks that lie in the `beyond` last ones
    ends = range(len(scores) - beyond + COLLAPSED_TICKS, len(scores) + 1)
    if not any(_stuck(scores[:end], gauge) for end in ends):
        return None
    side = "under" if gauge.higher_is_better else "over"
    last = scores[-COLLAPSED_TICKS:]
    return f"{_row(gauge, last)}; {side} {gauge.floor:g} G makes too few different images"


def _stuck(scores: Sequence[float], gauge: Gauge) -> bool:
    """None of the last three was a record: a young G starts beyond every floor, but improves."""
    before = scores[:-COLLAPSED_TICKS]
    best = max if gauge.higher_is_better else min
    return bool(before) and best(before) == best(scores)


def degradation(looks: Sequence[Look], ranking: MetricSpec) -> str | None:
    """The numbers, if the score was 1.5 times worse than its best at two ticks in a row.

    Only of scores that are a share or a distance from 0: times says nothing of one that falls
    below 0, as KID does, and such a score never gives this verdict.
    """
    if _times_worse(looks, ranking, DEGRADED_TICKS) < DEGRADED:
        return None
    scored = _scored(looks, ranking)
    when, best = _best(scored, ranking)
    last = [score for _, score in scored[-DEGRADED_TICKS:]]
    return f"{_row(ranking, last)}; its best was {_short(best)}, at {when:g} kimg"


def _times_worse(looks: Sequence[Look], ranking: MetricSpec, ticks: int) -> float:
    """By how many times the best is better than each of the last few scores; 0 if unknown."""
    scored = _scored(looks, ranking)
    scores = [score for _, score in scored]
    if len(scores) < ticks or min(scores) < 0 or (best := _best(scored, ranking)[1]) <= 0:
        return 0.0
    pairs = ((best, s) if ranking.higher_is_better else (s, best) for s in scores[-ticks:])
    return min(high / low if low else math.inf for high, low in pairs)


def _best(scored: Sequence[tuple[float, float]], judged: MetricSpec) -> tuple[float, float]:
    """(kimg, score) of the first tick that had the best score."""
    return (max if judged.higher_is_better else min)(scored, key=lambda pair: pair[1])


def _scored(looks: Sequence[Look], judged: MetricSpec) -> list[tuple[float, float]]:
    """(kimg, score) of the looks that have it: a tick without it says nothing either way."""
    return [(look.kimg, look.scores[judged.name]) for look in looks if judged.name in look.scores]


def _beyond(score: float, gauge: Gauge) -> bool:
    return score < gauge.floor if gauge.higher_is_better else score > gauge.floor


def _row(judged: MetricSpec, scores: Sequence[float]) -> str:
    """`diversity 0.02, 0.01, 0 at the last three ticks`."""
    values = ", ".join(map(_short, scores))
    return f"{judged.name} {values} at the last {WORDS[len(scores)]} ticks"


def _short(score: float) -> str:
    return f"{score:.0f}" if abs(score) >= 100 else f"{score:.3g}"
