"""NDB: its level on equal distributions, its z-test against scipy's, and what it refuses."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from gan_bench import Samples, Unscorable
from gan_bench_plugins.ndb import (
    COUNTED,
    FEWEST,
    MOST,
    bin_count,
    compute,
    counted,
    differ,
    fill,
    fit_bins,
    gan_bench_metrics,
    lost_bins,
    ndb,
)


@pytest.mark.parametrize(("T", "n"), [(4_000, 256), (4_000, 512), (9_000, 1_024)])
def test_a_perfect_generator_fails_one_bin_in_twenty_of_a_table(T: int, n: int) -> None:
    """In a table all rows meet the same counts of the same training images."""
    rng = np.random.default_rng(0)
    train, kept = rng.normal(size=(T, 8)).astype(np.float32), dict[str, np.ndarray]()

    def keep(_: str, make: object) -> dict[str, np.ndarray]:
        kept.update(kept or make())  # type: ignore[operator]
        return kept

    rows = [rng.normal(size=(n, 8)).astype(np.float32) for _ in range(100)]
    found = [compute(Samples(real=train, fake=fake, train=train, keep=keep)) for fake in rows]
    assert np.mean(found) == pytest.approx(0.05, abs=0.02)
    (offer,) = gan_bench_metrics([])
    assert offer.real is not None
    assert np.mean(np.array(found) > offer.real[1]) <= 0.05


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
    train = where[np.arange(8_000) % 10] + rng.normal(size=(8_000, 10))
    fake = where[np.arange(1_000) % 8] + rng.normal(size=(1_000, 10))
    same = where[np.arange(1_000) % 10] + rng.normal(size=(1_000, 10))
    assert ndb(train, same) < 0.15 < ndb(train, fake)
    assert ndb(train, same[::-1]) == ndb(train, same)


def test_one_repeated_image_fails_every_bin() -> None:
    train = np.random.default_rng(2).normal(size=(4_000, 16))
    assert ndb(train, np.repeat(train[:1], 400, 0)) == 1


def test_bins_expect_twenty_images_and_hold_five() -> None:
    assert [bin_count(n) for n in (40, 1_024, 25_000)] == [2, 51, MOST]
    points = np.random.default_rng(3).normal(size=(1_000, 64))
    centres = fit_bins(points, 50, np.random.default_rng(0))
    assert 10 < len(centres) < 50
    assert fill(centres, points).min() >= FEWEST
    assert fill(centres, points).sum() == 1_000


def test_many_images_are_counted_without_a_copy_of_them_all() -> None:
    points = np.random.default_rng(7).random((40_000, 64), np.float32)
    centres = points[:10].astype(np.float64)
    rows = np.random.default_rng(8).permutation(len(points))[:39_000]
    apart = np.square(points[rows, None] - points[None, :10]).sum(2)
    fill(centres, points[:1])  # the import
    tracemalloc.start()
    try:
        counts = fill(centres, points, rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert counts.tolist() == np.bincount(apart.argmin(1), minlength=10).tolist()
    assert peak < points.nbytes  # in float64 they would be twice as many bytes


def test_more_training_images_are_counted_than_fitted() -> None:
    assert [counted(count) for count in (321, 10_000, 60_000)] == [161, 5_000, 55_000]


@pytest.mark.filterwarnings("error")
def test_fewer_different_images_than_bins_are_binned() -> None:
    rows = np.repeat(np.eye(3), 800, axis=0)
    assert ndb(rows, rows[::4]) < 1
    assert ndb(rows, np.repeat(rows[:1], 600, axis=0)) == 1


def test_ndb_repeats_itself_and_leaves_the_global_random_state_alone() -> None:
    train, fake = np.random.default_rng(4).normal(size=(2, 1_600, 4))
    before = np.random.get_state()[1].tolist()  # type: ignore[index]
    assert ndb(train, fake) == ndb(train, fake)
    assert np.random.get_state()[1].tolist() == before  # type: ignore[index]


def test_a_quarter_as_many_generated_images_are_read_as_training_images_are_counted() -> None:
    train, fake = np.random.default_rng(5).normal(size=(2, 2_000, 4))
    read = counted(len(train)) // COUNTED
    assert read == 250
    assert ndb(train, fake) == ndb(train, fake[:read])


@pytest.mark.parametrize(("T", "M"), [(1_500, 400), (4_000, 199)])
def test_too_few_images_are_refused(T: int, M: int) -> None:
    rng = np.random.default_rng(6)
    with pytest.raises(
        Unscorable, match=rf"{M} generated images and {T:,} real .* 200 and 1,600 for 10 bins"
    ):
        ndb(rng.normal(size=(T, 3)), rng.normal(size=(M, 3)))


def test_the_fewest_images_that_are_scored_make_ten_bins() -> None:
    train, fake = np.random.default_rng(6).normal(size=(2, 1_600, 3))
    score = ndb(train, fake[:200])
    assert score * 10 == pytest.approx(round(score * 10))  # a whole number of ten bins
    with pytest.raises(Unscorable):
        ndb(train, fake[:199])


def clusters(count: int, of: int, rng: np.random.Generator) -> np.ndarray:
    """Points around the first `of` of ten far centres, in turn."""
    where = 100 * np.eye(10)
    return where[np.arange(count) % of] + rng.normal(size=(count, 10))


def test_real_images_of_the_lost_clusters_are_shown() -> None:
    rng = np.random.default_rng(1)
    train, fake = clusters(8_000, 10, rng), clusters(1_000, 8, rng)
    shown = lost_bins(Samples(real=train, fake=fake, train=train))
    assert shown.fake is None
    assert shown.train is not None
    assert shown.train.shape[1] == 6
    of = shown.train % 10  # the cluster of each
    assert (of == of[:, :1]).all()  # one in each row
    assert set(of[:2, 0].tolist()) <= {8, 9}  # the empty ones come first
    assert {8, 9} <= set(of[:, 0].tolist())
    bins = len(shown_bins(train, fake))
    assert f" of {bins} bins are lost" in shown.says
    assert f"by 1,000 generated images: one bin is {1 / bins:.2g} of it" in shown.says


def shown_bins(train: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """The bins that `ndb` fits for these images."""
    kept = dict[str, np.ndarray]()
    compute(
        Samples(
            real=train,
            fake=fake,
            train=train,
            keep=lambda _, make: kept.update(make()) or kept,  # type: ignore[func-returns-value]
        )
    )
    return kept["bins"]


def test_a_bin_that_has_too_many_images_is_not_lost() -> None:
    train = np.repeat(np.eye(2, 4), 800, axis=0)  # two bins
    few = np.repeat(np.eye(2, 4), [180, 20], axis=0)
    shown = lost_bins(Samples(real=train, fake=few, train=train))
    assert shown.train is not None
    assert (shown.train >= 800).all()  # rows of the second alone
    with pytest.raises(Unscorable, match="No bin is lost"):
        lost_bins(Samples(real=train, fake=train[::8], train=train))
