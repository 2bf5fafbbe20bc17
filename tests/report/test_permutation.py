"""P values of two groups of seeds: by hand, against scipy, and how often they err."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from itertools import combinations
from random import Random

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from gan_bench.report.permutation import (
    FIRST_RANDOM,
    SPLITS,
    permutation_p_values,
    smallest_p,
)
from laws import LAWS, at_most

# Whole numbers: two statistics are equal or far apart, so that rounding decides nothing.
few, many = (
    st.lists(st.integers(-1000, 1000), min_size=low, max_size=high)
    for low, high in ((1, 7), (9, 12))
)
pairs_of_rows = st.tuples(few, few) | st.tuples(many, many)  # all splits, and random ones


def p_value(a: Sequence[float], b: Sequence[float]) -> float:
    return permutation_p_values([(a, b)])[0]


# All splits, and random ones


@pytest.mark.parametrize(
    ("n", "p"), [(1, 1), (2, 2 / 6), (3, 0.10), (4, 2 / 70), (5, 2 / 252), (6, 2 / 924)]
)
def test_the_p_value_of_rows_that_do_not_overlap(n: int, p: float) -> None:
    assert p_value(range(n), range(100, 100 + n)) == pytest.approx(p)


def test_of_random_splits_none_as_far_is_no_p_value_of_zero() -> None:
    # 12 v 12 has 2,704,156 splits, of which two part the rows as far: 19,999 at random miss them
    assert p_value(range(12), range(100, 112)) == 1 / 20_000


def test_a_p_value_by_hand() -> None:
    # 1 3 | 2 6: of the six splits 1 2|3 6, 1 3|2 6 and their mirrors part the means by 2 or more
    assert p_value([1, 3], [2, 6]) == pytest.approx(4 / 6)
    # 1 2 | 7 8 9: of the ten splits no other has a t as large
    assert p_value([1, 2], [7, 8, 9]) == pytest.approx(1 / 10)


def test_unequal_groups_are_compared_by_t_and_not_by_the_difference_of_means() -> None:
    # 0 9 | 8 8 8: the means are 3.5 apart, t = 3.5 / sqrt(40.5 / 2) = 0.78. 0 8 | 8 8 9, which
    # can be chosen in three ways, has 4.33 and 1.08, and 8 9 | 0 8 8 has 3.17 and 1.17, in three
    # ways too. 8 8 | 0 8 9, in three ways, has 2.33 and 0.82. By the difference p would be 0.4.
    assert p_value([0, 9], [8, 8, 8]) == pytest.approx(1)


@given(st.data())
def test_groups_of_equal_size_are_compared_by_the_difference_of_means(data: st.DataObject) -> None:
    # whatever the values, t^2 rises with it: the sum of all squares is the same for all splits
    n = data.draw(st.integers(2, 6))
    a, b = (data.draw(st.lists(st.integers(-50, 50), min_size=n, max_size=n)) for _ in "ab")
    pooled, total = [*a, *b], sum(a) + sum(b)
    apart = [abs(2 * sum(chosen) - total) for chosen in combinations(pooled, n)]
    as_far = sum(each >= abs(sum(a) - sum(b)) for each in apart)
    assert p_value(a, b) == pytest.approx(as_far / len(apart))


@pytest.mark.parametrize("n", [4, 5, 6, 8, 12])
def test_the_smallest_p_value_is_that_of_groups_that_do_not_overlap(n: int) -> None:
    assert p_value(range(n), range(100, 100 + n)) == pytest.approx(smallest_p(n))
    assert (smallest_p(n) == 1 / SPLITS) == (n >= FIRST_RANDOM)


@pytest.mark.parametrize("sizes", [(4, 5), (5, 6), (4, 6), (7, 8), (4, 8)])
def test_no_pair_of_fewer_seeds_has_a_smaller_p_value(sizes: tuple[int, int]) -> None:
    few, many = sizes
    p = p_value(range(few), [100.0] * many)
    assert smallest_p(many) <= p == pytest.approx(1 / math.comb(few + many, few))


def welch(x: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
    """|t| of scipy's Welch test, with 0 / 0 = 0."""
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        t = scipy.stats.ttest_ind(x, y, axis=axis, equal_var=False).statistic
    return np.where(np.isclose(x.mean(axis), y.mean(axis)), 0.0, np.abs(t))


