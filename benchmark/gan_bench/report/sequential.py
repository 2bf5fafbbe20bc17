"""Which rows are told apart, where further seeds depend on what is seen. Pure functions.

A group-sequential permutation test after AdaStop (Mathieu et al. 2023, arXiv 2306.10882): every row
gets N seeds a look, K looks at most, and after each look some pairs of rows are called different.

Where we depart from the paper: its step-down over pairs moves the scores of all pairs by one
permutation, which is exact for two rows only. We close the test over sets of rows instead. A pair
is called different when every set of rows that holds both is: "all rows of this set are alike" is
tested by permuting the scores of its rows within each look, so that each of these tests is exact.
A set of size s out of r rows has the level alpha s / r, or alpha if s >= r - 1 (Ryan, Einot,
Gabriel and Welsch), so that the sets of rows that really are alike share alpha between them. The
paper's early acceptance is left out: it spends power, and can only save seeds of equal rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, groupby, takewhile

import numpy as np

from gan_bench.base import rng
from gan_bench.report.comparison import midranks
from gan_bench.results.plans import Sequential

PERMUTATIONS = 10_000  # of the scores of a set of rows; the first one leaves them as they are
MOST_CLOSED = 8  # rows have 247 sets, which take a second; more rows are tested by pairs
MOST_ROWS = 16  # of which 120 pairs get a level that so many permutations can still show
ROUNDING = 1e-9  # of values whose largest is 1: statistics that are closer than this are equal
CHUNK = 32  # sets that are permuted together, for memory

Name = tuple[str, str]  # architecture, loss
Apart = dict[tuple[Name, Name], int]  # pair, in order of names -> the look that told it apart


@dataclass(frozen=True)
class Decision:
    """How a sequential test stands: which rows are told apart, and how many seeds they need."""

    test: Sequential
    apart: Apart
    seeds: dict[Name, int]  # that each row gets by now: if it is undecided, one look more
    used: dict[Name, int]  # seeds of each row that the test has looked at
    decided: bool  # no row needs another seed

    def tells(self, one: Name, other: Name) -> bool:
        """Whether these two rows are told apart."""
        return tuple(sorted((one, other))) in self.apart

    def reason(self, row: Name) -> str:
        """Why the row has as many seeds as it has."""
        others = [each for each in self.used if each != row]
        tied = sum(not self.tells(row, each) for each in others)
        if not tied:
            return "told apart from all"
        limit = "the most" if self.used[row] >= self.test.most else "so far"
        return f"{limit}: not told apart from {tied} of {len(others)}"


def decide(costs: Mapping[Name, Sequence[float]], test: Sequential) -> Decision:
    """What the test says of these rows by now; a pure function of the scores in order of seeds.

    A cost is infinite for a seed that ended without a score: as the worst, by ranks. Scores beyond
    the last whole look, and of seeds that the test did not ask for, are left out.
    """
    rows = sorted(costs)
    done = {row: min(len(costs[row]) // test.per_look, test.looks) for row in rows}
    apart = _apart({row: costs[row] for row in rows}, done, test)
    pairs = list(combinations(rows, 2))
    open_rows = {row for pair in pairs if pair not in apart for row in pair}
    reached = min((done[row] for row in open_rows), default=test.looks)
    seen = {row: _looks_of(row, apart) for row in rows}
    used = {row: reached if row in open_rows else seen[row] for row in rows}
    target = {row: min(reached + 1, test.looks) if row in open_rows else seen[row] for row in rows}
    return Decision(
        test=test,
        apart=apart,
        seeds={row: looks * test.per_look for row, looks in target.items()},
        used={row: looks * test.per_look for row, looks in used.items()},
        decided=not open_rows or reached == test.looks,
    )


def in_order(by_seed: Mapping[int, float]) -> list[float]:
    """The costs of seeds 0, 1, ... up to the first one that has not ended."""
    return [by_seed[seed] for seed in takewhile(by_seed.__contains__, range(len(by_seed)))]


def can_decide(rows: int, test: Sequential) -> bool:
    """Whether any two of so many rows could be told apart, however far apart they are."""
    if rows > MOST_ROWS:
        return False
    far = {("", f"{row:02}"): [100.0 * row + k for k in range(test.most)] for row in range(rows)}
    return bool(decide(far, test).apart)


def _looks_of(row: Name, apart: Apart) -> int:
    """How many looks a row has got that is told apart from all others."""
    return max((look for pair, look in apart.items() if row in pair), default=0)


def _apart(costs: Mapping[Name, Sequence[float]], done: Mapping[Name, int], t: Sequential) -> Apart:
    """Pairs -> the look after which every set that holds both was rejected."""
    found: Apart = {}
    lasting = set[tuple[Name, Name]]()  # pairs with a set that is not rejected
    for rows, look in _rejections(costs, done, t):
        for pair in combinations(rows, 2):
            found[pair] = max(found.get(pair, 0), look)
            if not look:
                lasting.add(pair)
    return {pair: look for pair, look in found.items() if pair not in lasting}


def _rejections(
    costs: Mapping[Name, Sequence[float]], done: Mapping[Name, int], test: Sequential
) -> Iterator[tuple[tuple[Name, ...], int]]:
    """Each set of rows with the look at which it is rejected; 0: it is not."""

    def kind(rows: tuple[Name, ...]) -> tuple[int, int]:
        return len(rows), min(done[row] for row in rows)

    for (size, looks), alike in groupby(sorted(sets_of(list(costs)), key=kind), key=kind):
        sets = list(alike)
        level = level_of(size, len(costs), test.alpha)
        n = looks * test.per_look
        for start in range(0, len(sets), CHUNK):
            part = sets[start : start + CHUNK]
            values = np.array([[costs[row][:n] for row in rows] for rows in part], np.float64)
            shaped = values.reshape(len(part), size, looks, test.per_look)
            crossed = first_crossings(shaped, test.looks, level).tolist()
            yield from zip(part, crossed, strict=True)


def sets_of(rows: Sequence[Name]) -> list[tuple[Name, ...]]:
    """The sets of rows that are tested: all of them, or the pairs where rows are many."""
    sizes = range(2, len(rows) + 1) if len(rows) <= MOST_CLOSED else (2,)
    return [rows_ for size in sizes for rows_ in combinations(rows, size)]


def level_of(size: int, rows: int, alpha: float) -> float:
    """The level at which a set of so many of the rows is tested."""
    if rows > MOST_CLOSED:
        return alpha / math.comb(rows, 2)
    return alpha if size >= rows - 1 else alpha * size / rows


def first_crossings(
    costs: np.ndarray, looks: int, alpha: float, permutations: int = PERMUTATIONS
) -> np.ndarray:
    """(sets, rows, looks by now, N) -> (sets,): the look at which each set is rejected, or 0.

    The statistic of a look is the range of the rows' sums of means, max - min over the rows; for
    two rows it is AdaStop's |sum of differences|. At look k of K the largest values of the
    permutations that have not crossed before cross, as many that the share of all that have
    crossed by then is at most alpha k / K. The scores themselves are one of the permutations, so
    the test is exact for random permutations too (Hemerik & Goeman 2018).
    """
    sets, _, done, _ = costs.shape
    crossed_at, spent = np.zeros(sets, np.intp), np.zeros(sets, np.intp)
    waiting = np.ones((sets, permutations), np.bool_)
    for look in range(1, done + 1):
        statistic = np.where(waiting, _statistics(costs[:, :, :look], permutations), -np.inf)
        most = math.floor(permutations * alpha * look / looks + ROUNDING)
        largest = -np.sort(np.partition(-statistic, most, axis=1)[:, : most + 1], axis=1)
        bound = largest[np.arange(sets), most - spent]  # the largest that must not cross
        crossing = waiting & (statistic > bound[:, None] + ROUNDING)
        spent += crossing.sum(axis=1)
        waiting &= ~crossing
        crossed_at[crossing[:, 0]] = look
    return crossed_at


def _statistics(costs: np.ndarray, permutations: int) -> np.ndarray:
    """(sets, rows, looks, N) -> (sets, permutations): the statistic of each permutation."""
    sets, rows, looks, n = costs.shape
    values = np.array([_comparable(each.ravel()) for each in costs]).reshape(costs.shape)
    sums = np.zeros((rows, sets, permutations))
    for look in range(looks):
        sums += values[:, :, look].reshape(sets, rows * n) @ _moves(rows, n, look, permutations)
    spread: np.ndarray = sums.max(axis=0) - sums.min(axis=0)
    return spread


def _comparable(costs: np.ndarray) -> np.ndarray:
    """The costs of a set of rows with mean 0 and largest 1; their midranks if one is infinite."""
    values = costs if np.isfinite(costs).all() else midranks(costs)
    centred = values - values.mean()
    largest = np.abs(centred).max()
    result: np.ndarray = centred / largest if np.ptp(values) else np.zeros_like(centred)
    return result


@lru_cache(maxsize=64)  # a pure function of counts, which all sets of this size share
def _moves(rows: int, n: int, look: int, permutations: int) -> np.ndarray:
    """(rows, rows * n, permutations): what makes the mean of each row of the permuted scores."""
    source = np.random.Generator(np.random.Philox(rng.key(0, "looks", rows, n, look)))
    chosen = source.random((permutations, rows * n)).argsort(axis=1)
    chosen[0] = np.arange(rows * n)
    moves = np.zeros((rows, permutations, rows * n))
    places = chosen.reshape(permutations, rows, n).transpose(1, 0, 2)
    np.put_along_axis(moves, places, 1 / n, axis=2)
    return np.ascontiguousarray(moves.transpose(0, 2, 1))
