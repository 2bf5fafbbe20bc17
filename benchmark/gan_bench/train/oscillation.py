"""Whether G and D chase each other in circles: swings of both their curves with one period."""

from __future__ import annotations

import numpy as np

from gan_bench.base.text import number
from gan_bench.train.curves import MIN_POINTS, Columns, distance, without_start
from gan_bench.train.finding import Finding
from gan_bench.train.hints import Rates

SHORTEST = 4  # rows of the curve: what is faster is averaged away within a row
LONGEST = 0.6  # of the rows without the start: the least that shows a period twice
AGAIN = 0.5  # correlation of a curve with itself one period later
NEARLY = 0.85  # of the highest correlation: the first peak that is so high is the period
SWAY = 0.2  # how far the distance between D's scores has to swing
TAIL = 0.15  # a swing is from this quantile to its opposite, so that spikes are none


def oscillating(columns: Columns, rates: Rates) -> Finding | None:
    """Swings of G's loss and of the distance between D's scores.

    Both, because the loss of a critic may drift up and down without harm: its logits have no
    zero. Real and fake images move together then, and their distance stays.
    """
    used = ("loss_d", "loss_g", "real_score", "fake_score")
    if min(len(columns[name]) for name in used) < MIN_POINTS:
        return None
    loss_g, apart = without_start(columns["loss_g"]), without_start(distance(columns))
    # against the larger loss, as either may be about 0
    losses = (columns["loss_g"], columns["loss_d"])
    size = max(abs(float(np.median(without_start(loss)))) for loss in losses)
    if _swing(loss_g) <= size or _swing(apart) <= SWAY:
        return None
    period = _period(loss_g)
    rows = min(len(loss_g), len(apart))
    if period is None or _repeats(_level(apart[-rows:]), period) < AGAIN:
        return None
    low, high = np.quantile(loss_g, (0.1, 0.9))
    every = _every(columns["kimg"], period)
    swings = f"the loss of G swings between {number(low, 3)} and {number(high, 3)}"
    return Finding("oscillating", f"oscillating: {swings}{every}", (rates.slower(),))


def _every(kimg: np.ndarray, period: int) -> str:
    if len(kimg) < 2:
        return ""
    per_row = float(kimg[-1] - kimg[0]) / (len(kimg) - 1)
    return f", about every {number(period * per_row, 2)} kimg"


def _swing(values: np.ndarray) -> float:
    low, high = np.quantile(_level(values), (TAIL, 1 - TAIL))
    return float(high - low)


def _level(values: np.ndarray) -> np.ndarray:
    """The values without their straight trend."""
    rows = np.arange(len(values))
    return np.asarray(values - np.polyval(np.polyfit(rows, values, 1), rows))


def _period(values: np.ndarray) -> int | None:
    """Rows after which the values repeat, None if they do not.

    The first lag, after the correlation was below 0, at which it is nearly as high as it gets:
    multiples of the period correlate as well.
    """
    level = _level(values)
    repeats = [_repeats(level, lag) for lag in range(1, int(LONGEST * len(values)) + 1)]
    half = next((lag for lag, value in enumerate(repeats, 1) if value < 0), len(repeats))
    later = {lag: v for lag, v in enumerate(repeats, 1) if lag > half and lag >= SHORTEST}
    highest = max(later.values(), default=0.0)
    if highest < AGAIN:
        return None
    close = [lag for lag, value in later.items() if value >= NEARLY * highest]
    first = [lag for k, lag in enumerate(close) if lag == close[0] + k]
    return max(first, key=lambda lag: later[lag])


def _repeats(values: np.ndarray, lag: int) -> float:
    """The correlation of the values with those `lag` rows later; 0 if they do not vary."""
    early, late = values[:-lag] - values[:-lag].mean(), values[lag:] - values[lag:].mean()
    size = float(np.linalg.norm(early) * np.linalg.norm(late))
    return float(early @ late) / size if size > 0 else 0.0
