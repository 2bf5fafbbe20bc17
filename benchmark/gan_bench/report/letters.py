"""Tie letters: which rows of a table can be told apart. Pure functions."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from itertools import accumulate, combinations
from string import ascii_letters

from gan_bench.report.comparison import p_values
from gan_bench.report.permutation import FIRST_RANDOM, smallest_p
from gan_bench.report.statistics import ALPHA, MIN_SEEDS


def least_seeds(rows: int, alpha: float = ALPHA) -> int | None:
    """How many seeds a row needs before any two of so many rows can be told apart.

    With fewer seeds, no p value can be below Holm's first bound alpha / pairs, whatever the
    scores: no pair with at most n seeds a row has a smaller p value than `smallest_p(n)`. None if
    no number of seeds is enough.
    """
    pairs = max(1, math.comb(rows, 2))
    for n in range(MIN_SEEDS, FIRST_RANDOM + 1):
        if min(1.0, pairs * smallest_p(n)) <= alpha:
            return n
    return None


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

    A group holds one cost for each seed, infinite for a seed without a score. All pairs of rows
    are tested, with Holm's correction over these pairs. A row with fewer than four seeds is not
    tested and has "", and so has a row with which no other one can be compared. A compact letter
    display, Piepho 2004.
    """
    tested = [row for row, group in enumerate(groups) if len(group) >= MIN_SEEDS]
    if len(tested) < 2:
        return [""] * len(groups)
    return letters_of(len(groups), tested, _told_apart(groups, tested, alpha))


def letters_of(rows: int, tested: Sequence[int], apart: Iterable[tuple[int, int]]) -> list[str]:
    """The letters of so many rows, of which these are tested and these pairs are told apart."""
    columns = tie_columns(tested, apart)
    return [
        "".join(_letter(place) for place, column in enumerate(columns) if row in column)
        for row in range(rows)
    ]


def _told_apart(
    groups: Sequence[Sequence[float]], tested: Sequence[int], alpha: float
) -> list[tuple[int, int]]:
    """The pairs of tested rows whose adjusted p value is at most alpha."""
    needed = least_seeds(len(tested), alpha)
    if needed is None or max((len(groups[row]) for row in tested), default=0) < needed:
        return []
    pairs = list(combinations(tested, 2))
    adjusted = holm(p_values([(groups[i], groups[j]) for i, j in pairs], alpha))
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


def share_one(tie: str, other: str) -> bool:
    """Whether two rows with these letters, as `letters` gives them, cannot be told apart."""
    return not _letters_of(tie).isdisjoint(_letters_of(other))


def _letters_of(tie: str) -> set[str]:
    return set(re.findall(r"\.*[a-zA-Z]", tie))


def _letter(place: int) -> str:
    """a to z, A to Z, then .a to .Z, ..a: as R's multcompView names them."""
    dots, k = divmod(place, len(ascii_letters))
    return "." * dots + ascii_letters[k]
