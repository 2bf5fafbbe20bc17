"""The expected best of k trials, against brute force and known answers."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from gan_bench.report.tuning.expected import bounds, expected_best, rank_weights, redrawn

COSTS = np.array([3.0, 1.0, 4.0, 1.5])


def brute(choosing: np.ndarray, reporting: np.ndarray, k: int) -> float:
    """The mean over all n^k ordered draws with repetition."""
    draws = product(range(len(choosing)), repeat=k)
    return float(np.mean([reporting[min(draw, key=choosing.__getitem__)] for draw in draws]))


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_it_is_the_mean_over_all_draws(k: int) -> None:
    assert expected_best(COSTS, COSTS)[k - 1] == pytest.approx(brute(COSTS, COSTS, k))


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_what_is_reported_is_that_of_the_trial_that_was_chosen(k: int) -> None:
    reporting = np.array([2.0, 8.0, 0.5, 3.0])  # in another order than they are chosen by
    assert expected_best(COSTS, reporting)[k - 1] == pytest.approx(brute(COSTS, reporting, k))


def test_one_trial_is_their_mean_and_more_are_never_worse() -> None:
    expected = expected_best(COSTS, COSTS)
    assert expected[0] == pytest.approx(COSTS.mean())
    assert (np.diff(expected) < 0).all()
    assert expected[-1] >= COSTS.min()


def test_of_uniform_costs_it_is_one_over_k_plus_one() -> None:
    costs = (np.arange(20_000) + 0.5) / 20_000
    ranks = np.sort(costs)
    left = np.arange(len(ranks), -1, -1) / len(ranks)
    for k in (1, 2, 5):
        weights = left[:-1] ** k - left[1:] ** k
        assert ranks @ weights == pytest.approx(1 / (k + 1), rel=1e-3)
    small = (np.arange(200) + 0.5) / 200
    assert expected_best(small, small)[4] == pytest.approx(1 / 6, rel=1e-2)


def test_the_chances_of_all_ranks_are_one() -> None:
    assert rank_weights(7).sum(axis=1) == pytest.approx(np.ones(7))


def test_rows_with_the_same_costs_are_redrawn_alike() -> None:
    assert np.array_equal(redrawn(COSTS, COSTS), redrawn(COSTS, COSTS))
    low, high = bounds(redrawn(COSTS, COSTS))
    expected = expected_best(COSTS, COSTS)
    assert (low <= expected).all()
    assert (expected <= high).all()
    assert low[0] < high[0]


def test_the_range_of_one_trial_is_that_of_a_mean() -> None:
    costs = np.random.default_rng(0).normal(10, 1, 64)
    low, high = bounds(redrawn(costs, costs))[:, 0]
    half = 1.96 * costs.std() / 8  # sqrt(64)
    assert (high - low) / 2 == pytest.approx(half, rel=0.1)
