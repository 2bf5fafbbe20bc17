"""What is known of the pixels is what Pillow and numpy say of them."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image

from gan_bench.data.choosing.facts import Facts, facts_of, luma


def images(count: int = 50, channels: int = 3, shape: tuple[int, int] = (20, 28)) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, channels, *shape), np.uint8)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("shape", [(20, 28), (64, 64), (8, 8), (300, 280)])
def test_facts(channels: int, shape: tuple[int, int]) -> None:
    pixels = images(3, channels, shape)
    facts = facts_of(pixels)
    shown = np.stack([np.asarray(image_of(each)).transpose(2, 0, 1) for each in pixels])
    assert facts.mean == pytest.approx(shown.mean((1, 2, 3)))
    assert facts.min.tolist() == shown.min((1, 2, 3)).tolist()
    assert facts.max.tolist() == shown.max((1, 2, 3)).tolist()
    deviation = np.sqrt(shown.astype(float).var((2, 3)).mean(1))
    assert facts.deviation == pytest.approx(deviation, rel=1e-4)
    grey = np.stack([np.asarray(image_of(each).convert("L"), float) for each in pixels])
    inner = 4 * grey[:, 1:-1, 1:-1]
    inner = inner - grey[:, :-2, 1:-1] - grey[:, 2:, 1:-1] - grey[:, 1:-1, :-2] - grey[:, 1:-1, 2:]
    assert facts.sharpness == pytest.approx(inner.var((1, 2)), rel=1e-4)
    assert facts.digest[1].tobytes() == hashlib.sha256(pixels[1].tobytes()).digest()
    assert facts.thumb.shape == (3, channels, 8, 8)
    for cells, plane in zip(facts.thumb[-1], [*shown[-1], *pixels[-1, 3:]], strict=True):
        assert cells.tolist() == thumb_of(plane).tolist()


def thumb_of(plane: np.ndarray) -> np.ndarray:
    """(8, 8): the means of the cells, rounded."""
    large = np.repeat(np.repeat(plane.astype(float), 8, axis=0), 8, axis=1)
    cells = large.reshape(8, plane.shape[0], 8, plane.shape[1]).mean((1, 3))
    return np.asarray(np.floor(cells + 0.5))


def image_of(pixels: np.ndarray) -> Image.Image:
    """As it is seen: over white."""
    image = Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    if image.mode == "RGB":
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def test_colours_that_nobody_sees_are_not_measured() -> None:
    black_and_clear = np.zeros((1, 4, 8, 8), np.uint8)
    facts = facts_of(black_and_clear)
    assert (facts.mean, facts.min, facts.max, facts.deviation) == (255, 255, 255, 0)
    assert facts.grey.all()


def test_luma_is_that_of_pillow() -> None:
    pixels = images()
    expected = np.stack([np.asarray(image_of(each).convert("L")) for each in pixels])
    assert np.array_equal(luma(pixels)[:, 0], expected)
    assert np.array_equal(luma(np.repeat(pixels[:, :1], 3, axis=1)), pixels[:, :1])


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (8, 8)])
def test_no_images_and_tiny_ones(shape: tuple[int, int]) -> None:
    assert len(facts_of(images(0, 3, shape)).mean) == 0
    assert facts_of(images(2, 3, shape)).sharpness.shape == (2,)


def test_chunks_are_joined() -> None:
    pixels = images()
    joined = Facts.joined([facts_of(pixels[:20]), facts_of(pixels[20:])])
    assert np.array_equal(joined.thumb, facts_of(pixels).thumb)
    assert len(Facts.joined([]).mean) == 0
    assert joined.at(np.array([3])).mean == pytest.approx(pixels[3].mean())
