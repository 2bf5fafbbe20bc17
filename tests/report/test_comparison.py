"""The p value of two rows: seeds without a score, rows of unequal spread, ties."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from gan_bench.report.comparison import midranks, p_value, p_values, welch_p
from gan_bench.report.permutation import permutation_p_values
from laws import LAWS, at_most

WORST = math.inf  # the cost of a seed without a score


def shares(pairs: Sequence[tuple[Sequence[float], Sequence[float]]]) -> int:
    """How many pairs are called different."""
    return sum(p <= 0.05 for p in p_values(pairs))


# Two tests


@pytest.mark.filterwarnings("ignore:Precision loss")  # of scipy, where all values are equal
@given(st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=8), st.integers(4, 8))
def test_welch_s_test_is_that_of_scipy_with_a_degree_of_freedom_less(
    a: list[float], n: int
) -> None:
    b = np.random.default_rng(n).normal(3, 2, n).tolist()
    welch = scipy.stats.ttest_ind(a, b, equal_var=False)
    freedom = max(welch.df - 1, min(len(a), n) - 1)
    expected = 2 * scipy.stats.t.sf(abs(welch.statistic), freedom)
    assert welch_p(a, b) == pytest.approx(expected, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(("n", "spread"), [((6, 4), 3), ((8, 4), 3), ((12, 4), 5), ((6, 6), 3)])
def test_normal_rows_of_equal_means_are_called_different_in_5_percent_at_most(
    n: tuple[int, int], spread: float
) -> None:
    # with the degrees of freedom of Welch it would be 5.2 to 5.9 %
    rng, trials = np.random.default_rng(sum(n)), 20_000
    a, b = rng.normal(size=(trials, n[0])), spread * rng.normal(size=(trials, n[1]))
    wrong = sum(welch_p(x, y) <= 0.05 for x, y in zip(a.tolist(), b.tolist(), strict=True))
    assert at_most(wrong, trials, 0.05)


def test_two_rows_without_variance_are_equal_or_not() -> None:
    assert welch_p([0.1] * 4, [0.1] * 6) == 1.0
    assert welch_p([0.1] * 4, [0.2] * 6) == 0.0
    assert welch_p([1e-200, 2e-200] * 3, [3e-200, 4e-200] * 3) < 0.01  # squares underflow


@pytest.mark.parametrize("law", LAWS)
def test_the_p_value_is_the_larger_one_of_two_tests(law: str) -> None:
    rng = np.random.default_rng(0)
    pairs = [(LAWS[law](rng, (n,)).tolist(), LAWS[law](rng, (6,)).tolist()) for n in (4, 6, 9)]
    pairs = [(a, [value + 1 for value in b]) for a, b in pairs]
    expected = [
        max(p, welch_p(a, b)) for p, (a, b) in zip(permutation_p_values(pairs), pairs, strict=True)
    ]
    assert p_values(pairs) == [p_value(a, b) for a, b in pairs] == expected


@pytest.mark.parametrize("law", LAWS)
def test_a_bound_changes_no_p_value_below_it(law: str) -> None:
    rng = np.random.default_rng(1)
    groups = [(LAWS[law](rng, (6,)) + k % 4).tolist() for k in range(20)]
    pairs = [(a, b) for a in groups for b in groups if a is not b]
    exact, bounded = p_values(pairs), p_values(pairs, alpha=0.05)
    assert all(p == q if q <= 0.05 else p > 0.05 for p, q in zip(exact, bounded, strict=True))
    assert all(p >= q for p, q in zip(exact, bounded, strict=True))


@pytest.mark.parametrize(("n", "spread"), [((6, 4), 3), ((12, 4), 5), ((8, 8), 5), ((4, 12), 5)])
def test_rows_of_equal_means_and_unequal_spread_are_seldom_called_different(
    n: tuple[int, int], spread: float
) -> None:
    # the permutation of the difference of means calls 13.8 and 31 % of the first two different
    rng, trials = np.random.default_rng(1), 1_000
    a, b = rng.normal(size=(trials, n[0])), spread * rng.normal(size=(trials, n[1]))
    assert at_most(shares(list(zip(a.tolist(), b.tolist(), strict=True))), trials, 0.05)


# Seeds without a score


def test_midranks_by_hand() -> None:
    assert midranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1, 3.5, 2]
    assert midranks(np.array([WORST, 0.5, WORST, WORST, 0.1])).tolist() == [4, 2, 4, 4, 1]


@given(st.lists(st.sampled_from([0.0, 1.5, 2.5, WORST]), min_size=1, max_size=12))
def test_midranks_are_those_of_scipy(costs: list[float]) -> None:
    assert midranks(np.array(costs)).tolist() == scipy.stats.rankdata(costs).tolist()


def test_a_pair_with_a_seed_without_a_score_is_compared_by_midranks() -> None:
    # 97 99 101 103 have the ranks 1 to 4, 110 to 115 those from 5 to 10, and the worst share 11.5
    survivors = [97.0, 99.0, 101.0, 103.0, WORST, WORST]
    others = [110.0, 111.0, 112.0, 113.0, 114.0, 115.0]
    ranks = [1, 2, 3, 4, 11.5, 11.5], [5, 6, 7, 8, 9, 10]
    assert p_value(survivors, others) == p_value(*ranks) > 0.3
    assert p_value(survivors[:4], others) < 0.01


def test_a_row_whose_seeds_all_ended_without_a_score_is_tied_worst() -> None:
    assert p_value([WORST] * 6, [WORST] * 6) == 1.0
    assert p_value([WORST] * 6, range(6)) == pytest.approx(2 / 924)
    # 6 v 1 bad seeds of 6 are no chance, and 4 v 2 may be
    assert p_value([WORST] * 6, [*range(5), WORST]) < 0.05
    assert p_value([*range(2), *[WORST] * 4], [*range(4), *[WORST] * 2]) > 0.2


@pytest.mark.parametrize("worse", [0.5, 0.0], ids=["31 %", "50 %"])
@pytest.mark.parametrize("seeds", [6, 12])
def test_a_row_whose_bad_seeds_diverge_is_not_called_better(seeds: int, worse: float) -> None:
    rng, trials = np.random.default_rng(seeds), 500
    whole, other = rng.normal(size=(2, trials, seeds))
    fragile = np.where(other > worse, WORST, other)
    pairs = list(zip(whole.tolist(), fragile.tolist(), strict=True))
    rank = [midranks(np.array([*a, *b])) for a, b in pairs]
    better = [bool(r[seeds:].sum() < r[:seeds].sum()) for r in rank]
    called = [p <= 0.05 for p in p_values(pairs)]
    wrong = sum(each and first for each, first in zip(called, better, strict=True))
    assert at_most(wrong, trials, 0.025)


@pytest.mark.parametrize("worse", [0.5, 0.0], ids=["31 %", "50 %"])
def test_two_rows_whose_bad_seeds_diverge_alike_are_not_called_different(worse: float) -> None:
    drawn = np.random.default_rng(2).normal(size=(500, 2, 6))
    costs = np.where(drawn > worse, WORST, drawn).tolist()
    assert at_most(shares([(a, b) for a, b in costs]), 500)
