"""Corruptions have the fault that they name, in its strength, on images of any shape."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import get_args

import numpy as np
import pytest

from gan_bench.contract.offers import Fault
from gan_bench.contract.protocol import Data
from gan_bench.data.cache import Prepared
from gan_bench.measure import corruptions, selftest
from gan_bench.measure.corruptions import (
    Labelled,
    Material,
    blur,
    brighten,
    copies,
    ghosts,
    jpeg,
    mirror,
    mixed_with_noise,
    move,
    noise,
    one_colour,
    only_noise,
    repeat,
    rows_of_modes,
    stuck,
    swap_halves,
    trace,
    turn_hue,
    zipf,
)

CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "repeat": partial(repeat, distinct=3),
    "stuck": partial(stuck, share=0.5),
    "zipf": zipf,
    "mixed with noise": partial(mixed_with_noise, share=0.25),
    "brighten": partial(brighten, levels=32),
    "blur": partial(blur, sigma=1),
    "noise": partial(noise, std=8),
    "jpeg": partial(jpeg, quality=50),
    "turn hue": partial(turn_hue, degrees=30),
    "mirror": partial(mirror, every=2),
    "move": partial(move, pixels=0.25),
    "ghosts": partial(ghosts, share=0.5),
    "left and right": partial(swap_halves, axis=3),
    "top and bottom": partial(swap_halves, axis=2),
}


def smooth(count: int, channels: int = 3, size: int = 16, seed: int = 0) -> np.ndarray:
    """Images without edges or noise, all different, none near black or white."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 6, (count, channels, 1, 1))
    waves = np.sin(phase + np.linspace(0, 3, size)[:, None]) * np.cos(np.linspace(0, 2, size))
    return np.asarray(128 + 60 * waves).astype(np.uint8)


def material(channels: int = 3, size: int = 16) -> Material:
    train = smooth(60, channels, size, 1)
    return Material(
        other=smooth(24, channels, size),
        train=train,
        labelled=Labelled(train, np.arange(60) % 20),
    )


def same_images(some: np.ndarray, others: np.ndarray) -> bool:
    """Whether all of the first are among the second."""
    return {image.tobytes() for image in some} <= {image.tobytes() for image in others}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize(
    ("channels", "size", "height"),
    [(1, 28, 28), (3, 16, 16), (3, 33, 33), (3, 33, 20), (4, 24, 16)],
)
def test_a_changed_set_has_as_many_images_of_the_same_shape(
    change: Callable[[np.ndarray], np.ndarray], channels: int, size: int, height: int
) -> None:
    images = smooth(24, channels, size)[:, :, :height]
    made = change(images)
    assert (made.shape, made.dtype) == (images.shape, np.uint8)
    assert np.array_equal(made, change(images))
    untouched = smooth(24, channels, size)[:, :, :height]
    assert np.array_equal(images, untouched)
    assert not np.array_equal(made, images) or change is CHANGES["turn hue"]


def test_doctor_corrupts_by_every_fault_that_a_metric_can_declare() -> None:
    of = material()
    assert of.labelled is not None
    made = selftest.corruptions_for(of.labelled.labels)
    assert {each.fault for each in made} == set(get_args(Fault))
    assert len({each.name for each in made}) == len(made)
    for each in made:
        assert each.make(of).shape == of.other.shape, each.name


def test_without_labels_no_mode_is_lost() -> None:
    assert "lost modes" not in {each.fault for each in selftest.corruptions_for(None)}
    unlabelled = Material(other=smooth(24), train=smooth(60))
    with pytest.raises(ValueError, match="modes of these images are not known"):
        corruptions.lost_modes(3).make(unlabelled)


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


def test_a_share_of_a_stuck_set_is_one_image() -> None:
    images = smooth(24)
    made = stuck(images, 0.5)
    assert (made[:12] == images[0]).all()
    assert np.array_equal(made[12:], images[12:])


def test_images_drawn_by_zipf_repeat_the_more_the_nearer_they_are_to_the_first() -> None:
    images = np.arange(2_000).astype(np.uint16).view(np.uint8).reshape(2_000, 1, 1, 2)
    drawn = zipf(images).copy().view(np.uint16).ravel()
    counts = np.bincount(drawn, minlength=2_000)
    assert counts[0] > 1.3 * counts[1] > 1.3 * counts[5] > 5
    assert 550 < (counts > 0).sum() < 700


