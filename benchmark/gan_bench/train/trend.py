"""Where the scores of the ticks went: improving, past their best, settled, or nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gan_bench.base.numbers import LARGEST
from gan_bench.base.text import number
from gan_bench.contract.protocol import Gauge, MetricSpec
from gan_bench.train.finding import Course, Finding
from gan_bench.train.hints import ANOTHER_LOSS, Hint, Rates, until
from gan_bench.train.verdicts import Scored, scored

MIN_SCORES = 4  # fewer show no trend
GAIN = 0.05  # still improving: in healthy trainings scores jump by about this from tick to tick
UNSTEADY = 2 * GAIN  # not settled: the last third jumps by more than up and down once
WORSE = 0.20  # past its best: well beyond such a jump
MUCH = 0.5  # of the scale: a G that gained so much was taught by its D
LOST = 0.5  # losing variety: the share of its best that a gauge has left at the last two ticks


class Trend(NamedTuple):
    """Where the scores went, as costs: lower is better for every metric."""

    metric: MetricSpec
    images: int
    start: str  # which tick the first one is
    first: float
    before: float  # the best of the first two thirds
    best: float
    best_kimg: float
    last: float
    late: tuple[float, float]  # the best and the worst of the last third
    scale: float  # of a change: the best score or the range, whichever is larger

    def gain(self, start: float, end: float) -> float:
        """How much better the end is, as a share of the scale."""
        return (start - end) / self.scale if self.scale else 0.0

    @property
    def improving(self) -> bool:
        """Whether the end is better than all of the first two thirds."""
        return self.gain(self.before, self.last) > GAIN

    @property
    def gained_much(self) -> bool:
        """Whether the end is far better than the first tick."""
        return self.gain(self.first, self.last) >= MUCH

    def score(self, cost: float) -> str:
        """A cost as the score that its metric gave."""
        return number(self.metric.cost(cost), 3)

    @property
    def n(self) -> str:
        """How many images every score is about."""
        return f"({self.images:,} images)"


def trend_of(course: Course) -> Trend | None:
    """None if there are too few scores to tell."""
    metric = course.metric
    known = sorted((kimg, metric.cost(score)) for kimg, score in _usable(course, metric))
    early = [cost for kimg, cost in known if kimg <= known[-1][0] * 2 / 3]
    late = [cost for _, cost in known[len(early) :]]
    if len(known) < MIN_SCORES or not early or not late:
        return None
    costs = [cost for _, cost in known]
    best, best_kimg = min((cost, kimg) for kimg, cost in known)
    scale = max(abs(best), max(costs) - best)
    return Trend(
        metric=metric,
        images=course.images,
        start="the first tick that counts" if course.young else "first",
        first=costs[0],
        before=min(early),
        best=best,
        best_kimg=best_kimg,
        last=costs[-1],
        late=(min(late), max(late)),
        scale=scale,
    )


def _usable(course: Course, metric: MetricSpec) -> list[Scored]:
    """The usable scores by the metric, in the order of their kimg."""
    ticks = sorted(scored(course.looks, metric))
    return [tick for tick in ticks if abs(tick.kimg) < LARGEST and abs(tick.score) < LARGEST]


def progress(trend: Trend, rates: Rates) -> Finding | None:
    """Still improving, past its best, or never better than at the start; None otherwise."""
    name, last = trend.metric.name, trend.score(trend.last)
    if trend.improving:
        rose = "rose" if trend.metric.higher_is_better else "fell"
        change = f"{name} {rose} from {trend.score(trend.before)} to {last} {trend.n}"
        longer = Hint({"kimg": 2 * rates.schedule.kimg})  # what works is not to be changed
        return Finding("improving", f"still improving: {change}", (longer,))
    got_better = trend.gain(trend.first, trend.best) > GAIN
    if got_better and trend.gain(trend.last, trend.best) > WORSE:
        best = f"{trend.score(trend.best)} at {number(trend.best_kimg, 3)} kimg"
        what = f"past its best: {name} was {best} and ended at {last} {trend.n}"
        return Finding("past its best", what, (until(trend.best_kimg), rates.slower()))
    if trend.gain(trend.first, trend.last) <= GAIN:
        first = trend.score(trend.first)
        what = f"no gain seen: {name} was {first} at {trend.start} and {last} at the end {trend.n}"
        return Finding("no gain", what, (rates.longer(), ANOTHER_LOSS))
    return None


def standing(trend: Trend) -> Finding:
    """Where scores ended that neither rose nor fell much at the end."""
    name, last = trend.metric.name, trend.score(trend.last)
    if abs(trend.gain(trend.before, trend.last)) > GAIN:
        best = f"{trend.score(trend.best)} at {number(trend.best_kimg, 3)} kimg"
        what = f"a little off its best: {name} ended at {last} after a best of {best} {trend.n}"
        return Finding("usual", what)
    before = f"its best before the last third was {trend.score(trend.before)} {trend.n}"
    better, worse = trend.late
    if trend.gain(worse, better) > UNSTEADY:
        between = f"{trend.score(better)} and {trend.score(worse)}"
        what = f"no trend seen: {name} ended at {last}, {before}, and since then it was between"
        return Finding("usual", f"{what} {between}")
    near = abs(trend.before - trend.last) <= UNSTEADY * max(abs(trend.before), abs(trend.last))
    # near 0, or after a very bad start, what changed little may be a large share of the score
    why = "more kimg would change little" if near else _little(trend)
    return Finding("settled", f"settled: {name} ended at {last}, {before}: {why}")


def _little(trend: Trend) -> str:
    return f"a small part of the way from {trend.score(trend.best + trend.scale)}"


def losing_variety(course: Course) -> Finding | None:
    """A gauge that lost half of its best at the last two ticks: G drops modes."""
    for gauge in course.gauges:
        ticks = _usable(course, gauge)
        if len(ticks) >= MIN_SCORES and _halved(gauge, ticks):
            kimg, best = gauge.best(ticks)
            was = f"{gauge.name} was {number(best, 3)} at {number(kimg, 3)} kimg"
            ended = f"ended at {number(ticks[-1].score, 3)} ({course.images:,} images)"
            options = (course.rates.slower(), ANOTHER_LOSS)
            return Finding("losing variety", f"losing variety: {was} and {ended}", options)
    return None


def _halved(gauge: Gauge, ticks: Sequence[Scored]) -> bool:
    """Whether half of a good best is gone; of a gauge of which less is better: it doubled."""
    costs = [gauge.cost(tick.score) for tick in ticks]
    best = min(costs)
    limit = LOST * abs(best) if gauge.higher_is_better else abs(best)
    good = not gauge.beyond(gauge.cost(best))
    return good and limit > 0 and all(cost - best >= limit for cost in costs[-2:])
