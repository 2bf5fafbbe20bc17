"""Seeds -> intervals, ties: what a handful of trainings can say, and what it cannot. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, combinations, combinations_with_replacement, count
from statistics import fmean
from string import ascii_letters

import numpy as np

from gan_bench.base import rng

MIN_SEEDS = 4  # 3 v 3 seeds cannot give a p value below 0.10, however far apart they are
ALPHA = 0.05
SPLITS = 20_000  # up to so many splits of the seeds are all looked at, of more as many at random
# Sums that differ by less, in units of the largest deviation from the mean, are equal: the same
# numbers added in another order end some 1e-16 apart, and a tie must count as a tie.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Spread:
    """Standard deviations of a row's scores; None where there is nothing to tell it from.

    `seeds` is what is seen: training the same thing again with another seed. It has two parts,
    seeds^2 = training^2 + sampling^2: another network, and other z of the same network.
    """

    seeds: float | None
    training: float | None
    sampling: float | None


def sources(values: Sequence[float], errors: Sequence[float | None]) -> Spread:
    """What moves the scores of one row: a value and its sampling standard error per seed.

    training = sqrt(max(0, seeds^2 - sampling^2)), sampling the root mean square of the errors;
    the estimate of variance components in a one-way random model (Searle et al. 1992).
    """
    known = [error for error in errors if error is not None]
    seeds = _deviation(values) if len(values) > 1 else None
    # the mean over some of the seeds is not the sampling error of all
    sampling = math.hypot(*known) / math.sqrt(len(known)) if known and None not in errors else None
    if seeds is None or sampling is None:
        return Spread(seeds, None, sampling)
    return Spread(seeds, math.sqrt(max(0.0, seeds**2 - sampling**2)), sampling)


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % interval of the mean over seeds, None under four of them.

    mean ± t s / sqrt(n), t the 97.5 % point of Student's t with n - 1 degrees of freedom.
    """
    if len(values) < MIN_SEEDS:
        return None
    from scipy.special import stdtrit  # scipy.stats has it too, but takes a second more to import

    mean, n = fmean(values), len(values)
    reach = float(stdtrit(n - 1, 1 - ALPHA / 2)) * _deviation(values) / math.sqrt(n)
    return mean - reach, mean + reach


def _deviation(values: Sequence[float]) -> float:
    """The standard deviation, sqrt(sum (x - mean)^2 / (n - 1)); exactly 0 of equal values.

    By hand, because statistics.stdev reckons in fractions, which takes ten times as long for the
    same digits.
    """
    far = [value - values[0] for value in values]  # of equal values, nothing but zeros
    mean = math.fsum(far) / len(far)
    return math.hypot(*(x - mean for x in far)) / math.sqrt(len(far) - 1)


# -- is one row better than another? ------------------------------------------------------------
def p_value(a: Sequence[float], b: Sequence[float]) -> float:
    """How often chance alone parts the seeds of a and b at least as far: two-sided, exact.

    The permutation test on the difference of means (Fisher 1935, Pitman 1937): the share of all
    splits of the pooled values into such two groups whose means are as far apart. Of more than
    20,000 splits as many random ones are taken, and (k + 1) / (n + 1) keeps the test valid
    (Phipson & Smyth 2010). By hand, because the 15 pairs of six rows of eight seeds take 1 ms
    here and 4 s with scipy.stats.permutation_test, with which the tests compare it.
    """
    few, many = sorted((a, b), key=len)
    values = np.array([*few, *many], np.float64)
    if np.ptp(values) == 0:
        return 1.0
    values = (values - values.mean()) / np.abs(values - values.mean()).max()
    # With the mean at 0, the groups' sums are s and -s: |s| orders splits as their means do.
    seen = abs(values[: len(few)].sum())
    splits = _splits(len(values), len(few))
    if len(few) == len(many) and _gap(values) > 2 * ROUNDING:
        as_far = _outermost(len(few))
    else:
        chance = np.abs(splits @ _canonical(values))
        as_far = int(np.count_nonzero(chance >= seen - ROUNDING))
    if _exact(len(values), len(few)):
        return as_far / len(splits)
    return (as_far + 1) / (len(splits) + 1)


def _canonical(values: np.ndarray) -> np.ndarray:
    """The values in an order that neither their own order nor a change of sign can alter.

    Random splits are splits of places: with it, they are the same splits of the same seeds.
    """
    ordered: np.ndarray = np.sort(values)
    lean = ordered + ordered[::-1]  # 0 where the two ends are as far out
    first = lean[np.abs(lean) > ROUNDING][:1]
    return -ordered[::-1] if first.size and first[0] < 0 else ordered


