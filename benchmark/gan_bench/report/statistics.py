"""What the seeds of one row show, and whether two metrics agree. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

ROUNDING = 1e-9  # of a variance
MIN_SEEDS = 4  # 3 v 3 seeds cannot give a p value below 0.10, however far apart they are
ALPHA = 0.05


# -- how far do the seeds of one row spread? ----------------------------------------------------
@dataclass(frozen=True)
class Spread:
    """Standard deviations of a row's scores; None where they cannot be estimated.

    `seeds` is observed: the same training with another seed. It has two parts,
    seeds^2 = training^2 + sampling^2: another network, and other z of the same network.
    """

    seeds: float | None
    training: float | None
    sampling: float | None


def sources(values: Sequence[float], errors: Sequence[float | None]) -> Spread:
    """Split the spread of one row, from a value and its sampling standard error per seed.

    training = sqrt(max(0, seeds^2 - sampling^2)), sampling the root mean square of the errors;
    the estimate of variance components in a one-way random model (Searle et al. 1992).
    """
    known = [error for error in errors if error is not None]
    seeds = _deviation(values) if len(values) > 1 else None
    # the errors of some of the seeds are not the sampling error of all
    sampling = math.hypot(*known) / math.sqrt(len(known)) if known and None not in errors else None
    if seeds is None or sampling is None:
        return Spread(seeds, None, sampling)
    left = max(0.0, seeds**2 - sampling**2)
    # where both are computed from the same few images, they may differ by rounding alone
    return Spread(seeds, math.sqrt(left) if left > ROUNDING * seeds**2 else 0.0, sampling)


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % interval of the mean over seeds, None for fewer than four of them.

    mean ± t s / sqrt(n), t the 97.5 % point of Student's t with n - 1 degrees of freedom.
    """
    if len(values) < MIN_SEEDS:
        return None
    from scipy.special import stdtrit  # imports in half the time of scipy.stats

    mean, n = fmean(values), len(values)
    reach = float(stdtrit(n - 1, 1 - ALPHA / 2)) * _deviation(values) / math.sqrt(n)
    return mean - reach, mean + reach


def prediction(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % interval in which the score of a new seed lies, None for fewer than four seeds.

    mean ± t s sqrt(1 + 1 / n), t the 97.5 % point of Student's t with n - 1 degrees of freedom:
    the prediction interval of one more normal value (Hahn and Meeker 1991).
    """
    mean_of = interval(values)
    if mean_of is None:
        return None
    low, high = mean_of
    reach = (high - low) / 2 * math.sqrt(len(values) + 1)
    return fmean(values) - reach, fmean(values) + reach


def _deviation(values: Sequence[float]) -> float:
    """The sample standard deviation; exactly 0 if all values are equal."""
    return float(np.std(np.subtract(values, values[0]), ddof=1))


# -- do two metrics rank the rows alike? --------------------------------------------------------
def agreement(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Kendall's tau-b of the places of rows in two orders: 1 the same order, -1 the reverse.

    None for fewer than three rows, or where all values of one list
    are equal (Kendall 1945).
    """
    if len(a) < 3:
        return None
    # not scipy.stats.kendalltau, which takes a second to import
    one, other = (np.sign(np.subtract.outer(each, each)) for each in (a, b))
    pairs = math.sqrt((one**2).sum() * (other**2).sum())  # that are not tied
    return float((one * other).sum() / pairs) if pairs else None
