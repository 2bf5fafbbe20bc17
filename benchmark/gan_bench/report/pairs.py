"""The leader of a table against each other row, seed by seed. Pure functions.

One seed means the same order of real images and the same z for every row, so the scores of two
rows can be correlated over seeds. These numbers describe a table after it was seen. The letters,
whose tests were chosen before, do not pair seeds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.rows import Row, ranked
from gan_bench.report.statistics import ALPHA, MIN_SEEDS, interval


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Paired:
    """The leader and one other row, over the seeds that have ended in both."""

    leader: Row
    other: Row
    seeds: int
    correlation: float | None  # of the scores; None if one row does not vary, or under three seeds
    difference: Interval | None  # mean of other - leader, in the metric's unit; None under 4 scores
    leader_better: Interval  # the share of seeds: P(leader better)


def against_leader(rows: Sequence[Row], metric: MetricSpec) -> list[Paired]:
    """The first row by this metric with each other one, in their order.

    A pair of fewer than four common seeds is left out.
    """
    order = ranked(rows, metric)
    if not order or not order[0].values(metric.name):
        return []
    pairs = (_paired(order[0], other, metric) for other in order[1:])
    return [pair for pair in pairs if pair is not None]


def _paired(leader: Row, other: Row, metric: MetricSpec) -> Paired | None:
    ours, theirs = leader.cost_by_seed(metric), other.cost_by_seed(metric)
    costs = [(ours[seed], theirs[seed]) for seed in ours if seed in theirs]
    if len(costs) < MIN_SEEDS:
        return None
    scored = [(a, b) for a, b in costs if math.isfinite(a) and math.isfinite(b)]
    differences = [metric.cost(b - a) for a, b in scored]
    return Paired(
        leader,
        other,
        seeds=len(costs),
        correlation=_correlation(scored),
        difference=mean_difference(differences),
        leader_better=share_better(costs),
    )


def _correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Pearson's correlation."""
    if len(pairs) < 3:
        return None
    a, b = np.subtract(pairs, pairs[0]).T
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def mean_difference(differences: Sequence[float]) -> Interval | None:
    """The mean with its t interval, which is that of the paired t test."""
    ends = interval(differences)
    return Interval(fmean(differences), *ends) if ends else None


def share_better(costs: Sequence[tuple[float, float]]) -> Interval:
    """P(first < second) from pairs of costs; half of the ties counts as better.

    P(A > B) is what Bouthillier et al. (2021, arXiv 2103.03098) compare benchmarks
    with. They take a percentile bootstrap, which for 6 wins of 6 gives 1 to 1. This is the exact
    interval of Clopper & Pearson (1934), 0.54 to 1: its low end counts ties as lost, its high end
    as won. A seed without a score, of infinite cost, loses against any other.
    """
    wins = sum(a < b for a, b in costs)
    ties = sum(a == b for a, b in costs)
    n = len(costs)
    low, _ = clopper_pearson(wins, n)
    _, high = clopper_pearson(wins + ties, n)
    return Interval((wins + ties / 2) / n, low, high)


def clopper_pearson(successes: int, n: int) -> tuple[float, float]:
    """The exact 95 % interval of a probability, from the number of successes of n trials."""
    from scipy.special import betaincinv

    k, tail = successes, ALPHA / 2
    low = float(betaincinv(k, n - k + 1, tail)) if k else 0.0
    high = float(betaincinv(k + 1, n - k, 1 - tail)) if k < n else 1.0
    return low, high


def clopper_pearson_of_groups(groups: Sequence[Sequence[bool]]) -> tuple[float, float]:
    """The same of trials in groups that are independent within their group alone; 0 to 1 of none.

    Of several groups each is one observation: at the low end one of which every trial succeeded,
    at the high end one of which any did. With one trial a group that is the usual interval, and
    with more it is wider than need be, never too narrow.
    """
    if not groups:
        return 0.0, 1.0
    if len(groups) == 1:
        return clopper_pearson(sum(groups[0]), len(groups[0]))
    low, _ = clopper_pearson(sum(map(all, groups)), len(groups))
    _, high = clopper_pearson(sum(map(any, groups)), len(groups))
    return low, high