def _gap(values: np.ndarray) -> float:
    """How far the first half lies from the second, negative where they overlap.

    Of halves that do not overlap, no split but theirs is as far: to change it, a value must be
    exchanged for one on the other side of the gap.
    """
    one, other = values[: len(values) // 2], values[len(values) // 2 :]
    return float(max(one.min() - other.max(), other.min() - one.max()))


@lru_cache(maxsize=8)
def _outermost(k: int) -> int:
    """How many splits of 2 k values in order have the k lowest, or the k highest, in one group."""
    low = _splits(2 * k, k)[:, :k].sum(axis=1)
    return int(np.count_nonzero((low == 0) | (low == k)))


def _exact(n: int, k: int) -> bool:
    return math.comb(n, k) <= SPLITS


@lru_cache(maxsize=8)  # a pure function of two counts, and all pairs of a table share them
def _splits(n: int, k: int) -> np.ndarray:
    """All splits of n values or random ones: (splits, n), 1 for the k values of the first group."""
    if _exact(n, k):
        chosen = np.array(list(combinations(range(n), k)), np.intp)
    else:
        source = np.random.Generator(np.random.Philox(rng.key(0, "splits")))
        chosen = source.random((SPLITS - 1, n)).argsort(axis=1)[:, :k]
    splits = np.zeros((len(chosen), n))
    np.put_along_axis(splits, chosen, 1.0, axis=1)
    return splits


def least_seeds(rows: int, alpha: float = ALPHA) -> int:
    """Seeds a row under which no two of so many rows could be told apart, whatever their scores.

    The smallest p value of n v n seeds is 2 / C(2n, n), and Holm's first bound alpha / pairs.
    """
    pairs = max(1, math.comb(rows, 2))
    return next(n for n in count(MIN_SEEDS) if 2 * pairs / math.comb(2 * n, n) <= alpha)


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
    """Tie letters of the rows, best first: rows that share a letter are not told apart.

    All pairs of rows are tested, with Holm's correction over these pairs. A row under four seeds
    is not tested and has "". A compact letter display, Piepho 2004.
    """
    tested = [row for row, group in enumerate(groups) if len(group) >= MIN_SEEDS]
    apart = _told_apart(groups, tested, alpha)
    columns = tie_columns(tested, apart)
    return [
        "".join(_letter(place) for place, column in enumerate(columns) if row in column)
        for row in range(len(groups))
    ]


def _told_apart(
    groups: Sequence[Sequence[float]], tested: Sequence[int], alpha: float
) -> list[tuple[int, int]]:
    """The pairs of the tested rows whose adjusted p value is at most alpha.

    None is computed where none can be: 1,000 rows are half a million pairs, of which Holm would
    ask for a p value below any that the test can give.
    """
    if min(1.0, math.comb(len(tested), 2) * _least_p([len(groups[k]) for k in tested])) > alpha:
        return []
    pairs = list(combinations(tested, 2))
    adjusted = holm([p_value(groups[i], groups[j]) for i, j in pairs])
    return [pair for pair, p in zip(pairs, adjusted, strict=True) if p <= alpha]


def _least_p(sizes: Iterable[int]) -> float:
    """No p value of rows of so many seeds is smaller, whatever their scores.

    The one split that was seen is as far as itself and, of rows as long as each other, so is the
    split that names them the other way round.
    """
    pairs = combinations_with_replacement(sorted(set(sizes)), 2)
    return min((_least(few, many) for few, many in pairs), default=1.0)


def _least(few: int, many: int) -> float:
    if not _exact(few + many, few):
        return 1 / SPLITS
    return (2 if few == many else 1) / math.comb(few + many, few)


def tie_columns(rows: Iterable[int], apart: Iterable[tuple[int, int]]) -> list[tuple[int, ...]]:
    """The largest sets of rows of which no two are apart; the first row is in the first.

    Insert and absorb (Piepho 2004): a column that holds a pair that is apart becomes
    two, each without one of the pair, and a column within another one goes.
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

    Lower must be better in both. None under three rows, or where one list ranks nothing because
    all of it is equal. tau-b = (C - D) / sqrt((P - A) (P - B)), of P pairs of rows C in the same
    order in both lists, D in opposite ones, A and B tied in a and b (Kendall 1945). Counted as
    Knight (1966) does, for thousands of rows; scipy.stats would take a second to import.
    """
    if len(a) < 3:
        return None
    pairs, tied_a, tied_b = math.comb(len(a), 2), _tied(a), _tied(b)
    norm = math.sqrt((pairs - tied_a) * (pairs - tied_b))
    rows = sorted(zip(a, b, strict=True))
    opposite = _inversions([y for _, y in rows])
    same = pairs - tied_a - tied_b + _tied(rows) - opposite
    return (same - opposite) / norm if norm else None


def _tied(values: Iterable[Hashable]) -> int:
    """Pairs of equal values."""
    return sum(math.comb(times, 2) for times in Counter(values).values())


def _inversions(values: Iterable[float]) -> int:
    """Pairs of which the larger value comes first."""
    before: list[float] = []
    found = 0
    for value in values:
        place = bisect_right(before, value)
        found += len(before) - place
        before.insert(place, value)
    return found
