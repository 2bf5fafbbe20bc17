"""Colours as a careful viewer shows them: profiles, transparency, and every kind of file."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from decoded import SIDES, file_of, pixels_of, why_dropped
from PIL import Image, ImageCms

from hostile import png_chunk

RED, GREEN, WHITE = (255, 0, 0), (0, 255, 0), (255, 255, 255)


def icc(red: tuple[float, float], gamma: float = 2.2) -> bytes:
    """A profile of RGB like sRGB, with another red (x, y) and a gamma; D50 as the white."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = bytearray(srgb)
    count = struct.unpack_from(">I", content, 128)[0]
    for k in range(count):
        tag, start, _ = struct.unpack_from(">4sII", content, 132 + 12 * k)
        if tag == b"rXYZ":
            x, y = red
            struct.pack_into(">iii", content, start + 8, *(round(65536 * v) for v in (x, y, 0.01)))
    return bytes(content)


WIDE = icc((0.6097, 0.3111))  # the red of Adobe RGB


def test_colours_of_a_profile_become_those_of_srgb() -> None:
    image = Image.new("RGB", SIDES, (200, 60, 60))
    source = ImageCms.ImageCmsProfile(io.BytesIO(WIDE))
    srgb = ImageCms.createProfile("sRGB")
    expected = ImageCms.profileToProfile(image, source, srgb)
    assert expected is not None
    shown = pixels_of(file_of(image, "PNG", icc_profile=WIDE))
    assert np.array_equal(shown, np.asarray(expected))
    assert not np.array_equal(shown, np.asarray(image))
    palette = image.convert("P", palette=Image.Palette.ADAPTIVE)
    assert np.array_equal(pixels_of(file_of(palette, "PNG", icc_profile=WIDE)), shown)
    deep = np.full((*SIDES, 3), (200, 60, 60), np.uint16) * 257
    content = file_of(Image.new("RGB", SIDES), "PNG", icc_profile=WIDE)
    profile = content[content.index(b"iCCP") - 4 : content.index(b"IDAT") - 4]
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", *SIDES, 16, 2, 0, 0, 0))
    rows = zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep))
    png = b"\x89PNG\r\n\x1a\n" + head + profile + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")
    assert np.abs(pixels_of(png).astype(int) - shown).max() <= 1


def gama(content: bytes, value: int, *more: bytes) -> bytes:
    """The PNG with a gAMA of so many 1/100,000, and other chunks behind it."""
    at = content.index(b"IDAT") - 4
    chunks = png_chunk(b"gAMA", struct.pack(">I", value)) + b"".join(more)
    return content[:at] + chunks + content[at:]


@pytest.mark.parametrize("mode", ["L", "RGB", "LA", "RGBA", "P", "I;16"])
def test_a_png_of_linear_light_is_shown_as_a_screen_shows_it(mode: str) -> None:
    values = (55, 55, 55, 255)[-len(mode) :] if mode in ("LA", "RGBA") else 55
    values = 55 * 257 if mode == "I;16" else (55,) * 3 if mode == "RGB" else values
    content = file_of(Image.new(mode, SIDES, values), "PNG")
    plain = pixels_of(content)
    shown = 255 * (plain / 255) ** (1 / 2.2)
    assert np.abs(pixels_of(gama(content, 100_000)) - shown).max() <= 1
    assert np.array_equal(pixels_of(gama(content, 45_455)), plain)
    of_srgb = gama(content, 100_000, png_chunk(b"sRGB", b"\0"))
    assert np.array_equal(pixels_of(of_srgb), plain)


def test_gamma_leaves_transparency_as_it_is() -> None:
    content = file_of(Image.new("RGBA", SIDES, (55, 55, 55, 128)), "PNG")
    out = pixels_of(gama(content, 100_000), alpha=True)
    assert np.all(out[..., 3] == 128)
    assert np.all(out[..., 0] == round(255 * (55 / 255) ** (1 / 2.2)))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_a_profile_changes_no_transparency(mode: str) -> None:
    image = Image.new(mode, SIDES, (90, 60, 30, 128)[-len(mode) :])
    out = pixels_of(file_of(image, "PNG", icc_profile=WIDE), alpha=True)
    assert np.all(out[..., 3] == 128)


@pytest.mark.parametrize(
    "profile",
    [ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), b"rubbish", WIDE[:200]],
)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_profile_of_srgb_and_a_damaged_one_change_nothing(profile: bytes, mode: str) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8))
    image = image.convert(mode)
    plain = pixels_of(file_of(image, "PNG"))
    assert np.array_equal(pixels_of(file_of(image, "PNG", icc_profile=profile)), plain)


def test_a_profile_for_other_colours_is_ignored() -> None:
    grey = Image.new("L", SIDES, 90)
    assert np.all(pixels_of(file_of(grey, "JPEG", icc_profile=WIDE)) == 90)