def test_a_share_of_the_images_is_noise() -> None:
    images = smooth(20)
    made = mixed_with_noise(images, 0.25)
    assert np.array_equal(made[5:], images[5:])
    assert np.array_equal(made[:5], only_noise(images[:5].shape))


def test_how_much_brighter_images_are_is_known() -> None:
    assert brighten(smooth(5), 32).mean() - smooth(5).mean() == pytest.approx(32)
    assert brighten(np.full((1, 1, 2, 2), 250, np.uint8), 32).max() == 255


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


def test_one_colour_is_grey() -> None:
    made = one_colour((4, 3, 8, 8))
    assert (made.shape, made.dtype, set(made.ravel())) == ((4, 3, 8, 8), np.uint8, {128})


def test_a_lower_quality_of_jpeg_changes_more() -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 32, 32), dtype=np.uint8)
    fine, coarse = (abs(jpeg(images, q).astype(int) - images).mean() for q in (90, 20))
    assert 0 < fine < coarse


def test_hue_turns_red_into_green_into_blue_and_leaves_grey() -> None:
    red, green, blue = np.eye(3)[:, None, :, None, None] * 200
    for before, after in ((red, green), (green, blue), (blue, red)):
        assert np.array_equal(turn_hue(before.astype(np.uint8), 120), after.astype(np.uint8))
    grey = np.full((1, 3, 2, 2), 77, np.uint8)
    assert np.array_equal(turn_hue(grey, 30), grey)
    assert np.array_equal(turn_hue(smooth(4), 360), smooth(4))
    assert np.array_equal(turn_hue(smooth(4, channels=1), 90), smooth(4, channels=1))


def test_every_second_image_is_mirrored() -> None:
    images = smooth(6)
    assert np.array_equal(mirror(mirror(images)), images)
    made = mirror(images, every=2)
    assert np.array_equal(made[1::2], images[1::2])
    assert np.array_equal(made[::2], images[::2, ..., ::-1])


def test_images_move_by_parts_of_a_pixel() -> None:
    images = smooth(6)
    assert np.array_equal(move(images, 1)[..., 1:], images[..., :-1])
    assert np.array_equal(move(images, 0), images)
    ramp = np.broadcast_to(np.arange(0, 160, 10, dtype=np.uint8), (2, 3, 16, 16))
    assert (move(ramp, 0.5)[..., 1:] == ramp[..., 1:] - 5).all()


def test_a_ghost_is_the_next_image() -> None:
    images = smooth(6)
    assert np.array_equal(ghosts(images, 1), np.roll(images, -1, 0))
    assert ghosts(images, 0.5)[0] == pytest.approx(images[:2].astype(float).mean(0), abs=0.6)


@pytest.mark.parametrize("axis", [2, 3])
def test_the_halves_of_two_images_are_joined(axis: int) -> None:
    images = smooth(6, size=17)
    first, second = (np.split(each, [8], axis) for each in (swap_halves(images, axis), images))
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], np.roll(second[1], -1, 0))


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_share_of_copies_is_near_training_images_and_none_is_exact(share: float) -> None:
    other, train = smooth(20, seed=1), smooth(60)
    made = copies(other, train, share, trace).astype(int)
    nearest = np.abs(made[:, None] - train[None]).max((2, 3, 4)).min(1)
    assert (nearest[: round(20 * share)] > 0).all()
    assert (nearest[: round(20 * share)] <= 3).all()
    assert np.array_equal(made[round(20 * share) :], other[round(20 * share) :])


def test_copies_are_training_images_changed_as_asked() -> None:
    of = material()
    assert same_images(copies(of.other, of.train, 1), of.train)
    moved = corruptions.copied_and("mirrored", mirror).make(of)
    assert not same_images(moved[:1], of.train)
    assert same_images(mirror(moved), of.train)


def test_both_splits_are_one_pool_the_training_images_first() -> None:
    train, held_out = smooth(6), smooth(4, seed=1)
    data = Data(name="d", fingerprint="", shape=(3, 16, 16), train=6, held_out=4)
    pool = selftest.Both(Prepared(data, train, held_out, {}))
    rows = np.array([0, 5, 6, 9])
    assert np.array_equal(pool[rows], np.concatenate([train, held_out])[rows])
