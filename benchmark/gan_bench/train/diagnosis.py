"""What a training curve tells, in one sentence. Pure functions, no torch.

No loss is known by name. s(D(x)) and s(D(G(z))) are read for their order and distance, gradients
and losses against the run's own, scores against the run's own: so a rule means the same for every
loss. The thresholds come from real trainings; docs/diagnosis.md has the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

COLUMNS = ("loss_d", "loss_g", "real_score", "fake_score", "grad_d", "grad_g")
MIN_POINTS = 50  # fewer updates than that are the start of a training, whatever follows
MIN_SCORES = 4  # fewer show no trend
APART = 0.95  # D too strong: s(D(x)) - s(D(G(z))); of 30 healthy trainings the most was 0.86
AHEAD = 0.5  # ... or this if D's gradient has faded too: hinge, smoothed labels stay below APART
TOGETHER = 0.02  # D too weak: the least of the 30 was 0.22, with least squares or R1 0.03 to 0.08
EDGE = 0.05  # beyond it a sigmoid is too flat to show a distance between logits
FADED = 0.05  # a gradient below this share of its largest: the 30 kept 0.33 of G's, 0.16 of D's
SWINGS = 4  # oscillating: two rises and two falls, the least that shows a period
SWAY = 0.2  # ... while the distance between D's scores swings by this much
GAIN = 0.05  # still improving: in healthy trainings scores jump by about this from tick to tick
WORSE = 0.20  # past its best: well beyond such a jump
SLOWER_D = "try a slower D or more data"
LIMIT = 170  # characters of a sentence
NAME_LIMIT = 40
OVERFLOW = 1e100  # sums of larger values overflow: as good as infinite
Row = Mapping[str, float | None]
Columns = Mapping[str, np.ndarray]


class Finding(NamedTuple):
    """What was seen, with its number, and what to do."""

    what: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.what}; {self.advice}" if self.advice else self.what


class ScoreTrend(NamedTuple):
    """Where the scores went. Lower is better: scores of the other kind have their sign turned."""

    sign: float
    first: float
    before: float  # the best of the first two thirds
    best: float
    best_kimg: float
    last: float
    scale: float  # what a change is measured against: the best score or the range, the larger

    def fall(self, start: float, end: float) -> float:
        """How much better the end is, as a share of the scale."""
        return (start - end) / self.scale if self.scale else 0.0

    @property
    def improving(self) -> bool:
        """Whether the end is better than all of the first two thirds."""
        return self.fall(self.before, self.last) > GAIN

    def shown(self, value: float) -> str:
        """A score as its metric gave it."""
        return _number(self.sign * value)


def diagnose(
    curve: Sequence[Row],
    scores: Sequence[tuple[float, float]],
    higher_is_better: bool,
    metric: str,
) -> str:
    """One line: the most telling finding about a training, its number, and what to do.

    curve is its Points in order, values may be missing or not finite; scores are (kimg, score) of
    the ticks by the ranking metric. Two findings at most, the graver first.
    """
    columns = {name: _finite([row.get(name) for row in curve]) for name in COLUMNS}
    longest = max(map(len, columns.values()))
    name = _clean(metric)
    course = _trend(scores, higher_is_better)
    ended = _broken_off(curve)
    if longest < MIN_POINTS:
        return str(ended or _too_short(longest))
    swings = _oscillating(columns, _kimg_per_row(curve))
    found = [ended, _balance(columns, course, swings), swings, _progress(course, name)]
    return _sentence([finding for finding in found if finding] or [_usual(columns, course, name)])


def _too_short(points: int) -> Finding:
    what = f"too short to tell: {points} points of a curve where {MIN_POINTS} are needed"
    return Finding(what, "train longer")


def _sentence(found: Sequence[Finding]) -> str:
    """The first finding, and the second as far as the line has room for it."""
    first = str(found[0])
    longer = [f"{first}; also {text}" for also in found[1:2] for text in (str(also), also.what)]
    return next((line for line in longer if len(line) <= LIMIT), first)


def _broken_off(curve: Sequence[Row]) -> Finding | None:
    """A last row with a value that is not finite, in a column that had finite ones."""
    if not curve:
        return None
    lost = [
        name
        for name in COLUMNS
        if not len(_finite([curve[-1].get(name)])) and len(_finite([r.get(name) for r in curve]))
    ]
    if not lost:
        return None
    where = _finite([curve[-1].get("kimg")])
    at = f" at {_number(where[0])} kimg" if len(where) else ""
    return Finding(f"diverged: {lost[0]} was no longer finite{at}", "try lower learning rates")


# The balance of D and G
def _balance(columns: Columns, course: ScoreTrend | None, swings: Finding | None) -> Finding | None:
    """D against G: saturated, D too strong, D too weak, or none of them."""
    levels = _levels(columns)
    if levels is None:
        return None
    if levels[0] - levels[1] >= TOGETHER:
        return _saturated(columns, *levels) or _strong(columns, *levels)
    # means over a swing say nothing, and a D that makes G better is strong enough
    improving = course is not None and course.improving
    return None if swings or improving else _weak(*levels)


def _levels(columns: Columns) -> tuple[float, float] | None:
    """s(D(x)) and s(D(G(z))), means of the last third; None if too few are known."""
    real, fake = columns["real_score"], columns["fake_score"]
    known = min(len(real), len(fake)) >= MIN_POINTS
    return (_mean(_last_third(real)), _mean(_last_third(fake))) if known else None


def _given(real: float, fake: float) -> str:
    return f"real images {real:.2f}, fakes {fake:.2f}"


def _saturated(columns: Columns, real: float, fake: float) -> Finding | None:
    kept = _kept(columns["grad_g"])
    if kept > FADED:
        return None
    faded = f"saturated: G's gradient fell to {_percent(kept)} of its largest"
    return Finding(f"{faded} while D gave {_given(real, fake)}", "try another loss or a slower D")


def _strong(columns: Columns, real: float, fake: float) -> Finding | None:
    kept, loss_d = _kept(columns["grad_d"]), _last_third(columns["loss_d"])
    # a loss of D below 0 has no floor at which D has won: being apart is what a critic is for
    if len(loss_d) and _mean(loss_d) < 0:
        return None
    what = f"D is too strong: it gave {_given(real, fake)} at the end"
    if real - fake >= APART:
        return Finding(what, SLOWER_D)
    if real - fake >= AHEAD and kept <= FADED:
        return Finding(f"{what} and its gradient fell to {_percent(kept)}", SLOWER_D)
    return None


def _weak(real: float, fake: float) -> Finding | None:
    if abs(real + fake - 1) > 1 - 2 * EDGE:
        return None
    what = f"D is too weak: it gave {_given(real, fake)} at the end"
    return Finding(what, "try a larger D or a higher learning rate for it")


def _kept(gradients: np.ndarray) -> float:
    """The median of the last third as a share of the largest; 1 if too few are known.

    The largest of medians of three rows: one wild batch is no measure.
    """
    if len(gradients) < MIN_POINTS:
        return 1.0
    largest = float(_smooth(gradients, 3).max())
    return float(np.median(_last_third(gradients))) / largest if largest > 0 else 1.0


# Oscillation
def _oscillating(columns: Columns, per_row: float | None) -> Finding | None:
    """Swings over the last half, of G's loss and of the distance between D's scores.

    A critic's logits have no zero, so its loss of G may drift to and fro without harm: real and
    fake images move together then, and their distance stays.
    """
    if min(len(columns[name]) for name in COLUMNS[:4]) < MIN_POINTS:
        return None
    loss_g = _last_half(columns["loss_g"])
    turns = _turns(loss_g, _size(columns))
    real, fake = _last_half(columns["real_score"]), _last_half(columns["fake_score"])
    rows = min(len(real), len(fake))
    if min(len(turns), len(_turns(real[-rows:] - fake[-rows:], SWAY))) < SWINGS:
        return None
    low, high = sorted(float(np.median(loss_g[turns[start::2]])) for start in (0, 1))
    period = 2 * (turns[-1] - turns[0]) / (len(turns) - 1)  # rows from peak to peak
    every = f", about every {_number(period * per_row)} kimg" if per_row else ""
    what = f"oscillating: the loss of G swings between {_number(low)} and {_number(high)}{every}"
    return Finding(what, "try lower learning rates")


def _last_half(values: np.ndarray) -> np.ndarray:
    """The last half without noise and single spikes: medians of five rows."""
    return _smooth(values, 5)[len(values) // 2 :]


def _size(columns: Columns) -> float:
    """What a swing of G's loss is measured against: the larger loss, as either may be about 0."""
    losses = (columns["loss_g"], columns["loss_d"])
    return max(abs(float(np.median(loss[len(loss) // 2 :]))) for loss in losses)


def _turns(values: np.ndarray, least: float) -> list[int]:
    """Rows of the turning points that lie more than `least` apart, peaks and troughs in turn."""
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
def _trend(scores: Sequence[tuple[float, float]], higher_is_better: bool) -> ScoreTrend | None:
    """None if there are too few scores to tell."""
    sign = -1.0 if higher_is_better else 1.0
    known = sorted((float(k), sign * float(s)) for k, s in scores if _is_finite(k, s))
    early = [score for kimg, score in known if kimg <= known[-1][0] * 2 / 3]
    if len(known) < MIN_SCORES or not early:
        return None
    values = [score for _, score in known]
    best, best_kimg = min((score, kimg) for kimg, score in known)
    scale = max(abs(best), max(values) - best)
    return ScoreTrend(sign, values[0], min(early), best, best_kimg, values[-1], scale)


def _progress(course: ScoreTrend | None, metric: str) -> Finding | None:
    if course is None:
        return None
    last = course.shown(course.last)
    if course.improving:
        way, before = ("fell" if course.sign > 0 else "rose"), course.shown(course.before)
        return Finding(f"still improving: {metric} {way} from {before} to {last}", "train longer")
    got_better = course.fall(course.first, course.best)
    if got_better > GAIN and -course.fall(course.best, course.last) > WORSE:
        what = f"past its best: {metric} was {_best(course)} and ended at {last}"
        return Finding(what, "stop earlier or try lower learning rates")
    if course.fall(course.first, course.last) <= GAIN:
        first = course.shown(course.first)
        what = f"no gain seen: {metric} was {first} at the first tick and {last} at the end"
        return Finding(what, "look at its samples")
    return None


def _best(course: ScoreTrend) -> str:
    return f"{course.shown(course.best)} at {_number(course.best_kimg)} kimg"


def _usual(columns: Columns, course: ScoreTrend | None, metric: str) -> Finding:
    """What is said when no rule fires: where the scores stand or, without any, D's."""
    if course is None:
        return Finding(f"nothing unusual{_standing(columns)}")
    last = course.shown(course.last)
    if abs(course.fall(course.before, course.last)) > GAIN:
        return Finding(f"nothing unusual: {metric} ended at {last} after a best of {_best(course)}")
    before = course.shown(course.before)
    what = f"settled: {metric} ended at {last}, its best before the last third was {before}"
    return Finding(what, "longer training would change little")


def _standing(columns: Columns) -> str:
    levels = _levels(columns)
    return f": at the end D gave {_given(*levels)}" if levels else ""


# Numbers and words
def _is_finite(*values: float | None) -> bool:
    return all(v is not None and abs(v) < OVERFLOW for v in values)  # no NaN is below anything


def _finite(values: Sequence[float | None]) -> np.ndarray:
    """The values that are numbers, (n,) float64."""
    return np.array([v for v in values if _is_finite(v)], dtype=np.float64)


def _kimg_per_row(curve: Sequence[Row]) -> float | None:
    kimg = _finite([row.get("kimg") for row in curve])
    return float(kimg[-1] - kimg[0]) / (len(kimg) - 1) if len(kimg) > 1 else None


def _last_third(values: np.ndarray) -> np.ndarray:
    """The last third."""
    return values[len(values) * 2 // 3 :]


def _mean(values: np.ndarray) -> float:
    return float(values.mean())


def _smooth(values: np.ndarray, rows: int) -> np.ndarray:
    """Running median of an odd number of rows; the ends are repeated."""
    padded = np.pad(values, rows // 2, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, rows), axis=1))


def _number(value: float) -> str:
    """Three digits, all of those before the point: 0.0123, 45.6, 1,001."""
    large = 999.5 <= abs(value) < 1e9
    return f"{value:,.0f}" if large else f"{value + 0.0:.3g}"  # + 0.0: no minus before a zero


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _clean(name: str) -> str:
    """A metric's name, fit for one line: third parties choose it."""
    words = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return words[:NAME_LIMIT] or "the score"
