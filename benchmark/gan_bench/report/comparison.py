"""Is one row better than another? The p value of two groups of seeds. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import fmean

import numpy as np

from gan_bench.report.permutation import Pair, permutation_p_values


def p_value(a: Sequence[float], b: Sequence[float]) -> float:
    """The probability that chance alone separates two rows this far; two-sided.

    a and b hold the cost of each seed, infinite for a seed without a score. The p value is the
    larger one of two tests, so that it holds if either one does:

    - the permutation test, for scores of any distribution, as long as it is the same in both;
    - Welch's t test, made a little more careful, for scores that are normal, whatever the two
      variances are.

    If a seed has no score, all costs are replaced by their midranks first: the seeds without a
    score are tied at the worst rank.
    """
    return p_values([(a, b)])[0]


def p_values(pairs: Sequence[Pair], alpha: float = 1.0) -> list[float]:
    """The `p_value` of each pair; where it is more than alpha, this or less, but over alpha.

    Welch's p value says that of many pairs, and takes a tenth of the time.
    """
    comparable = [_comparable(a, b) for a, b in pairs]
    found = [welch_p(a, b) for a, b in comparable]
    likely = [k for k, p in enumerate(found) if p <= alpha]
    permuted = permutation_p_values([comparable[k] for k in likely])
    for k, p in zip(likely, permuted, strict=True):
        found[k] = max(found[k], p)
    return found


def _comparable(a: Sequence[float], b: Sequence[float]) -> Pair:
    """The costs of two groups, or their midranks in the pair if one cost is infinite."""
    pooled = np.array([*a, *b], np.float64)
    if np.isfinite(pooled).all():
        return a, b
    ranks = midranks(pooled).tolist()
    return ranks[: len(a)], ranks[len(a) :]


def midranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1; equal values share the mean of their ranks."""
    ordered = np.sort(values)  # not scipy.stats.rankdata, which takes a second to import
    below, upto = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    ranks: np.ndarray = (below + upto + 1) / 2
    return ranks


def welch_p(a: Sequence[float], b: Sequence[float]) -> float:
    """The p value of Welch's t test (1947) with one degree of freedom less, two-sided.

    t = (mean_a - mean_b) / sqrt(v_a + v_b), v = s^2 / n. Welch's degrees of freedom are
    (v_a + v_b)^2 / (v_a^2 / (n_a - 1) + v_b^2 / (n_b - 1)). With so few seeds they call up to 5.7 %
    of equal means different at a bound of 5 %; one less keeps the bound (docs/statistics.md). The
    fewest that make sense are those of the smaller group, min(n_a, n_b) - 1, with which the test
    is valid for any variances (Hsu 1938; Mickey & Brown 1966). If neither group varies, p is 1 for
    equal values and 0 for others.
    """
    from scipy.special import stdtr  # imports in half the time of scipy.stats

    (mean_a, v_a), (mean_b, v_b) = (_mean_and_variance(tuple(group)) for group in (a, b))
    mean_a += a[0] - b[0]
    distance, variance = abs(mean_a - mean_b), v_a + v_b
    if variance == 0:
        return 0.0 if distance else 1.0
    share = v_a / variance  # not v_a^2 and v_b^2, which may be too small for a float
    free_a, free_b = (max(1, len(group) - 1) for group in (a, b))
    welch = 1 / (share**2 / free_a + (1 - share) ** 2 / free_b)
    freedom = max(welch - 1, min(free_a, free_b))
    return float(2 * stdtr(freedom, -distance / math.sqrt(variance)))


@lru_cache(maxsize=1000)  # of a row, which is in a pair with every other one
def _mean_and_variance(values: tuple[float, ...]) -> tuple[float, float]:
    """The mean, counted from the first, and its variance: exactly 0 if all values are equal."""
    n, first = len(values), values[0]
    mean = fmean(value - first for value in values)
    squares = math.fsum((value - first - mean) ** 2 for value in values)
    return mean, squares / (n * max(1, n - 1))