def test_a_png_that_says_srgb_needs_no_profile() -> None:
    content = file_of(Image.new("RGB", SIDES, (200, 60, 60)), "PNG", icc_profile=WIDE)
    at = content.index(b"iCCP") - 4
    said = content[:at] + png_chunk(b"sRGB", b"\0") + content[at:]
    assert np.all(pixels_of(said) == (200, 60, 60))


@pytest.mark.parametrize(
    ("lab", "rgb"),
    [((0, 0, 0), (0, 0, 0)), ((255, 0, 0), WHITE), ((137, 0, 0), (128, 128, 128))],
)
def test_lab_becomes_rgb(lab: tuple[int, ...], rgb: tuple[int, ...]) -> None:
    image = Image.frombytes("LAB", SIDES, bytes(lab) * 256)
    assert np.abs(pixels_of(file_of(image, "TIFF")).astype(int) - rgb).max() <= 2


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_is_not_inverted(kind: str) -> None:
    image = Image.new("CMYK", SIDES, (0, 255, 255, 0))
    assert np.abs(pixels_of(file_of(image, kind)).astype(int) - RED).max() <= 2


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("colour", [0, 3])
def test_few_bits_are_stretched_and_their_transparent_level_is_white(
    bits: int, colour: int
) -> None:
    most = 2**bits - 1
    levels = np.zeros((16, 16 * bits // 8), np.uint8)
    levels[8:] = 255  # all bits set
    rows = zlib.compress(b"".join(b"\0" + row.tobytes() for row in levels))
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, bits, colour, 0, 0, 0))
    palette = png_chunk(b"PLTE", bytes(3 * most) + bytes(GREEN)) if colour == 3 else b""

    def png(extra: bytes) -> bytes:
        tail = png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")
        return b"\x89PNG\r\n\x1a\n" + head + palette + extra + tail

    last = GREEN if colour == 3 else WHITE
    assert np.all(pixels_of(png(b""))[8:] == last)
    key = bytes([255] * most + [0]) if colour == 3 else struct.pack(">H", most)
    out = pixels_of(png(png_chunk(b"tRNS", key)), alpha=True)
    assert np.all(out[8:, :, 3] == 0)
    assert np.all(out[:8] == (0, 0, 0, 255))


def sprite() -> Image.Image:
    """A green disc on nothing, whose invisible pixels are red."""
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    image.paste((0, 255, 0, 255), (16, 16, 48, 48))
    return image


def test_alpha_is_kept_without_fringes() -> None:
    out = pixels_of(file_of(sprite(), "PNG"), alpha=True).astype(int)
    seen = out[out[..., 3] > 8]
    assert np.all(seen[:, 0] <= 12)  # no red of the pixels that nobody sees
    assert np.all(out[7:9, 7:9] == (0, 255, 0, 255))
    assert np.all(out[0, 0] == 0)


def test_an_image_without_transparency_is_opaque() -> None:
    for mode, colour in (("RGB", GREEN), ("L", 9), ("1", 1), ("P", 0)):
        image = Image.new(mode, SIDES, colour)
        assert np.all(pixels_of(file_of(image, "PNG"), alpha=True)[..., 3] == 255)


def test_a_tga_whose_fourth_byte_is_not_used_is_opaque() -> None:
    content = file_of(Image.new("RGBA", SIDES, (0, 255, 0, 0)), "TGA")
    unused = content[:17] + bytes([content[17] & 0xF0]) + content[18:]
    assert np.all(pixels_of(unused) == GREEN)
    half = Image.new("RGBA", SIDES, (0, 255, 0, 0))
    half.paste((0, 255, 0, 255), (0, 0, 16, 8))
    assert np.all(pixels_of(file_of(half, "TGA"))[8:] == WHITE)


@pytest.mark.parametrize("sides", [(16, 32), (32, 16), (12, 20)])
@pytest.mark.parametrize("size", [(96, 64), (64, 96), (64, 64)])
def test_a_rectangle_is_cut_out_of_the_centre(
    sides: tuple[int, int], size: tuple[int, int]
) -> None:
    width, height = size
    y, x = np.mgrid[:height, :width]
    ramp = np.stack([255 * x / (width - 1), 255 * y / (height - 1), 0 * x], -1)
    out = pixels_of(file_of(Image.fromarray(ramp.astype(np.uint8)), "PNG"), sides)
    scale = min(height / sides[0], width / sides[1])
    share = np.array([scale * sides[1] / width, scale * sides[0] / height])
    low, high = 127.5 - 127.5 * share, 127.5 + 127.5 * share
    assert np.abs(out[0, 0, :2] - low).max() <= 10
    assert np.abs(out[-1, -1, :2].astype(int) - high).max() <= 10


def test_a_web_page_a_drawing_and_a_pointer_are_named() -> None:
    kind, detail = why_dropped(b"<!DOCTYPE html><html>404</html>")
    assert kind == "unreadable"
    assert detail.startswith("a web page, no PNG")
    assert why_dropped(b'<?xml version="1.0"?><svg xmlns="x">')[1].startswith("an SVG, no PNG")
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:1f\nsize 4\n"
    assert why_dropped(pointer)[1].startswith("a Git LFS pointer (`git lfs pull` fetches")
