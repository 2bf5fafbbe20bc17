"""The format of a file is judged by its first bytes."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from gan_bench.data.files.formats import HEAD, image_format


def head_of(kind: str, mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    image = Image.new(mode, (48, 32))
    if mode == "P":
        image.putpalette([200, 30, 60])
    image.save(buffer, kind, **options)  # type: ignore[arg-type]
    return buffer.getvalue()[:HEAD]


@pytest.mark.parametrize(
    "kind",
    ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "AVIF", "JPEG2000", "TGA", "ICO"],
)
def test_what_pillow_writes_is_recognised_without_its_name(kind: str) -> None:
    assert image_format(head_of(kind)) == kind


@pytest.mark.parametrize(
    ("kind", "mode", "options", "expected"),
    [
        ("PPM", "1", {}, "PPM"),
        ("PPM", "L", {}, "PPM"),
        ("PPM", "F", {}, "PPM"),  # a PFM
        ("TIFF", "L", {"big_tiff": True}, "TIFF"),
        ("MPO", "RGB", {"save_all": True}, "JPEG"),
        ("TGA", "P", {}, "TGA"),
        ("TGA", "L", {"compression": "tga_rle"}, "TGA"),
        ("TGA", "RGBA", {}, "TGA"),
        ("JPEG2000", "RGB", {"no_jp2": True}, "JPEG2000"),
    ],
)
def test_so_are_the_variants_of_a_format(
    kind: str, mode: str, options: dict[str, object], expected: str
) -> None:
    assert image_format(head_of(kind, mode, **options)) == expected


def iso(major: bytes, *brands: bytes) -> bytes:
    return b"\0\0\0\x18ftyp" + major + b"\0\0\0\0" + b"".join(brands)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"P7\nWIDTH 4\nHEIGHT 4\n", "PPM"),
        (b"P2\n# by a program\n24 7\n15\n", "PPM"),
        (b"MM\0*\0\0\0\x08", "TIFF"),
        (iso(b"heic", b"mif1", b"heic"), "HEIF"),
        (iso(b"mif1", b"mif1", b"heic"), "HEIF"),
        (iso(b"mif1", b"mif1", b"avif"), "AVIF"),
        (iso(b"avis", b"msf1"), "AVIF"),
        (iso(b"isom", b"iso2", b"mp41"), None),  # a film
        (b"II*\0\x10\0\0\0CR\2\0", None),  # Canon's raw format
        (b"", None),
        (bytes(64), None),
        (b"<html><head><title>404", None),
        (b"Products of 2024, by name", None),
        (b"P1 is the first of the patients", None),
        (b"BMW 320, silver, 2004, one owner", None),
        (b"\0\0\x08\x03\0\0\x27\x10\0\0\0\x1c\0\0\0\x1c" + bytes(16), None),  # MNIST
        (b"\0\0\1\xba\x44\0\x04\0\x04\1", None),  # MPEG
        (b"\0\1\0\0\0\x12\1\0\0\4\0\x20GPOS" + bytes(16), None),  # a font
        (b"\0\0\2\0\1\0\x20\x20\0\0\4\0\4\0" + bytes(18), None),  # a mouse cursor
        (b"PK\3\4" + bytes(28), None),
        (b"\x93NUMPY\1\0v\0{'descr': '<f4'", None),
    ],
)
def test_an_image_format_is_not_seen_where_there_is_none(head: bytes, expected: str | None) -> None:
    assert image_format(head) == expected
