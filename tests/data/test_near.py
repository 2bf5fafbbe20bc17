"""Copies are found whatever was done to them; images that only look alike are not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from gan_bench.data.choosing.facts import facts_of
from gan_bench.data.choosing.near import near_groups

SIDE, COUNT = 64, 40


def scene(seed: int, side: int = SIDE) -> Image.Image:
    """Smooth shapes, as photographs have them, with a little noise."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8))
    smooth = coarse.resize((side, side), Image.Resampling.BICUBIC)
    noise = rng.normal(0, 3, (side, side, 3))
    return Image.fromarray(np.clip(np.asarray(smooth) + noise, 0, 255).astype(np.uint8))


SCENES = [scene(seed) for seed in range(COUNT)]


def groups(images: list[Image.Image]) -> np.ndarray:
    pixels = np.stack([np.asarray(each).transpose(2, 0, 1) for each in images])
    return near_groups(facts_of(pixels).thumb)


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


CHANGES = {
    "jpeg 95": lambda image: jpeg(image, 95),
    "jpeg 50": lambda image: jpeg(image, 50),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "mirrored jpeg 75": lambda image: jpeg(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 75),
    "resized": lambda image: image.resize((40, 40)).resize((SIDE, SIDE), Image.Resampling.LANCZOS),
    "brighter": lambda image: image.point(lambda value: min(255, round(value * 1.03))),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_in_the_group_of_its_original_and_in_no_other(change: str) -> None:
    found = groups([*SCENES, *map(CHANGES[change], SCENES)])
    assert np.array_equal(found[:COUNT], found[COUNT:])
    assert len(set(found)) == COUNT


def test_a_small_difference_in_one_place_is_a_difference() -> None:
    """As another mouth in a drawn face."""
    changed = [image.copy() for image in SCENES]
    for image in changed:
        image.paste("white", (24, 40, 40, 48))
    found = groups([*SCENES, *changed])
    assert (found[:COUNT] == found[COUNT:]).mean() < 0.1


def test_flat_images_are_alike_only_if_their_colours_are() -> None:
    colours = [(0, 0, 0), (1, 1, 1), (128, 128, 128), (255, 255, 255)]
    found = groups([Image.new("RGB", (SIDE, SIDE), colour) for colour in colours])
    assert found[0] == found[1]
    assert len(set(found)) == 3


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_images(count: int) -> None:
    thumbs = np.zeros((count, 3, 8, 8), np.uint8)
    assert near_groups(thumbs).tolist() == [0] * count


def test_the_order_changes_nothing() -> None:
    images = [*SCENES, *map(CHANGES["jpeg 50"], SCENES)]
    order = np.random.default_rng(0).permutation(len(images))
    found, shuffled = groups(images), groups([images[k] for k in order])
    together = found[:, None] == found
    assert np.array_equal(together[np.ix_(order, order)], shuffled[:, None] == shuffled)