def scipys(a: Sequence[float], b: Sequence[float]) -> float:
    """The share of all splits whose |t| is at least as large."""
    found = scipy.stats.permutation_test(
        (a, b), welch, vectorized=True, n_resamples=math.inf, alternative="greater"
    )
    return float(found.pvalue)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("sizes", [(4, 4), (6, 6), (4, 7), (7, 5), (9, 4)])
def test_the_p_value_is_that_of_scipy(law: str, sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(sizes))
    a, b = (LAWS[law](rng, (n,)).tolist() for n in sizes)
    moved = [value + 1.5 for value in b]
    assert p_value(a, b) == pytest.approx(scipys(a, b), abs=1e-12)
    assert p_value(a, moved) == pytest.approx(scipys(a, moved), abs=1e-12)


def test_the_p_value_of_random_splits_is_close_to_that_of_all() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=9).tolist(), rng.normal(0.9, 1, 9).tolist()
    exact = scipys(a, b)
    noise = math.sqrt(exact * (1 - exact) / SPLITS)
    assert p_value(a, b) == pytest.approx(exact, abs=4 * noise)


@given(pairs_of_rows, st.randoms())
def test_a_p_value_depends_on_no_order_of_seeds_or_rows(
    rows: tuple[list[int], list[int]], random: Random
) -> None:
    a, b = rows
    assert p_value(shuffled(b, random), shuffled(a, random)) == p_value(a, b)


def shuffled(values: Sequence[float], random: Random) -> list[float]:
    return random.sample(values, len(values))


units = st.floats(1e-3, 1e3) | st.floats(-1e3, -1e-3)


@given(pairs_of_rows, units, st.floats(-1e3, 1e3))
def test_a_p_value_depends_on_no_unit_and_no_zero(
    rows: tuple[list[int], list[int]], unit: float, zero: float
) -> None:
    other = ([unit * value + zero for value in row] for row in rows)
    assert p_value(*other) == p_value(*rows)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=7), st.randoms())
def test_a_row_never_differs_from_itself(values: list[float], random: Random) -> None:
    assert p_value(values, shuffled(values, random)) == 1.0


def test_a_group_without_variance_gives_a_p_value() -> None:
    assert p_value([5.0] * 4, [5.0] * 6) == 1.0  # t = 0 / 0 for every split
    assert p_value([5.0] * 4, [6.0] * 6) == pytest.approx(1 / 210)  # t is infinite for one of them
    assert p_value([5.0] * 5, [6.0] * 5) == pytest.approx(2 / 252)


def test_sums_that_differ_by_rounding_alone_are_tied() -> None:
    # 0.1 + 0.2 + 0.3 is 0.6000000000000001, and 0.3 + 0.2 + 0.1 is 0.6
    assert p_value([0.1, 0.2, 0.3], [0.3, 0.2, 0.1]) == 1.0
    assert p_value([0.1, 0.2, 0.3, 0.4], [0.25] * 4) == 1.0


# Calibration: how often equal rows are called different


@pytest.mark.parametrize("law", LAWS)
def test_over_all_splits_of_any_12_values_at_most_5_in_100_are_called_different(law: str) -> None:
    for pool in LAWS[law](np.random.default_rng(1), (4, 12)).tolist():
        splits = [set(chosen) for chosen in combinations(range(12), 6)]
        pairs = [([pool[k] for k in one], [pool[k] for k in range(12) if k not in one])
                 for one in splits]  # fmt: skip
        assert (
            sum(p <= 0.05 for p in permutation_p_values(pairs)) <= 0.05 * 924
        )  # no binomial bound: these are all


@pytest.mark.parametrize("law", LAWS)
def test_of_unequal_numbers_of_seeds_at_most_5_in_100_are_called_different_too(law: str) -> None:
    for pool in LAWS[law](np.random.default_rng(3), (2, 11)).tolist():
        splits = [set(chosen) for chosen in combinations(range(11), 4)]
        pairs = [([pool[k] for k in few], [pool[k] for k in range(11) if k not in few])
                 for few in splits]  # fmt: skip
        assert sum(p <= 0.05 for p in permutation_p_values(pairs)) <= 0.05 * len(pairs)


@pytest.mark.parametrize("law", ["normal", "very heavy-tailed", "skewed"])
def test_above_20_000_splits_at_most_5_in_100_are_called_different(law: str) -> None:
    trials = 400
    drawn = LAWS[law](np.random.default_rng(2), (trials, 2, 9)).tolist()
    assert at_most(sum(p_value(a, b) <= 0.05 for a, b in drawn), trials)
