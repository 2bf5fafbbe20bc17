"""What the seeds of a table can show: intervals, ties, rank agreement. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, combinations, count, takewhile
from statistics import fmean
from string import ascii_letters

import numpy as np

from gan_bench.base import rng

MIN_SEEDS = 4  # 3 v 3 seeds cannot give a p value below 0.10, however far apart they are
ALPHA = 0.05
SPLITS = 20_000  # if the seeds can be split in more ways, this many random splits are tested
# So many pairs and splits are multiplied at once: BLAS computes products of this size on one
# thread, and for larger ones its threads take longer on a busy machine.
CHUNK, BLOCK = 16, 512
# Sums that differ by less, in units of the largest deviation from the mean, count as equal: the
# same numbers added in another order differ by about 1e-16.
ROUNDING = 1e-9


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
    return Spread(seeds, math.sqrt(max(0.0, seeds**2 - sampling**2)), sampling)


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


def _deviation(values: Sequence[float]) -> float:
    """The sample standard deviation; exactly 0 if all values are equal."""
    return float(np.std(np.subtract(values, values[0]), ddof=1))


# -- is one row better than another? ------------------------------------------------------------
def p_value(a: Sequence[float], b: Sequence[float]) -> float:
    """The probability that chance alone separates the means of a and b this far: two-sided, exact.

    The permutation test on the difference of means (Fisher 1935, Pitman 1937): the share of all
    splits of the pooled values into two such groups whose means are at least as far apart. Where
    there are more than 20,000 splits, that many random ones are tested, and (k + 1) / (n + 1)
    keeps the test valid (Phipson & Smyth 2010). This is our own code because the 15 pairs of six
    rows of eight seeds take 1 ms here and 4 s with scipy.stats.permutation_test; the tests
    compare the two.
    """
    return p_values([(a, b)])[0]


def p_values(pairs: Sequence[tuple[Sequence[float], Sequence[float]]]) -> list[float]:
    """The `p_value` of each pair; pairs of the same sizes share their splits."""
    ordered = [sorted(pair, key=len) for pair in pairs]  # the group of fewer seeds first
    sizes = [(len(few), len(many)) for few, many in ordered]
    found = [math.nan] * len(pairs)
    for few, many in set(sizes):
        places = [place for place, size in enumerate(sizes) if size == (few, many)]
        for start in range(0, len(places), CHUNK):
            chosen = places[start : start + CHUNK]
            pooled = np.array([[*ordered[k][0], *ordered[k][1]] for k in chosen], np.float64)
            for place, p in zip(chosen, _p_values(pooled, few), strict=True):
                found[place] = p
    return found


def _p_values(pooled: np.ndarray, few: int) -> list[float]:
    """(pairs, n) values, those of the first group in front -> the p value of each pair."""
    centred = pooled - pooled.mean(axis=1, keepdims=True)
    largest = np.abs(centred).max(axis=1, keepdims=True)
    values = centred / np.where(np.ptp(pooled, axis=1, keepdims=True) == 0, 1.0, largest)
    # With the mean at 0, the groups' sums are s and -s: |s| orders splits as their means do.
    observed = np.abs(values[:, :few].sum(axis=1))
    splits = _splits(pooled.shape[1], few)
    canonical, bound = np.stack(list(map(_canonical, values))), observed[:, None] - ROUNDING
    as_far = np.zeros(len(pooled), np.intp)
    for start in range(0, splits.shape[1], BLOCK):
        sums = canonical @ splits[:, start : start + BLOCK]  # (pairs, splits)
        as_far += np.count_nonzero(np.abs(sums) >= bound, axis=1)
    added = 0 if _exact(pooled.shape[1], few) else 1  # the observed split
    shares: list[float] = ((as_far + added) / (splits.shape[1] + added)).tolist()
    return shares


def _canonical(values: np.ndarray) -> np.ndarray:
    """The values in an order that depends neither on their own order nor on their sign.

    A random split chooses places. In this order, the same values always get the same splits.
    """
    ordered: np.ndarray = np.sort(values)
    asymmetry = ordered + ordered[::-1]  # 0 where the two ends are equally far from the mean
    first = asymmetry[np.abs(asymmetry) > ROUNDING][:1]
    return -ordered[::-1] if first.size and first[0] < 0 else ordered


def _exact(n: int, k: int) -> bool:
    return math.comb(n, k) <= SPLITS


@lru_cache(maxsize=8)  # a pure function of two counts, which all pairs of a table share
def _splits(n: int, k: int) -> np.ndarray:
    """(n, splits): all splits of n values, or random ones; 1 for the k values of group one."""
    if _exact(n, k):
        chosen = np.array(list(combinations(range(n), k)), np.intp)
    else:
        source = np.random.Generator(np.random.Philox(rng.key(0, "splits")))
        chosen = source.random((SPLITS - 1, n)).argsort(axis=1)[:, :k]
    splits = np.zeros((n, len(chosen)))
    np.put_along_axis(splits, chosen.T, 1.0, axis=0)
    return splits


def least_seeds(rows: int, alpha: float = ALPHA) -> int | None:
    """How many seeds a row needs before any two of so many rows can be told apart.

    With fewer seeds, no p value can be below Holm's first bound alpha / pairs, whatever the
    scores. The smallest p value of n v n seeds is 2 / C(2n, n), or 1 / 20,000 where the splits
    are random; no pair with at most n seeds a row has a smaller one. None if no number of seeds
    is enough.
    """
    pairs = max(1, math.comb(rows, 2))
    for n in takewhile(lambda n: _exact(2 * n, n), count(MIN_SEEDS)):
        if min(1.0, 2 * pairs / math.comb(2 * n, n)) <= alpha:
            return n
    return n + 1 if min(1.0, pairs / SPLITS) <= alpha else None


# -- which rows of a table are tied? ------------------------------------------------------------
def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values of m tests: of those <= alpha, any is false in at most alpha of tables.

    In rising order p_(k) becomes max over j <= k of min(1, (m - j + 1) p_(j)); Holm 1979.
    """
    m = len(p_values)
    order = sorted(range(m), key=lambda k: p_values[k])
    stepped = (min(1.0, (m - rank) * p_values[k]) for rank, k in enumerate(order))
    adjusted = dict(zip(order, accumulate(stepped, max), strict=True))
    return [adjusted[k] for k in range(m)]


