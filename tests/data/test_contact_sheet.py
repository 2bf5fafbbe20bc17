"""The odd images of a set are found, kept with it, and shown on the contact sheet."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sets import blank, dataset, no_image_is_opened

from gan_bench.data.cache import Prepared, prepare
from gan_bench.data.choosing.odd import SHOWN, TILE, odd_left_out, reduced
from gan_bench.data.reporting.contact_sheet import contact_sheet, some_images
from gan_bench.data.reporting.report import LeftOut, Odd
from gan_bench.data.source import Source, files_at
from given import Draw

SIZE = 16
MAGENTA = (255, 0, 255)


def odd(prepared: Prepared, title: str) -> Odd:
    (kind,) = (each for each in prepared.report.odd if each.title.startswith(title))
    return kind


def titles(prepared: Prepared) -> list[str]:
    return [kind.title for kind in prepared.report.odd]


def pixels(sheet: bytes) -> np.ndarray:
    """(height, width, 3)."""
    with Image.open(io.BytesIO(sheet)) as picture:
        return np.asarray(picture.convert("RGB"))


def count(sheet: bytes, colour: tuple[int, int, int]) -> int:
    return int((pixels(sheet) == colour).all(axis=2).sum())


@pytest.fixture
def strange(shapes: Path) -> Path:
    """Forty shapes, and images that are odd in one way each."""
    noise = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    Image.new("RGB", (24, 24), "black").save(shapes / "black.png")
    Image.new("RGB", (24, 24), "white").save(shapes / "white.png")
    Image.fromarray(noise).save(shapes / "noise.png")
    Image.fromarray(np.tile(noise, (1, 4, 1))).save(shapes / "panorama.png")
    Image.fromarray(noise[:17, :18]).save(shapes / "small.png")
    return shapes


def test_the_images_at_both_ends_are_named_with_what_was_seen(strange: Path) -> None:
    prepared = prepare(files_at(strange), SIZE)
    assert odd(prepared, "darkest").names[0] == "black.png"
    assert odd(prepared, "darkest").seen[0] == "mean 0"
    assert odd(prepared, "brightest").names[0] == "white.png"
    assert odd(prepared, "brightest").seen[0] == "mean 255"
    assert set(odd(prepared, "flattest").names[:2]) == {"black.png", "white.png"}
    assert set(odd(prepared, "blurriest").names[:2]) == {"black.png", "white.png"}
    assert {"noise.png", "small.png"} <= set(odd(prepared, "sharpest").names[:3])


def test_the_smallest_originals_and_the_most_cropped_are_named(strange: Path) -> None:
    prepared = prepare(files_at(strange), SIZE)
    smallest, cropped = odd(prepared, "smallest"), odd(prepared, "most cropped")
    assert (smallest.names[0], smallest.seen[0]) == ("small.png", "18 x 17")
    assert (cropped.names, cropped.seen) == (
        ("panorama.png", "small.png"),
        ("75 % cut off", "5.6 % cut off"),
    )


def test_of_images_that_are_all_alike_in_size_none_is_called_small_or_cropped(
    shapes: Path,
) -> None:
    found = titles(prepare(files_at(shapes), SIZE))
    assert found == ["darkest", "brightest", "flattest", "blurriest", "sharpest"]


def test_equal_images_stand_beside_each_other(shapes: Path) -> None:
    (shapes / "copy.png").write_bytes((shapes / "007.png").read_bytes())
    prepared = prepare(files_at(shapes), SIZE)
    pairs = odd(prepared, "alike")
    assert {"007.png", "copy.png"} <= set(pairs.names)
    first = pairs.names.index("007.png")
    assert pairs.names[first + 1] == "copy.png"
    assert pairs.seen[first] == "equal"


def test_what_an_option_left_out_is_shown_by_its_kind() -> None:
    blurry = {row: LeftOut(f"{row}.png", "blurry", f"variance {row}") for row in range(20)}
    kinds = odd_left_out({**blurry, 30: LeftOut("30.png", "smaller than 64 px", "20 x 20")})
    assert [kind.about for kind in kinds] == ["blurry", "smaller than 64 px"]
    assert kinds[0].rows.tolist() == list(range(SHOWN))
    assert (kinds[1].rows.tolist(), kinds[1].seen) == ([30], ("20 x 20",))


def test_the_sheet_is_drawn_from_the_cache(strange: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = contact_sheet(prepare(files_at(strange), SIZE))
    monkeypatch.setattr("gan_bench.data.source.gather", no_image_is_opened)
    prepared = prepare(files_at(strange), SIZE)
    assert contact_sheet(prepared) == first
    assert len(prepared.tiles) == sum(len(kind.names) for kind in prepared.report.odd)


@pytest.mark.parametrize("sides", [(16, 16), (12, 20), (8, 40), (200, 120)], ids=str)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_sheet_shows_every_shape(channels: int, sides: tuple[int, int]) -> None:
    images = np.full((30, channels, *sides), 90, np.uint8)
    images[:, -1] = 255 if channels == 4 else 90
    images[0] = 20
    images[0, -1] = 255 if channels == 4 else 20
    prepared = prepare(Source(dataset("mine", images, images[:3])), 16)
    sheet = contact_sheet(prepared)
    tile = reduced(images[:1])[0, 0].size
    assert count(sheet, (20, 20, 20)) >= 2 * tile  # in the sample, and as the darkest
    assert count(sheet, (90, 90, 90)) >= 29 * tile
    assert pixels(sheet).shape[1] < 20 * TILE


@pytest.mark.parametrize("sides", [(16, 16), (12, 20), (200, 120)], ids=str)
def test_images_are_found_on_a_sheet_again(sides: tuple[int, int]) -> None:
    images = np.empty((8, 3, *sides), np.uint8)
    images[:] = np.arange(8)[:, None, None, None]
    prepared = prepare(Source(dataset("mine", images, images[:3])), 16)
    with Image.open(io.BytesIO(contact_sheet(prepared))) as opened:
        sheet = opened.convert("RGB")
    found = some_images(sheet, prepared.data, 8)
    assert [each.getpixel((0, 0)) for each in found] == [(k, k, k) for k in range(8)]
    assert all(len(each.getcolors()) == 1 for each in found)
    few = some_images(sheet, prepared.data, 3)
    assert [each.getpixel((0, 0))[0] for each in few] == [0, 4, 7]  # not of one class alone
    assert some_images(sheet.transpose(Image.Transpose.FLIP_TOP_BOTTOM), prepared.data, 8) == []


def test_a_named_data_set_has_a_sheet_too() -> None:
    images = blank(40)
    images[17] = 255
    prepared = prepare(Source(dataset("mine", images, blank(4))), SIZE)
    assert odd(prepared, "brightest").names[0] == "image 17"
    assert (prepared.report.pixels.min, prepared.report.pixels.max) == (0, 255)  # type: ignore[union-attr]
    assert count(contact_sheet(prepared), (255, 255, 255)) > 0


def test_large_images_are_kept_small() -> None:
    small = reduced(np.zeros((2, 3, 400, 1000), np.uint8))
    assert small.shape == (2, 3, 45, TILE)
    assert reduced(small) is small


def test_a_few_images_with_odd_names_have_a_sheet(tmp_path: Path, draw_shapes: Draw) -> None:
    folder = draw_shapes(tmp_path / "few", 10)
    Image.new("RGB", (24, 24), MAGENTA).save(folder / ("long" * 40 + "\x1b[31m\n文.png"))
    sheet = contact_sheet(prepare(files_at(folder), SIZE))
    assert count(sheet, MAGENTA) >= 64 * 64
