"""What a training curve shows, in one sentence. Pure functions, no torch.

No rule knows a loss by its name. sigmoid(D(x)) and sigmoid(D(G(z))) are compared with each other,
gradients and losses with those of the same run, scores with those of the same run; so a rule means
the same for every loss. The thresholds come from real trainings: docs/verdicts.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gan_bench.base.numbers import CURVE_COLUMNS, LARGEST, column
from gan_bench.base.text import number, percent
from gan_bench.contract.protocol import MetricSpec

MIN_POINTS = 50  # fewer updates are only the start of a training
MIN_SCORES = 4  # fewer show no trend
APART = 0.95  # D too strong: s(D(x)) - s(D(G(z))); of 30 healthy trainings the most was 0.86
AHEAD = 0.5  # ... or this if D's gradient has faded too: hinge, smoothed labels stay below APART
TOGETHER = 0.02  # D too weak: the least of the 30 was 0.22, with least squares or R1 0.03 to 0.08
EDGE = 0.05  # closer to 0 or 1 a sigmoid is too flat to show a distance between logits
FADED = 0.05  # a gradient below this share of its largest: the 30 kept 0.33 of G's, 0.16 of D's
SWINGS = 4  # oscillating: two rises and two falls, the least that shows a period
SWAY = 0.2  # ... while the distance between D's scores swings by this much
GAIN = 0.05  # still improving: in healthy trainings scores jump by about this from tick to tick
WORSE = 0.20  # past its best: well beyond such a jump
SLOWER_D = "try a slower D or more data"
LIMIT = 170  # characters of a line with two findings
Rows = Sequence[dict[str, Any]]
Columns = Mapping[str, np.ndarray]  # CURVE_COLUMNS: (n,) float64, all finite


class Finding(NamedTuple):
    """What was seen, with its numbers, and what to do."""

    what: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.what}; {self.advice}" if self.advice else self.what


class Trend(NamedTuple):
    """Where the scores of the ticks went, as costs: lower is better for every metric."""

    metric: MetricSpec
    first: float
    before: float  # the best of the first two thirds
    best: float
    best_kimg: float
    last: float
    scale: float  # of a change: the best score or the range, whichever is larger

    def gain(self, start: float, end: float) -> float:
        """How much better the end is, as a share of the scale."""
        return (start - end) / self.scale if self.scale else 0.0

    @property
    def improving(self) -> bool:
        """Whether the end is better than all of the first two thirds."""
        return self.gain(self.before, self.last) > GAIN

    def score(self, cost: float) -> str:
        """A cost as the score that its metric gave."""
        return number(self.metric.cost(cost), 3)

    def best_score(self) -> str:
        """The best score and when it was."""
        return f"{self.score(self.best)} at {number(self.best_kimg, 3)} kimg"


def diagnose(curve: Rows, ticks: Sequence[tuple[float, float]], metric: MetricSpec) -> str:
    """One line: the gravest finding about a training with its numbers, and what to do.

    curve: the Points in order; values may be missing or not finite. ticks: (kimg, score) by the
    metric. A second finding follows if the line has room for it.
    """
    columns = {name: _finite(curve, name) for name in CURVE_COLUMNS}
    longest = max(map(len, columns.values()))
    ended = _broken_off(curve)
    if longest < MIN_POINTS:
        return str(ended or _too_short(longest))
    trend = _trend(ticks, metric)
    swings = _oscillating(columns, _kimg_per_row(curve))
    seen = [ended, _balance(columns, trend, swings), swings, trend and _progress(trend)]
    findings = [finding for finding in seen if finding] or [_usual(columns, trend)]
    first = str(findings[0])
    longer = [f"{first}; also {text}" for also in findings[1:2] for text in (str(also), also.what)]
    return next((line for line in longer if len(line) <= LIMIT), first)


def _too_short(points: int) -> Finding:
    what = f"too short to tell: {points} points of a curve where {MIN_POINTS} are needed"
    return Finding(what, "train longer")


def _broken_off(curve: Rows) -> Finding | None:
    """A last row with a value that is not finite, in a column that had finite ones."""
    last = curve[-1:]
    lost = [
        name
        for name in CURVE_COLUMNS
        if last and not len(_finite(last, name)) and len(_finite(curve, name))
    ]
    if not lost:
        return None
    kimg = _finite(last, "kimg")
    when = f" at {number(kimg[0], 3)} kimg" if len(kimg) else ""
    return Finding(f"diverged: {lost[0]} was no longer finite{when}", "try lower learning rates")


# The balance of D and G
def _balance(columns: Columns, trend: Trend | None, swings: Finding | None) -> Finding | None:
    """D against G: saturated, D too strong, D too weak, or none of them."""
    levels = _levels(columns)
    if levels is None:
        return None
    if levels[0] - levels[1] >= TOGETHER:
        return _saturated(columns, *levels) or _strong(columns, *levels)
    # a mean over swings says nothing, and a D that still makes G better is strong enough
    improving = trend is not None and trend.improving
    return None if swings or improving else _weak(*levels)


def _levels(columns: Columns) -> tuple[float, float] | None:
    """s(D(x)) and s(D(G(z))), means of the last third; None if too few are known."""
    real, fake = columns["real_score"], columns["fake_score"]
    if min(len(real), len(fake)) < MIN_POINTS:
        return None
    return float(_last_third(real).mean()), float(_last_third(fake).mean())


def _levels_text(real: float, fake: float) -> str:
    return f"real images {real:.2f}, fakes {fake:.2f}"


def _saturated(columns: Columns, real: float, fake: float) -> Finding | None:
    kept = _kept(columns["grad_g"])
    if kept > FADED:
        return None
    faded = f"saturated: G's gradient fell to {percent(kept)} of its largest"
    what = f"{faded} while D gave {_levels_text(real, fake)}"
    return Finding(what, "try another loss or a slower D")


def _strong(columns: Columns, real: float, fake: float) -> Finding | None:
    kept, loss_d = _kept(columns["grad_d"]), _last_third(columns["loss_d"])
    # a loss of D below 0 has no floor that D could reach: a critic is meant to keep them apart
    if len(loss_d) and loss_d.mean() < 0:
        return None
    what = f"D is too strong: it gave {_levels_text(real, fake)} at the end"
    if real - fake >= APART:
        return Finding(what, SLOWER_D)
    if real - fake >= AHEAD and kept <= FADED:
        return Finding(f"{what} and its gradient fell to {percent(kept)}", SLOWER_D)
    return None


def _weak(real: float, fake: float) -> Finding | None:
    if abs(real + fake - 1) > 1 - 2 * EDGE:
        return None
    what = f"D is too weak: it gave {_levels_text(real, fake)} at the end"
    return Finding(what, "try a larger D or a higher learning rate for it")


def _kept(gradients: np.ndarray) -> float:
    """The median of the last third as a share of the largest; 1 if too few are known.

    The largest median of three rows, so that one extreme batch does not set the scale.
    """
    if len(gradients) < MIN_POINTS:
        return 1.0
    largest = float(_smooth(gradients, 3).max())
    return float(np.median(_last_third(gradients))) / largest if largest > 0 else 1.0


# Oscillation
def _oscillating(columns: Columns, kimg_per_row: float | None) -> Finding | None:
    """Swings over the last half, of G's loss and of the distance between D's scores.

    Both, because the loss of a critic may drift up and down without harm: its logits have no
    zero. Real and fake images move together then, and their distance stays.
    """
    used = ("loss_d", "loss_g", "real_score", "fake_score")
    if min(len(columns[name]) for name in used) < MIN_POINTS:
        return None
    loss_g = _last_half(columns["loss_g"])
    real, fake = _last_half(columns["real_score"]), _last_half(columns["fake_score"])
    rows = min(len(real), len(fake))
    # measured against the larger loss, as either may be about 0
    losses = (columns["loss_g"], columns["loss_d"])
    size = max(abs(float(np.median(loss[len(loss) // 2 :]))) for loss in losses)
    turns = _turns(loss_g, size)
    if min(len(turns), len(_turns(real[-rows:] - fake[-rows:], SWAY))) < SWINGS:
        return None
    low, high = sorted(float(np.median(loss_g[turns[start::2]])) for start in (0, 1))
    period = 2 * (turns[-1] - turns[0]) / (len(turns) - 1)  # rows from peak to peak
    every = f", about every {number(period * kimg_per_row, 3)} kimg" if kimg_per_row else ""
    what = f"oscillating: the loss of G swings between {number(low, 3)} and {number(high, 3)}"
    return Finding(f"{what}{every}", "try lower learning rates")


def _last_half(values: np.ndarray) -> np.ndarray:
    """The last half without noise and single spikes: medians of five rows."""
    return _smooth(values, 5)[len(values) // 2 :]


def _turns(values: np.ndarray, least: float) -> list[int]:
    """Rows of the turning points that lie more than `least` apart: peaks and troughs in turn."""
    turns: list[int] = []
    low = high = 0
    rising: bool | None = None  # unknown until the first swing
    for row, value in enumerate(values):
        low, high = (row if value < values[low] else low), (row if value > values[high] else high)
        if rising is not False and values[high] - value > least:
            turns, rising, low = [*turns, high], False, row
        elif rising is not True and value - values[low] > least:
            turns, rising, high = [*turns, low], True, row
    return turns


# The scores
def _trend(ticks: Sequence[tuple[float, float | None]], metric: MetricSpec) -> Trend | None:
    """None if there are too few scores to tell."""
    known = sorted(
        (float(kimg), metric.cost(float(score)))
        for kimg, score in ticks
        if score is not None and abs(kimg) < LARGEST and abs(score) < LARGEST
    )
    early = [cost for kimg, cost in known if kimg <= known[-1][0] * 2 / 3]
    if len(known) < MIN_SCORES or not early:
        return None
    costs = [cost for _, cost in known]
    best, best_kimg = min((cost, kimg) for kimg, cost in known)
    scale = max(abs(best), max(costs) - best)
    return Trend(metric, costs[0], min(early), best, best_kimg, costs[-1], scale)


def _progress(trend: Trend) -> Finding | None:
    """Still improving, past its best, or never better than at the start; None otherwise."""
    name, last = trend.metric.name, trend.score(trend.last)
    if trend.improving:
        rose = "rose" if trend.metric.higher_is_better else "fell"
        what = f"still improving: {name} {rose} from {trend.score(trend.before)} to {last}"
        return Finding(what, "train longer")
    got_better = trend.gain(trend.first, trend.best) > GAIN
    if got_better and trend.gain(trend.last, trend.best) > WORSE:
        what = f"past its best: {name} was {trend.best_score()} and ended at {last}"
        return Finding(what, "stop earlier or try lower learning rates")
    if trend.gain(trend.first, trend.last) <= GAIN:
        first = trend.score(trend.first)
        what = f"no gain seen: {name} was {first} at the first tick and {last} at the end"
        return Finding(what, "look at its samples")
    return None


def _usual(columns: Columns, trend: Trend | None) -> Finding:
    """If no rule fires: where the scores ended or, without scores, what D gave."""
    if trend is None:
        levels = _levels(columns)
        standing = f": at the end D gave {_levels_text(*levels)}" if levels else ""
        return Finding(f"nothing unusual{standing}")
    name, last = trend.metric.name, trend.score(trend.last)
    if abs(trend.gain(trend.before, trend.last)) > GAIN:
        best = trend.best_score()
        return Finding(f"nothing unusual: {name} ended at {last} after a best of {best}")
    before = trend.score(trend.before)
    what = f"settled: {name} ended at {last}, its best before the last third was {before}"
    return Finding(what, "longer training would change little")


# Columns
def _finite(curve: Rows, name: str) -> np.ndarray:
    """The values of a column that are usable numbers, (n,) float64."""
    values = column(curve, name)
    return np.asarray(values[np.isfinite(values)])


def _kimg_per_row(curve: Rows) -> float | None:
    kimg = _finite(curve, "kimg")
    return float(kimg[-1] - kimg[0]) / (len(kimg) - 1) if len(kimg) > 1 else None


def _last_third(values: np.ndarray) -> np.ndarray:
    return values[len(values) * 2 // 3 :]


def _smooth(values: np.ndarray, rows: int) -> np.ndarray:
    """Running median of an odd number of rows; the ends are repeated."""
    padded = np.pad(values, rows // 2, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, rows), axis=1))
