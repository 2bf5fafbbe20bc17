"""NDB: its level on equal distributions, its z-test against scipy's, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from gan_bench import Unscorable
from gan_bench_plugins.ndb import FEWEST, MOST, bin_count, differ, fill, fit_bins, ndb


@pytest.mark.parametrize(("F", "n", "repeats"), [(2, 1_000, 60), (16, 1_000, 60)])
def test_one_bin_in_twenty_fails_if_distributions_are_equal(F: int, n: int, repeats: int) -> None:
    rng = np.random.default_rng(0)
    found = [ndb(*rng.normal(size=(2, n, F))) for _ in range(repeats)]
    assert np.mean(found) == pytest.approx(0.05, abs=4 * np.std(found) / math.sqrt(repeats))
    assert np.std(found) / math.sqrt(repeats) < 0.01


def test_the_test_of_a_bin_is_that_of_two_proportions() -> None:
    """Without Yates's correction, the chi-squared test of a 2 x 2 table is the same as z^2."""
    some, others = np.array([30, 70, 100]), np.array([21, 33, 46])
    expected = [
        chi2_contingency([[a, 200 - a], [b, 100 - b]], correction=False).pvalue < 0.05
        for a, b in zip(some, others, strict=True)
    ]
    assert differ(some, others).tolist() == expected
    assert differ(np.array([20, 180]), np.array([20, 80])).tolist() == [True, True]
    # a bin that no one fills is no difference
    assert differ(np.array([0, 50]), np.array([0, 20])).tolist() == [False, False]


def test_lost_clusters_are_counted() -> None:
    """Ten far clusters, of which generated images show eight: two bins or more are empty."""
    rng = np.random.default_rng(1)
    where = 100 * np.eye(10)
    real = where[np.arange(2_000) % 10] + rng.normal(size=(2_000, 10))
    fake = where[np.arange(2_000) % 8] + rng.normal(size=(2_000, 10))
    same = where[np.arange(2_000) % 10] + rng.normal(size=(2_000, 10))
    assert ndb(real, same) < 0.15 < ndb(real, fake)
    assert ndb(real, same[::-1]) == ndb(real, same)


def test_one_repeated_image_fails_every_bin() -> None:
    real = np.random.default_rng(2).normal(size=(800, 16))
    assert ndb(real, np.repeat(real[:1], 800, 0)) == 1


def test_bins_expect_twenty_images_and_hold_five() -> None:
    assert [bin_count(n) for n in (40, 1_024, 25_000)] == [2, 51, MOST]
    points = np.random.default_rng(3).normal(size=(1_000, 64))
    centres = fit_bins(points, 50, np.random.default_rng(0))
    assert 10 < len(centres) < 50
    assert fill(centres, points).min() >= FEWEST
    assert fill(centres, points).sum() == 1_000


@pytest.mark.filterwarnings("error")
def test_fewer_different_images_than_bins_are_binned() -> None:
    rows = np.repeat(np.eye(3), 100, axis=0)
    assert ndb(rows, rows) < 1
    assert ndb(rows, np.repeat(rows[:1], 300, axis=0)) == 1


def test_ndb_repeats_itself_and_leaves_the_global_random_state_alone() -> None:
    real, fake = np.random.default_rng(4).normal(size=(2, 300, 4))
    before = np.random.get_state()[1].tolist()  # type: ignore[index]
    assert ndb(real, fake) == ndb(real, fake)
    assert np.random.get_state()[1].tolist() == before  # type: ignore[index]


def test_ndb_compares_any_number_of_generated_images_and_refuses_too_few() -> None:
    real, fake = np.random.default_rng(5).normal(size=(2, 400, 4))
    assert ndb(real, fake[:150]) < 0.4
    with pytest.raises(Unscorable, match=r"needs 80 images .* 79 real"):
        ndb(np.random.rand(79, 3), np.random.rand(90, 3))
