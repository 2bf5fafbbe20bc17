"""Intervals, spreads and rank agreement: by hand, against scipy, and in simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from gan_bench.report.statistics import MIN_SEEDS, Spread, agreement, interval, sources

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


@pytest.mark.parametrize("values", [2, 40, 10_000])
def test_agreement_of_many_rows_is_that_of_scipy(values: int) -> None:
    a, b = np.random.default_rng(values).integers(0, values, (2, 600)).tolist()
    expected = scipy.stats.kendalltau(a, b, method="asymptotic").statistic
    assert agreement(a, b) == pytest.approx(expected, abs=1e-12)


def test_agreement_by_hand() -> None:
    assert agreement([1, 2, 3], [10, 20, 30]) == 1
    assert agreement([1, 2, 3], [30, 20, 10]) == -1
    assert agreement([1, 2, 3], [10, 30, 20]) == pytest.approx(1 / 3)  # two pairs for, one against
    assert agreement([1, 2], [1, 2]) is None  # two rows agree or do not: that is no degree
    assert agreement([1, 1, 1], [1, 2, 3]) is None
