"""Images as people see them, whatever their channels, and PNG files that say who drew them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from gan_bench.base import pictures


def images(channels: int, side: int = 16) -> np.ndarray:
    shape = (2, channels, side, side + 4)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_grey_is_repeated_and_colour_stays() -> None:
    grey, colour = images(1), images(3)
    assert np.array_equal(pictures.shown(grey), np.concatenate([grey] * 3, axis=1))
    assert np.array_equal(pictures.shown(colour), colour)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_images_of_any_number_of_channels_can_be_shown(channels: int) -> None:
    shown = pictures.shown(images(channels))
    assert (shown.shape, shown.dtype) == ((2, 3, 16, 20), np.uint8)


def test_transparency_shows_a_light_checkerboard() -> None:
    opaque, clear = images(4), images(4)
    opaque[:, 3], clear[:, 3] = 255, 0
    assert np.array_equal(pictures.shown(opaque), opaque[:, :3])
    board = pictures.shown(clear)
    assert set(np.unique(board)) == {225, 255}
    assert np.array_equal(board[0], board[1])  # the colours that nobody can see do not matter
    half = opaque.copy()
    half[:, 3] = 51  # a fifth
    assert np.allclose(pictures.shown(half), 0.2 * opaque[:, :3] + 0.8 * board, atol=0.51)


def test_a_png_says_that_gan_bench_drew_it() -> None:
    with Image.open(io.BytesIO(pictures.png(Image.new("RGB", (3, 2))))) as picture:
        assert picture.size == (3, 2)
        assert picture.text["Software"] == "gan-bench"  # type: ignore[attr-defined]


def test_words_are_drawn_as_wide_as_they_are() -> None:
    short, long = pictures.words("a", 20), pictures.words("a longer line", 20)
    assert short.width < long.width
    assert short.height == long.height == 20
    assert np.asarray(long).min() < 120
    assert pictures.words("", 20).width == 1


def test_tiles_stand_in_rows_without_space() -> None:
    tiles = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, 2, 3), np.uint8)
    picture = np.asarray(pictures.tiled(tiles, 3))
    assert picture.shape == (4, 9, 3)
    assert picture[::2, ::3, 0].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert np.array_equal(picture[:2, 3:6], np.ones((2, 3, 3)))


@pytest.mark.parametrize(("count", "columns"), [(6, 3), (5, 3), (2, 8), (8, 8)])
@pytest.mark.parametrize("space", [0, 2])
def test_tiles_are_those_of_torchvision(count: int, columns: int, space: int) -> None:
    from torch import from_numpy
    from torchvision.utils import make_grid

    shape = (count, 3, 4, 5)
    given = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    sheet = make_grid(from_numpy(given), nrow=columns, padding=space, pad_value=255)
    assert np.array_equal(pictures.tiled(given, columns, space), sheet.permute(1, 2, 0))


@pytest.mark.parametrize(
    ("shape", "reduced"), [((16, 20), (16, 20)), ((100, 40), (50, 20)), ((100, 51), (50, 26))]
)
def test_only_large_images_are_reduced(shape: tuple[int, int], reduced: tuple[int, int]) -> None:
    given = np.full((2, 3, *shape), 7, np.uint8)
    assert np.array_equal(pictures.reduced(given, 50), np.full((2, 3, *reduced), 7))


def test_a_webp_file_has_a_limit_even_of_noise() -> None:
    noise = images(3, 128)[0].transpose(1, 2, 0)
    for content in (noise, np.zeros_like(noise)):
        file = pictures.webp(Image.fromarray(content))
        assert len(file) <= pictures.BYTES_PER_PIXEL * content[..., 0].size
        again = Image.open(io.BytesIO(file))
        assert (again.format, again.size) == ("WEBP", (132, 128))
        assert file == pictures.webp(Image.fromarray(content))
