"""What is known of the pixels is what Pillow and numpy say of them."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image

from gan_bench.data.facts import Facts, facts_of, luma


def images(count: int = 50, channels: int = 3, shape: tuple[int, int] = (20, 28)) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, channels, *shape), np.uint8)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("shape", [(20, 28), (64, 64), (8, 8), (300, 280)])
def test_facts(channels: int, shape: tuple[int, int]) -> None:
    pixels = images(3, channels, shape)
    facts = facts_of(pixels)
    assert facts.mean == pytest.approx(pixels.mean((1, 2, 3)))
    assert facts.min.tolist() == pixels.min((1, 2, 3)).tolist()
    assert facts.max.tolist() == pixels.max((1, 2, 3)).tolist()
    deviation = np.sqrt(pixels.astype(float).var((2, 3)).mean(1))
    assert facts.deviation == pytest.approx(deviation, rel=1e-4)
    grey = np.stack([np.asarray(image_of(each).convert("L"), float) for each in pixels])
    inner = 4 * grey[:, 1:-1, 1:-1]
    inner = inner - grey[:, :-2, 1:-1] - grey[:, 2:, 1:-1] - grey[:, 1:-1, :-2] - grey[:, 1:-1, 2:]
    assert facts.sharpness == pytest.approx(inner.var((1, 2)), rel=1e-4)
    assert facts.digest[1].tobytes() == hashlib.sha256(pixels[1].tobytes()).digest()
    plane = np.repeat(np.repeat(pixels[-1, -1].astype(float), 8, axis=0), 8, axis=1)
    cells = plane.reshape(8, shape[0], 8, shape[1]).mean((1, 3))
    assert facts.thumb[-1, -1].tolist() == np.floor(cells + 0.5).tolist()


def image_of(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels[:3].transpose(1, 2, 0)))


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