def letters(groups: Sequence[Sequence[float]], alpha: float = ALPHA) -> list[str]:
    """Tie letters of the rows, best first: rows that share a letter cannot be told apart.

    All pairs of rows are tested, with Holm's correction over these pairs. A row with fewer than
    four seeds is not tested and has "". A compact letter display, Piepho 2004.
    """
    tested = [row for row, group in enumerate(groups) if len(group) >= MIN_SEEDS]
    columns = tie_columns(tested, _told_apart(groups, tested, alpha))
    return [
        "".join(_letter(place) for place, column in enumerate(columns) if row in column)
        for row in range(len(groups))
    ]


def _told_apart(
    groups: Sequence[Sequence[float]], tested: Sequence[int], alpha: float
) -> list[tuple[int, int]]:
    """The pairs of tested rows whose adjusted p value is at most alpha."""
    needed = least_seeds(len(tested), alpha)
    if needed is None or max((len(groups[row]) for row in tested), default=0) < needed:
        return []
    pairs = list(combinations(tested, 2))
    adjusted = holm(p_values([(groups[i], groups[j]) for i, j in pairs]))
    return [pair for pair, p in zip(pairs, adjusted, strict=True) if p <= alpha]


def tie_columns(rows: Iterable[int], apart: Iterable[tuple[int, int]]) -> list[tuple[int, ...]]:
    """The largest sets of rows of which no two are apart; the first row is in the first set.

    Insert and absorb (Piepho 2004): a column that holds a pair that is apart becomes
    two, each without one of the pair, and a column within another one is dropped.
    """
    columns = {frozenset(rows)}
    for pair in apart:
        inserted = {part for column in columns for part in _insert(column, pair)}
        columns = {part for part in inserted if not any(part < other for other in inserted)}
    return sorted(tuple(sorted(column)) for column in columns)


def _insert(column: frozenset[int], pair: tuple[int, int]) -> list[frozenset[int]]:
    return [column - {row} for row in pair] if column.issuperset(pair) else [column]


def _letter(place: int) -> str:
    """a to z, A to Z, then .a to .Z, ..a: as R's multcompView names them."""
    dots, k = divmod(place, len(ascii_letters))
    return "." * dots + ascii_letters[k]


# -- do two metrics rank the rows alike? --------------------------------------------------------
def agreement(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Kendall's tau-b of two lists of row means: 1 the same ranking, -1 the reverse.

    Lower must be better in both. None for fewer than three rows, or where all values of one list
    are equal (Kendall 1945).
    """
    if len(a) < 3:
        return None
    from scipy.stats import kendalltau

    tau = float(kendalltau(a, b, method="asymptotic").statistic)  # its p value is not used
    return None if math.isnan(tau) else tau
