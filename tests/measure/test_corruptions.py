"""Corruptions have the fault that they name, in its strength, on images of any shape."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from gan_bench.contract.offers import Fault
from gan_bench.contract.protocol import Data
from gan_bench.data.cache import Prepared
from gan_bench.measure.corruptions import (
    Material,
    Strengths,
    blur,
    copies,
    corrupted,
    noise,
    only_noise,
    repeat,
    rows_of_modes,
    shift,
)
from gan_bench.measure.selftest import Both

STRENGTHS = Strengths(kept=(3, 1), distinct=(4, 1), sigmas=(1, 2), stds=(8, 32), shares=(0.5, 1.0))


def smooth(count: int, channels: int = 3, size: int = 16, seed: int = 0) -> np.ndarray:
    """Images without edges or noise, all different, none near black or white."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 6, (count, channels, 1, 1))
    waves = np.sin(phase + np.linspace(0, 3, size)[:, None]) * np.cos(np.linspace(0, 2, size))
    return np.asarray(128 + 60 * waves).astype(np.uint8)


@pytest.mark.parametrize(("channels", "size"), [(1, 28), (3, 16), (3, 33)])
def test_every_corruption_is_as_many_images_of_the_same_shape(channels: int, size: int) -> None:
    other, train = smooth(24, channels, size), smooth(60, channels, size, 1)
    material = Material(other=other, train=train, pool=train, labels=np.arange(60) % 5)
    sets = list(corrupted(material, STRENGTHS))
    assert {each.fault for each in sets} == set(get_args(Fault))
    assert len({each.name for each in sets}) == len(sets)
    for each in sets:
        assert (each.images.shape, each.images.dtype) == (other.shape, np.uint8), each.name


def test_corruptions_are_the_same_each_time_and_leave_their_material_alone() -> None:
    other, train = smooth(24), smooth(60, seed=1)
    material = Material(other=other, train=train, pool=train, labels=np.arange(60) % 5)
    twice = [list(corrupted(material, STRENGTHS)) for _ in range(2)]
    for one, again in zip(*twice, strict=True):
        assert np.array_equal(one.images, again.images), one.name
    assert np.array_equal(other, smooth(24))
    assert np.array_equal(train, smooth(60, seed=1))


def test_without_labels_no_mode_is_lost() -> None:
    material = Material(other=smooth(24), train=smooth(60), pool=smooth(60))
    assert "lost modes" not in {each.fault for each in corrupted(material, STRENGTHS)}


def test_kept_modes_nest_are_spread_over_the_pool_and_repeated_where_too_few() -> None:
    labels = np.arange(1000) % 20
    few, more = (rows_of_modes(labels, kept, 50) for kept in (3, 8))
    assert (len(set(labels[few])), len(set(labels[more]))) == (3, 8)
    assert set(labels[few]) < set(labels[more])
    assert len(set(few)) == 50
    assert few.max() > 900
    rows = rows_of_modes(labels[:100], 1, 50)
    assert (len(rows), len(set(rows))) == (50, 5)


def test_a_repeated_image_is_repeated() -> None:
    assert len(np.unique(repeat(smooth(24), 4), axis=0)) == 4
    assert not np.ptp(repeat(smooth(24), 1), axis=0).any()


def test_a_shift_is_known_in_pixels() -> None:
    assert shift(smooth(5), 32).mean() - smooth(5).mean() == pytest.approx(32)
    assert shift(np.full((1, 1, 2, 2), 250, np.uint8), 32).max() == 255


def test_noise_has_its_deviation_and_no_bias() -> None:
    images = smooth(40)
    added = noise(images, 8).astype(float) - images
    assert added.std() == pytest.approx(8, rel=0.02)
    assert added.mean() == pytest.approx(0, abs=0.1)


def test_blur_takes_detail_and_is_as_strong_at_every_size() -> None:
    dots = np.random.default_rng(0).integers(0, 256, (4, 3, 32, 32), dtype=np.uint8)
    assert dots.std() > blur(dots, 1).std() > blur(dots, 2).std() > 0
    large = dots.repeat(2, axis=-1).repeat(2, axis=-2)
    halved = blur(large, 2).reshape(4, 3, 32, 2, 32, 2).mean((3, 5))
    assert np.abs(halved - blur(dots, 2)).mean() < 2


def test_only_noise_has_nothing_of_an_image() -> None:
    made = only_noise((20, 3, 16, 16))
    assert made.mean() == pytest.approx(127.5, abs=2)
    assert np.corrcoef(made[..., 1:].ravel(), made[..., :-1].ravel())[0, 1] < 0.05


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_share_of_copies_is_near_training_images_and_none_is_exact(share: float) -> None:
    other, train = smooth(20, seed=1), smooth(60)
    found = copies(other, train, share).astype(int)
    nearest = np.abs(found[:, None] - train[None]).max((2, 3, 4)).min(1)
    assert (nearest[: round(20 * share)] > 0).all()
    assert (nearest[: round(20 * share)] <= 3).all()
    assert np.array_equal(found[round(20 * share) :], other[round(20 * share) :])


def test_both_splits_are_one_pool_the_training_images_first() -> None:
    train, held_out = smooth(6), smooth(4, seed=1)
    data = Data(name="d", fingerprint="", shape=(3, 16, 16), train=6, held_out=4)
    pool = Both(Prepared(data, train, held_out, {}))
    rows = np.array([0, 5, 6, 9])
    assert np.array_equal(pool[rows], np.concatenate([train, held_out])[rows])
