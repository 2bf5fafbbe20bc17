"""Seeds -> intervals, ties: what a handful of trainings can say, and what it cannot. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, combinations, count
from statistics import fmean, stdev
from string import ascii_letters

import numpy as np

from gan_bench import streams

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
    seeds = stdev(values) if len(values) > 1 else None
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
    reach = float(stdtrit(n - 1, 1 - ALPHA / 2)) * stdev(values) / math.sqrt(n)
    return mean - reach, mean + reach


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
    chance = np.abs(_splits(len(values), len(few)) @ _canonical(values))
    as_far = int((chance >= seen - ROUNDING).sum())
    if _exact(len(values), len(few)):
        return as_far / len(chance)
    return (as_far + 1) / (len(chance) + 1)


def _canonical(values: np.ndarray) -> np.ndarray:
    """The values in an order that neither their own order nor a change of sign can alter.

    Random splits are splits of places: with it, they are the same splits of the same seeds.
    """
    ordered: np.ndarray = np.sort(values)
    lean = ordered + ordered[::-1]  # 0 where the two ends are as far out
    first = lean[np.abs(lean) > ROUNDING][:1]
    return -ordered[::-1] if first.size and first[0] < 0 else ordered


def _exact(n: int, k: int) -> bool:
    return math.comb(n, k) <= SPLITS


@lru_cache(maxsize=8)  # a pure function of two counts, and all pairs of a table share them
def _splits(n: int, k: int) -> np.ndarray:
    """All splits of n values or random ones: (splits, n), 1 for the k values of the first group."""
    if _exact(n, k):
        chosen = np.array(list(combinations(range(n), k)), np.intp)
    else:
        rng = np.random.Generator(np.random.Philox(streams.key(0, "splits")))
        chosen = rng.random((SPLITS - 1, n)).argsort(axis=1)[:, :k]
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
    pairs = list(combinations(tested, 2))
    adjusted = holm([p_value(groups[i], groups[j]) for i, j in pairs])
    apart = [pair for pair, p in zip(pairs, adjusted, strict=True) if p <= alpha]
    columns = tie_columns(tested, apart)
    return [
        "".join(_letter(place) for place, column in enumerate(columns) if row in column)
        for row in range(len(groups))
    ]


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
    all of it is equal. tau-b = Σ s_ij t_ij / sqrt(Σ s_ij^2 Σ t_ij^2) over pairs i < j, with s and
    t the signs of their differences (Kendall 1945); scipy.stats would take a second to import.
    """
    if len(a) < 3:
        return None
    pairs = np.triu_indices(len(a), 1)
    s, t = (np.sign(np.subtract.outer(x, x)[pairs]) for x in (np.array(a), np.array(b)))
    norm = math.sqrt(int((s**2).sum()) * int((t**2).sum()))
    return float((s * t).sum()) / norm if norm else None
