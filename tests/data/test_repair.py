"""Damaged files whose pixels are whole are used; those whose pixels are not are dropped."""

from __future__ import annotations

import numpy as np
import pytest
from decoded import decoded, file_of, pixels_of, why_dropped
from PIL import Image, PngImagePlugin

from hostile import png_chunk

PHOTO = Image.fromarray(
    (
        np.add.outer(np.arange(64), np.arange(80))[..., None]
        + np.random.default_rng(0).integers(0, 90, (64, 80, 3))
    ).astype(np.uint8)
)
KINDS: dict[str, dict[str, object]] = {
    "baseline": {},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 4},
    "rows": {"restart_marker_rows": 1},
    "4:4:4": {"subsampling": 0},
    "optimised": {"optimize": True},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("missing", [1, 2])
def test_a_jpeg_without_its_end_is_used(kind: str, missing: int) -> None:
    whole = file_of(PHOTO, "JPEG", **KINDS[kind])
    item = decoded(whole[:-missing])
    assert np.array_equal(item.pixels, decoded(whole).pixels)
    assert decoded(whole).origin.repaired == ""


@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_with_missing_pixels_is_dropped_wherever_it_is_cut(kind: str) -> None:
    whole = file_of(PHOTO, "JPEG", **KINDS[kind])
    start = whole.index(b"\xff\xda")
    for cut in range(start, len(whole) - 60, 13):
        assert why_dropped(whole[:cut], (64, 64))[0] == "unreadable", (cut, len(whole))


def test_a_large_jpeg_without_pixels_is_dropped_though_few_would_be_seen() -> None:
    whole = file_of(PHOTO.resize((1600, 1280)), "JPEG")
    start = whole.index(b"\xff\xda") + 14
    for cut in (start, start + 100, len(whole) - 300):
        assert why_dropped(whole[:cut])[0] == "unreadable"


def with_chunk(kind: bytes, content: bytes = b"k\0text") -> bytes:
    """A PNG with a chunk whose checksum is wrong."""
    chunk = bytearray(png_chunk(kind, content))
    chunk[-1] ^= 1
    png = file_of(PHOTO, "PNG")
    place = png.index(b"IDAT") - 4
    return png[:place] + bytes(chunk) + png[place:]


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"pHYs", b"gAMA", b"vpAg"])
def test_a_png_with_damaged_notes_is_used(kind: bytes) -> None:
    item = decoded(with_chunk(kind))
    assert item.origin.repaired == "PNG with damaged notes"
    assert np.array_equal(item.pixels, decoded(file_of(PHOTO, "PNG")).pixels)


def test_what_changes_its_look_is_kept_when_a_png_is_repaired() -> None:
    image = Image.new("RGBA", (16, 16), (0, 0, 0, 0)).convert("P")
    exif = Image.Exif()
    exif[0x0112] = 3
    text = PngImagePlugin.PngInfo()
    text.add_text("who", "damaged" * 9)
    whole = file_of(image, "PNG", transparency=0, exif=exif, pnginfo=text)
    damaged = whole.replace(b"damageddamaged", b"damagedDAMAGED", 1)
    assert np.array_equal(pixels_of(damaged, alpha=True), pixels_of(whole, alpha=True))


@pytest.mark.parametrize("kind", [b"tRNS", b"iCCP", b"PLTE", b"eXIf"])
def test_a_png_is_dropped_if_what_changes_its_look_is_damaged(kind: bytes) -> None:
    assert why_dropped(with_chunk(kind, bytes(6)))[0] == "unreadable"


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "BMP", "TIFF", "TGA", "AVIF", "JPEG2000"])
def test_half_a_file_is_dropped(kind: str) -> None:
    image = PHOTO.convert("P") if kind == "GIF" else PHOTO
    whole = file_of(image, kind)
    assert why_dropped(whole[: len(whole) // 2])[0] == "unreadable"
    assert why_dropped(whole[: len(whole) * 9 // 10])[0] == "unreadable"


def test_bytes_behind_an_image_do_not_matter() -> None:
    for kind in ("PNG", "JPEG", "WEBP"):
        whole = file_of(PHOTO, kind)
        item = decoded(whole + bytes(1000))
        assert item.origin.repaired == ""
        assert np.array_equal(item.pixels, decoded(whole).pixels)
