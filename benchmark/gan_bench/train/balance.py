"""D against G: saturated, D too strong, D too weak, or none of them.

No rule knows a loss by its name. sigmoid(D(x)) and sigmoid(D(G(z))) are compared with each other,
gradients and losses with those of the same run; so a rule means the same for every loss. The
thresholds come from real trainings: docs/verdicts.md.
"""

from __future__ import annotations

import numpy as np

from gan_bench.base.text import percent
from gan_bench.train.curves import MIN_POINTS, Columns, distance, last_third, smooth
from gan_bench.train.finding import Finding
from gan_bench.train.hints import ANOTHER_LOSS, Rates
from gan_bench.train.trend import Trend

APART = 0.95  # D too strong: s(D(x)) - s(D(G(z))); of 30 healthy trainings the most was 0.86
AHEAD = 0.5  # ... or this if D's gradient has faded too: margins, smoothed labels stay below APART
TOGETHER = 0.02  # D too weak: the least of the 30 was 0.22, with least squares or R1 0.03 to 0.08
TOLD_APART = 0.2  # a D that once did so taught G something: it ends at 0.5 if G is perfect
EDGE = 0.05  # closer to 0 or 1 a sigmoid is too flat to show a distance between logits
WHEN = "over the last third"  # of the curve, not in its last row
FADED = 0.05  # a gradient below this share of its largest: the 30 kept 0.33 of G's, 0.16 of D's


def balance(columns: Columns, trend: Trend | None, swings: bool, rates: Rates) -> Finding | None:
    """D against G at the end of the curve; `swings`: whether it oscillates."""
    levels = levels_of(columns)
    if levels is None:
        return None
    if levels[0] - levels[1] < TOGETHER:
        # a mean over swings says nothing
        return None if swings else _weak(columns, trend, levels, rates)
    return _saturated(columns, trend, levels, rates) or _strong(columns, levels, rates)


def levels_of(columns: Columns) -> tuple[float, float] | None:
    """s(D(x)) and s(D(G(z))), means of the last third; None if too few are known."""
    real, fake = columns["real_score"], columns["fake_score"]
    if min(len(real), len(fake)) < MIN_POINTS:
        return None
    return float(last_third(real).mean()), float(last_third(fake).mean())


def at_edge(levels: tuple[float, float]) -> bool:
    """Whether both are so near 0, or so near 1, that the sigmoid hides what D tells apart."""
    return abs(sum(levels) - 1) > 1 - 2 * EDGE


def levels_text(levels: tuple[float, float]) -> str:
    """`sigmoid(D) averaged 0.62 on real images and 0.38 on fakes over the last third`.

    A sigmoid and no probability: what D's numbers mean is the matter of its loss.
    """
    real, fake = levels
    return f"sigmoid(D) averaged {real:.2f} on real images and {fake:.2f} on fakes {WHEN}"


def _saturated(
    columns: Columns, trend: Trend | None, levels: tuple[float, float], rates: Rates
) -> Finding | None:
    """G's gradient has faded, and not because G is done."""
    kept = _kept(columns["grad_g"])
    done = trend is not None and trend.gained_much and levels[0] - levels[1] < AHEAD
    if kept > FADED or done or (trend is not None and trend.improving):
        return None
    faded = f"saturated: G's gradient fell to {percent(kept)} of its largest"
    what = f"{faded} while {levels_text(levels)}"
    return Finding("saturated", what, (rates.slower_d(), ANOTHER_LOSS))


def _strong(columns: Columns, levels: tuple[float, float], rates: Rates) -> Finding | None:
    loss_d, kept = last_third(columns["loss_d"]), _kept(columns["grad_d"])
    # a loss of D below 0 has no floor that D could reach: a critic is meant to keep them apart
    if len(loss_d) and loss_d.mean() < 0:
        return None
    apart = levels[0] - levels[1]
    what = f"D is too strong: {levels_text(levels)}"
    if APART > apart >= AHEAD and kept <= FADED:
        what += f" and its gradient fell to {percent(kept)}"
    elif apart < APART:
        return None
    return Finding("D too strong", what, (rates.slower_d(),))


def _weak(
    columns: Columns, trend: Trend | None, levels: tuple[float, float], rates: Rates
) -> Finding | None:
    """D cannot tell real images from fakes, and not because they are alike.

    Without scores this is not known. A D that still makes G better is strong enough.
    """
    if at_edge(levels) or trend is None or trend.improving:
        return None
    fooled = levels[1] - levels[0] >= TOGETHER or _kept(columns["grad_g"]) <= FADED
    told_apart = smooth(distance(columns), 5).max() >= TOLD_APART
    if not fooled and (told_apart or trend.gained_much):
        return None
    what = f"D is too weak: {levels_text(levels)}"
    return Finding("D too weak", what, rates.faster_d())


def _kept(gradients: np.ndarray) -> float:
    """The median of the last third as a share of the largest; 1 if too few are known.

    The largest median of three rows, so that one extreme batch does not set the scale.
    """
    if len(gradients) < MIN_POINTS:
        return 1.0
    largest = float(smooth(gradients, 3).max())
    return float(np.median(last_third(gradients))) / largest if largest > 0 else 1.0
