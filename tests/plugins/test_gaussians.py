"""gaussians-ring and gaussians-grid: blobs at known points, and judges that find them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.stats import chisquare, kstest

from gan_bench import Dataset, Features, Images, UsageError
from gan_bench_plugins import gaussians
from gan_bench_plugins.gaussians import MIXTURES, SIGMA, WIDTH, Blobs, Mixture, drawn

OFFERS = dict(
    zip(
        (mixture.name for mixture in MIXTURES),
        zip(gaussians.gan_bench_datasets(), gaussians.gan_bench_features(), strict=True),
        strict=True,
    )
)
BOTH = pytest.mark.parametrize("mixture", MIXTURES, ids=lambda mixture: mixture.name)
PUBLISHED = {  # SHA-256 of the first 200 images at 16 px
    "gaussians-ring": "e48c9ff2cd5bbafd7a4cf5a515d9267debbc37de5ca925b905339eea424f397d",
    "gaussians-grid": "6d37d2564d6795d200825618d22f8f9ec26d6375d8eae9cc9f98a6f0a325204a",
}


def offers(mixture: Mixture) -> tuple[Dataset, Features]:
    return OFFERS[mixture.name]


def loaded(mixture: Mixture, size: int = 16) -> Images:
    return offers(mixture)[0].load(None, size, False)


def named(mixture: Mixture, images: np.ndarray) -> np.ndarray:
    """(N, C, H, W) uint8 -> (N,) modes."""
    judge = offers(mixture)[1]
    assert judge.modes is not None
    return judge.modes(judge.load("cpu", None)(torch.from_numpy(images)).numpy())


@BOTH
def test_the_images_are_those_that_were_published(mixture: Mixture) -> None:
    """Whoever changes a pixel must change the data set's version."""
    first = loaded(mixture).train[0:200]
    assert hashlib.sha256(first.tobytes()).hexdigest() == PUBLISHED[mixture.name]
    assert offers(mixture)[0].version == "1"


@BOTH
def test_the_points_are_normal_around_equally_frequent_centres(mixture: Mixture) -> None:
    points, labels = drawn(mixture, 20_000, 0)
    assert chisquare(np.bincount(labels)).pvalue > 1e-3
    standard = (points - np.array(mixture.centres)[labels]) / SIGMA
    for column in standard.T:
        assert kstest(column, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(standard.T)[0, 1]) < 0.03


def test_a_ring_has_8_modes_and_a_grid_25_and_they_are_far_apart() -> None:
    for mixture, count in zip(MIXTURES, (8, 25), strict=True):
        centres = np.array(mixture.centres)
        apart = np.hypot(*(centres[:, None] - centres).transpose(2, 0, 1))
        assert len(centres) == offers(mixture)[0].modes == count
        assert apart[apart > 0].min() > 10 * SIGMA  # more than the radius of two modes
        assert np.abs(centres).max() + 2 * WIDTH < 1  # a blob is inside the image


@BOTH
@pytest.mark.parametrize("size", [16, 17, 32, 64])
def test_the_judge_names_real_images_at_every_size(mixture: Mixture, size: int) -> None:
    images = loaded(mixture, size)
    right = named(mixture, images.held_out[0:2000]) == images.held_out_labels[:2000]  # type: ignore[index]
    assert right.mean() >= 0.999  # 1 in 3,000 is more than 4 standard deviations away


@BOTH
def test_the_features_begin_with_the_point(mixture: Mixture) -> None:
    points = drawn(mixture, 500, 1)[0]
    f = offers(mixture)[1].load("cpu", None)
    images = torch.from_numpy(Blobs(points, 16)[0:500])
    features = f(images)
    assert features.shape == (500, 4)
    assert np.abs(features[:, :2].numpy() - points).max() < SIGMA / 4
    torch.testing.assert_close(f(images[3:5]), features[3:5])


SPOILT: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "black": lambda x, _: np.zeros_like(x),
    "white": lambda x, _: np.full_like(x, 255),
    "noise": lambda x, random: random.integers(0, 256, x.shape, np.uint8),
    "two blobs": lambda x, _: np.maximum(x, np.roll(x, x.shape[-1] // 2, -1)),
    "a faint blob": lambda x, _: x // 3,
    "a stroke": lambda x, _: np.maximum(x, np.roll(x, 3, -1)),
}


@BOTH
@pytest.mark.parametrize("fault", SPOILT)
def test_what_is_no_single_blob_has_no_mode(mixture: Mixture, fault: str) -> None:
    images = SPOILT[fault](loaded(mixture).held_out[0:500], np.random.default_rng(0))
    assert (named(mixture, images) == -1).mean() >= 0.99


@BOTH
def test_a_blob_between_the_modes_has_none(mixture: Mixture) -> None:
    first, second = mixture.centres[0], mixture.centres[1]
    middle = (np.array([first]) + np.array([second])) / 2
    assert named(mixture, Blobs(np.array([first]), 16)[0:1]).tolist() == [0]
    assert named(mixture, Blobs(middle, 16)[0:1]).tolist() == [-1]


@BOTH
def test_faint_noise_moves_no_blob_to_another_mode(mixture: Mixture) -> None:
    images = loaded(mixture, 32)
    noise = np.random.default_rng(0).normal(0, 15, (500, 1, 32, 32))
    noisy = (images.held_out[0:500] + noise).clip(0, 255).astype(np.uint8)
    assert (named(mixture, noisy) == images.held_out_labels[:500]).mean() >= 0.99  # type: ignore[index]


@BOTH
def test_it_slices_like_an_array(mixture: Mixture) -> None:
    images = loaded(mixture)
    assert (len(images.train), len(images.held_out)) == (20_000, 10_000)
    assert np.array_equal(images.train[2:9][1:3], images.train[3:5])
    assert images.train[20_000:].shape == (0, 1, 16, 16)
    assert not np.array_equal(images.train[0:100], images.held_out[0:100])


def test_every_number_of_a_judge_is_in_its_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    ring, grid = (offers(mixture)[1].digest for mixture in MIXTURES)
    before = ring(None)
    assert before != grid(None)
    monkeypatch.setattr(gaussians, "UNLIKE", 0.3)
    assert ring(None) != before


@BOTH
@pytest.mark.parametrize("size", [15, 257])
def test_a_size_that_cannot_be_drawn_is_refused(mixture: Mixture, size: int) -> None:
    with pytest.raises(UsageError, match=f"{mixture.name} is drawn at 16 to 256 px, not at {size}"):
        loaded(mixture, size)
