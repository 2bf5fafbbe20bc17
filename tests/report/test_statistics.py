"""Intervals, p-values, spreads and rank agreement: by hand, against scipy, and in simulation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from random import Random

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from gan_bench.report.statistics import (
    MIN_SEEDS,
    SPLITS,
    Spread,
    agreement,
    interval,
    p_value,
    sources,
)
from laws import LAWS, at_most

# Whole numbers: two sums are equal or far apart, so that rounding decides nothing.
few, many = (
    st.lists(st.integers(-1000, 1000), min_size=low, max_size=high)
    for low, high in ((1, 7), (9, 12))
)
pairs_of_rows = st.tuples(few, few) | st.tuples(many, many)  # all splits, and random ones


# Intervals


def test_the_interval_is_that_of_the_t_table() -> None:
    # mean 3, s = sqrt(2.5), t(4 degrees of freedom, 97.5 %) = 2.776445 from a printed table
    reach = 2.776445 * math.sqrt(2.5) / math.sqrt(5)
    assert interval([1, 2, 3, 4, 5]) == pytest.approx((3 - reach, 3 + reach), rel=1e-6)


@given(st.lists(st.floats(-1e3, 1e3), min_size=MIN_SEEDS, max_size=12))
def test_the_interval_is_that_of_scipy(values: list[float]) -> None:
    computed, error = interval(values), np.std(values, ddof=1) / math.sqrt(len(values))
    if error < 1e-9:
        return
    expected = scipy.stats.t.interval(0.95, len(values) - 1, np.mean(values), error)
    assert computed == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_equal_values_give_an_interval_of_no_width() -> None:
    assert interval([0.1] * 6) == pytest.approx((0.1, 0.1), rel=1e-15)


def test_under_four_seeds_there_is_no_interval() -> None:
    assert [interval([1.0, 2.0, 3.0][:n]) for n in range(MIN_SEEDS)] == [None] * MIN_SEEDS


@pytest.mark.parametrize("n", [4, 6, 10])
def test_of_intervals_of_normal_values_95_in_100_hold_the_mean(n: int) -> None:
    trials = 2_000
    drawn = np.random.default_rng(n).normal(7, 3, (trials, n))
    found = [interval(values) for values in drawn.tolist()]
    held = sum(low <= 7 <= high for low, high in filter(None, found))
    assert scipy.stats.binomtest(held, trials, 0.95).pvalue > 0.001


# The permutation test


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


def scipys(a: Sequence[float], b: Sequence[float]) -> float:
    def distance(x: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
        return np.asarray(np.abs(x.mean(axis) - y.mean(axis)))

    found = scipy.stats.permutation_test(
        (a, b), distance, vectorized=True, n_resamples=math.inf, alternative="greater"
    )
    return float(found.pvalue)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("sizes", [(4, 4), (6, 6), (4, 7), (7, 5)])
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


def test_sums_that_differ_by_rounding_alone_are_tied() -> None:
    # 0.1 + 0.2 + 0.3 is 0.6000000000000001, and 0.3 + 0.2 + 0.1 is 0.6
    assert p_value([0.1, 0.2, 0.3], [0.3, 0.2, 0.1]) == 1.0
    assert p_value([0.1, 0.2, 0.3, 0.4], [0.25] * 4) == 1.0


# Calibration: how often equal rows are called different


@pytest.mark.parametrize("law", LAWS)
def test_over_all_splits_of_any_12_values_at_most_5_in_100_are_called_different(law: str) -> None:
    for pool in LAWS[law](np.random.default_rng(1), (4, 12)).tolist():
        ps = []
        for chosen in combinations(range(12), 6):
            rest = [pool[k] for k in range(12) if k not in chosen]
            ps.append(p_value([pool[k] for k in chosen], rest))
        assert sum(p <= 0.05 for p in ps) <= 0.05 * 924  # no binomial bound: these are all


@pytest.mark.parametrize("law", ["normal", "very heavy-tailed", "skewed"])
def test_above_20_000_splits_at_most_5_in_100_are_called_different(law: str) -> None:
    trials = 400
    drawn = LAWS[law](np.random.default_rng(2), (trials, 2, 9)).tolist()
    assert at_most(sum(p_value(a, b) <= 0.05 for a, b in drawn), trials)


# Where the spread comes from


def test_the_spread_of_seeds_has_two_parts() -> None:
    # s = 5 over seeds, of which 3 is sampling: 4 is left for training
    values = [10 - 5 / math.sqrt(2), 10 + 5 / math.sqrt(2)]
    spread = sources(values, [3.0, 3.0])
    assert (spread.seeds, spread.training, spread.sampling) == pytest.approx((5, 4, 3))
    assert sources([0.0, 0.0], [3.0, 4.0]).sampling == pytest.approx(math.sqrt(12.5))  # variances
    assert sources([1.0, 1.1], [3.0, 3.0]).training == 0


def test_an_unknown_part_of_the_spread_is_none() -> None:
    alone = sources([1.0], [0.5])
    assert (alone.seeds, alone.training, alone.sampling) == (None, None, 0.5)
    unknown = sources([1.0, 3.0], [None, 0.5])
    assert (unknown.training, unknown.sampling) == (None, None)
    assert unknown.seeds == pytest.approx(math.sqrt(2))
    assert sources([], []) == Spread(None, None, None)


@pytest.mark.parametrize("value", [0.1, 1e100, 1 / 3])
def test_equal_values_have_no_spread_at_all(value: float) -> None:
    assert sources([value] * 7, [None] * 7).seeds == 0.0


def test_the_parts_are_found_again_in_simulated_seeds() -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(0, 2, 4_000) + rng.normal(0, 1, 4_000)
    found = sources(values.tolist(), [1.0] * 4_000)
    assert found.training == pytest.approx(2, rel=0.05)


# Rankings


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=8))
def test_agreement_is_kendall_s_tau_b(rows: list[tuple[int, int]]) -> None:
    a, b = zip(*rows, strict=True)
    expected = float(scipy.stats.kendalltau(a, b).statistic)
    found = agreement(a, b)
    assert (found is None) == math.isnan(expected)
    assert found is None or found == pytest.approx(expected)


def test_agreement_by_hand() -> None:
    assert agreement([1, 2, 3], [10, 20, 30]) == 1
    assert agreement([1, 2, 3], [30, 20, 10]) == -1
    assert agreement([1, 2, 3], [10, 30, 20]) == pytest.approx(1 / 3)  # two pairs for, one against
    assert agreement([1, 2], [1, 2]) is None  # two rows agree or do not: that is no degree
    assert agreement([1, 1, 1], [1, 2, 3]) is None
