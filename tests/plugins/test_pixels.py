"""Pixels as features, and the spread."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist

from gan_bench import Samples, Unscorable
from gan_bench_plugins import pixels
from gan_bench_plugins import spread as spread_plugin
from gan_bench_plugins.spread import spread

PERFECT = "other real images"
Seen = Callable[[str], Samples]

# -- the features -------------------------------------------------------------------------------


def look(images: np.ndarray) -> np.ndarray:
    return pixels.load("cpu")(torch.from_numpy(images)).numpy()


@pytest.mark.parametrize(
    ("shape", "F"),
    [
        ((3, 16, 16), 768),
        ((1, 28, 28), 256),
        ((3, 64, 64), 768),
        ((1, 8, 8), 64),
        ((3, 9, 40), 432),
    ],
)
def test_pixels_have_at_most_16_to_a_side(shape: tuple[int, int, int], F: int) -> None:
    found = look(np.full((2, *shape), 51, np.uint8))
    assert (found.shape, found.dtype) == ((2, F), np.float32)
    assert np.allclose(found, 0.2)


def test_pixels_are_means_of_areas_and_small_images_are_not_changed() -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 32, 32), dtype=np.uint8)
    expected = images.reshape(4, 3, 16, 2, 16, 2).mean((3, 5)) / 255
    assert look(images) == pytest.approx(expected.reshape(4, -1), abs=1e-6)
    small = images[:, :1, :8, :8].copy()
    assert (look(small) * 255).round().astype(np.uint8).tolist() == small.reshape(4, -1).tolist()


def test_the_digest_is_that_of_the_definition() -> None:
    (offer,) = pixels.gan_bench_features()
    assert offer.digest(None) == hashlib.sha256(pixels.DEFINITION.encode()).hexdigest()
    assert offer.name == pixels.NAME


# -- the spread ---------------------------------------------------------------------------------


def test_spread_is_the_ratio_of_root_mean_square_distances() -> None:
    rng = np.random.default_rng(5)
    real, fake = rng.random((40, 6)), rng.random((30, 6)) ** 2
    expected = np.sqrt((pdist(fake) ** 2).mean() / (pdist(real) ** 2).mean())
    assert spread(Samples(real=real, fake=fake)) == pytest.approx(expected, rel=1e-9)


def test_spread_of_corrupted_images(as_pixels: Seen) -> None:
    assert spread(as_pixels(PERFECT)) == pytest.approx(1, abs=0.05)
    assert spread(as_pixels("1 repeated")) == 0
    assert spread(as_pixels("10 repeated")) > 0.8  # it cannot count: that is what diversity is for


def test_spread_refuses_real_images_that_are_all_the_same() -> None:
    with pytest.raises(Unscorable, match="real images are all the same"):
        spread(Samples(real=np.ones((9, 3)), fake=np.random.rand(9, 3)))


def test_spread_reads_pixels() -> None:
    (offer,) = spread_plugin.gan_bench_metrics([])
    assert (offer.name, offer.features, offer.higher_is_better) == ("spread", "pixels", True)
