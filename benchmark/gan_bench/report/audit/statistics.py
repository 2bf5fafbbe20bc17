"""Power at a false-alarm rate, order and their intervals, from the costs of sets.

A cost is a score where more is worse. A set that a metric refuses has an infinite cost: whoever
reads the metric is warned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ALARMS = 0.01  # false alarms that are allowed
LEAST_SETS = 99  # real sets that say what is an alarm: with fewer, none could be as rare as that
LEVEL = 0.95  # of all intervals


@dataclass(frozen=True)
class Share:
    """A share of so many sets, with its interval."""

    value: float
    low: float
    high: float
    of: int


def share(count: float, of: int) -> Share:
    """The share with the interval of Clopper & Pearson 1934.

    Also for a sum of numbers from 0 to 1, which varies less than a count with the same mean.
    """
    from scipy.special import betaincinv

    tail = (1 - LEVEL) / 2
    low = 0.0 if count <= 0 else float(betaincinv(count, of - count + 1, tail))
    high = 1.0 if count >= of else float(betaincinv(count + 1, of - count, 1 - tail))
    return Share(count / of, low, high, of)


def alarm_rank(real_sets: int) -> int:
    """k: a set is an alarm if it is worse than the k-th worst of so many real sets.

    Another real set is as likely to have any rank among them, so that it is worse than the k-th
    with a chance of k / (real sets + 1): at most ALARMS.
    """
    return int(ALARMS * (real_sets + 1) + 1e-9)


def alarm_chance(real_sets: int) -> Share:
    """The chance of a false alarm, on average over draws of real sets; and where one draw may lie.

    The chance that belongs to one threshold has the distribution Beta(k, real sets + 1 - k).
    """
    from scipy.special import betaincinv

    k, tail = alarm_rank(real_sets), (1 - LEVEL) / 2
    low, high = (float(betaincinv(k, real_sets + 1 - k, at)) for at in (tail, 1 - tail))
    return Share(k / (real_sets + 1), low, high, real_sets)


def threshold(real: Sequence[float]) -> float:
    """The cost above which a set is an alarm."""
    return float(np.sort(np.asarray(real))[-alarm_rank(len(real))])


def power(costs: Sequence[float], limit: float) -> Share:
    """The share of the sets that are alarms. A set that is as bad as the limit is none."""
    return share(float(np.sum(np.asarray(costs) > limit)), len(costs))


def in_order(costs: Sequence[Sequence[float]]) -> Share:
    """The share of pairs of strengths whose costs are in the right order; a tie is half of one.

    costs: (strengths, sets), real images first, the strongest last; a column shares its images.
    (2 x share - 1) is Kendall's tau. The interval is over the sets.
    """
    table = np.asarray(costs)
    first, second = np.triu_indices(len(table), k=1)
    right = (table[second] > table[first]) + 0.5 * (table[second] == table[first])
    return share(float(right.mean(axis=0).sum()), table.shape[1])
