"""An image file -> pixels, by one rule for all formats, or the reason why not."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from decoded import file_of, pixels_of, why_dropped
from PIL import Image
from sets import SIZE, dropped, random_rgb, with_honest

from hostile import CLAIMS, LIES, gif, image_bytes

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def through(image: Image.Image, kind: str, size: int = SIZE, **options: object) -> np.ndarray:
    """What the rule makes of an image that has been a file: (H, W, 3) uint8."""
    return pixels_of(file_of(image, kind, **options), (size, size))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "WEBP", "TGA", "ICO", "JPEG2000"])
def test_an_image_of_the_right_size_keeps_every_pixel(kind: str) -> None:
    pixels = random_rgb()
    options = {"lossless": True} if kind == "WEBP" else {}
    assert np.array_equal(through(Image.fromarray(pixels), kind, **options), pixels)


def test_alpha_lies_over_white() -> None:
    image = Image.new("RGBA", (SIZE, SIZE), (0, 0, 255, 0))
    image.paste((255, 0, 0, 255), (0, 0, SIZE, 4))
    image.paste((0, 0, 0, 51), (0, 4, SIZE, 8))  # a fifth of black on white
    out = through(image, "PNG")
    assert np.all(out[:4] == RED)
    assert np.all(out[4:8] == 204)
    assert np.all(out[8:] == WHITE)  # not the blue that nobody sees


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_palette_becomes_its_colours_and_what_is_transparent_white(kind: str) -> None:
    image = Image.new("P", (SIZE, SIZE), 0)
    image.putpalette([*RED, *GREEN, *BLUE])
    image.paste(1, (0, 0, SIZE, 8))
    image.paste(2, (0, 8, 8, SIZE))
    out = through(image, kind, transparency=2)
    assert np.all(out[:8] == GREEN)
    assert np.all(out[8:, :8] == WHITE)
    assert np.all(out[8:, 8:] == RED)


def test_a_transparent_colour_is_white_and_of_an_animation_the_first_frame_is_taken() -> None:
    out = through(Image.new("RGB", (SIZE, SIZE), GREEN), "PNG", transparency=GREEN)
    assert np.all(out == WHITE)
    first, second = (Image.new("RGB", (SIZE, SIZE), colour) for colour in (RED, BLUE))
    assert np.all(through(first, "GIF", save_all=True, append_images=[second]) == RED)


@pytest.mark.parametrize(
    ("mode", "colour", "rgb"),
    [
        ("CMYK", (0, 255, 255, 0), RED),
        ("L", 77, (77, 77, 77)),
        ("LA", (0, 51), (204, 204, 204)),  # over white
        ("1", 0, (0, 0, 0)),
        ("1", 1, WHITE),
    ],
)
def test_every_kind_of_colour_becomes_rgb(mode: str, colour: Any, rgb: tuple[int, ...]) -> None:
    assert np.all(through(Image.new(mode, (SIZE, SIZE), colour), "TIFF") == rgb)


@pytest.mark.parametrize(
    ("orientation", "red_side"),
    [(1, np.s_[:14, :]), (3, np.s_[18:, :]), (6, np.s_[:, 18:]), (8, np.s_[:, :14])],
)
def test_the_exif_rotation_is_applied(orientation: int, red_side: tuple[slice, slice]) -> None:
    image = Image.new("RGB", (32, 32), GREEN)
    image.paste(RED, (0, 0, 32, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = through(image, "PNG", size=32, exif=exif)
    assert np.all(out[red_side] == RED)
    assert np.mean(np.all(out == RED, axis=-1)) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("wide", [True, False])
def test_the_centre_is_cropped(wide: bool) -> None:
    image = Image.new("RGB", (96, 32) if wide else (32, 96), RED)
    image.paste(GREEN, (32, 0, 64, 32) if wide else (0, 32, 32, 64))
    inner = through(image, "PNG")[2:-2, 2:-2]  # the seam itself is antialiased
    assert np.all(np.abs(inner.astype(int) - GREEN) <= 3)


def test_the_short_side_is_resized_not_cut() -> None:
    image = Image.new("RGB", (64, 48), RED)
    image.paste(GREEN, (0, 24, 64, 48))
    out = through(image, "PNG")
    assert np.all(np.abs(out[:6].astype(int) - RED) <= 3)
    assert np.all(np.abs(out[-6:].astype(int) - GREEN) <= 3)


@pytest.mark.parametrize("side", [32, 64, 128])
def test_a_fine_checkerboard_shrinks_to_grey(side: int) -> None:
    board = (np.indices((side, side)).sum(0) % 2 * 255).astype(np.uint8)
    out = through(Image.fromarray(board), "PNG").astype(int)
    assert np.all(np.abs(out[1:-1, 1:-1] - 127.5) <= 4)


def test_every_colour_at_every_alpha_over_white_is_what_pillow_composes() -> None:
    levels = np.arange(256, dtype=np.uint8)
    colour, alpha = np.meshgrid(levels, levels)
    layer = Image.fromarray(np.stack([colour, 255 - colour, colour // 2, alpha], -1))
    white = Image.new("RGBA", layer.size, "white")
    composed = np.asarray(Image.alpha_composite(white, layer).convert("RGB"))
    assert np.array_equal(through(layer, "PNG", 256), composed)


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)


def test_heic_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_bench.data.decoding.opening.HEIF", "no_such_package")
    assert why_dropped(HEIC)[0] == "HEIC or HEIF, which needs: pip install gan-bench[heif]"


def test_heic_is_read_with_its_extra() -> None:
    heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    image = Image.new("RGB", (64, 64), RED)
    heif.from_pillow(image).save(buffer, quality=95)
    assert np.abs(pixels_of(buffer.getvalue()).astype(int) - RED).max() <= 4
    assert why_dropped(HEIC)[0] == "unreadable"


def test_an_image_smaller_than_asked_is_refused_not_enlarged() -> None:
    small = file_of(Image.new("RGB", (40, 15)), "PNG")
    assert why_dropped(small) == ("smaller than 16 px", "40 x 15")


LARGE = "larger than 50 megapixels"


@pytest.mark.parametrize("name", CLAIMS)
def test_what_claims_too_many_pixels_is_refused_by_its_header(name: str) -> None:
    kind, detail = why_dropped(CLAIMS[name]())
    assert kind == LARGE, detail
    if name != "huge-frame.gif":  # there Pillow is the first to refuse
        assert re.fullmatch(r"\d+ x \d+", detail)


@pytest.mark.parametrize("name", LIES)
def test_a_small_header_around_a_large_image_is_no_way_in(name: str) -> None:
    kind, _ = why_dropped(LIES[name]())
    assert kind in ("unreadable", LARGE)


def test_what_decoders_warn_of_is_not_shown_beside_the_reasons(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    folder = with_honest(tmp_path / "set")
    (folder / "cut.tif").write_bytes(image_bytes("TIFF")[:-60])
    (folder / "frame.gif").write_bytes(gif(32, 32, frame=(10_000, 10_000)))
    assert len(dropped(folder)) == 2
    assert [str(warning.message) for warning in recwarn] == []
