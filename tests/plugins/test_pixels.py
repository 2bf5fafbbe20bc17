"""Pixels as features, the distance to the nearest training image, and the spread."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist, pdist

from gan_bench import Samples, Unscorable
from gan_bench_plugins import nn_ratio as nn_ratio_plugin
from gan_bench_plugins import pixels
from gan_bench_plugins import spread as spread_plugin
from gan_bench_plugins.nn_ratio import nearest, nn_ratio
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


# -- the nearest training image -----------------------------------------------------------------


def test_nearest_is_exact_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    train, points = rng.random((2, 130, 20)).astype(np.float32)
    points[7] = train[3]
    expected = cdist(points.astype(float), train.astype(float)).min(1)
    assert nearest(points, train) == pytest.approx(expected, abs=1e-5)
    monkeypatch.setattr(nn_ratio_plugin, "CELLS", 1_000)
    assert nearest(points, train) == pytest.approx(expected, abs=1e-5)
    assert nearest(points, train)[7] == 0


def test_a_memoriser_has_a_ratio_near_zero_and_noise_a_large_one(as_pixels: Seen) -> None:
    ratios = [nn_ratio(as_pixels(name)) for name in ("100% copies", "50% copies", PERFECT)]
    assert ratios[0] < 0.1
    assert ratios[1:] == pytest.approx([0.5, 1], abs=0.05)
    # averages of many images are near to all, so a ratio a little below 1 proves no copying
    assert 0.85 < nn_ratio(as_pixels("blur 1.0")) < ratios[2] - 0.02
    assert nn_ratio(as_pixels("only noise")) > 1.5


X = np.random.default_rng(3).random((9, 2)).astype(np.float32)


@pytest.mark.parametrize(
    ("held_out", "said"),
    [
        (None, "no held-out images"),
        (X[:0], "no held-out images"),
        (X[:4], "nothing is held out"),  # they are training images
    ],
)
def test_without_held_out_images_there_is_no_ratio(held_out: np.ndarray | None, said: str) -> None:
    with pytest.raises(Unscorable, match=said):
        nn_ratio(Samples(real=X, fake=X, train=X, held_out=held_out))


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


def test_what_reads_pixels_says_so() -> None:
    plugins = (nn_ratio_plugin, spread_plugin)
    offers = [offer for each in plugins for offer in each.gan_bench_metrics([])]
    assert [(o.name, o.features, o.reads_train, o.higher_is_better) for o in offers] == [
        ("nn-ratio", "pixels", True, True),
        ("spread", "pixels", False, True),
    ]
