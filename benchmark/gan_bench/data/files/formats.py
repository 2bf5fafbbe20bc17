"""Which image format a file has, judged by its first bytes and never by its name."""

from __future__ import annotations

import re
import struct

HEAD = 32  # bytes that `image_format` wants to see
MAGIC = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "WEBP": rb"RIFF.{4}WEBP",
    "GIF": rb"GIF8[79]a",
    # offset 14: the size of the second header, which is one of these
    "BMP": rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0",
    "TIFF": rb"(II[*+]\0|MM\0[*+])(?!.{4}CR)",  # not the raw files of Canon cameras
    "PPM": rb"P[1-6]\s*([#]|\s\d)|P7\s*[#\n]|P[fF]\s+\d",
    "AVIF": rb".{4}ftyp(avi[fs]|mif1.{4}(.{4})*?avi[fs])",
    "HEIF": rb".{4}ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1)",
    "JPEG2000": rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51\x00",
    "ICO": rb"\x00\x00\x01\x00[^\x00]\x00.{3}\x00[\x00\x01]\x00",
}
PATTERNS = {name: re.compile(magic, re.DOTALL) for name, magic in MAGIC.items()}


def image_format(head: bytes) -> str | None:
    """The format of a file that begins with these 32 bytes; None if it is no image we read.

    The names are Pillow's, with PPM for all formats of the Netpbm family and HEIF for HEIC.
    """
    for name, pattern in PATTERNS.items():
        if pattern.match(head[:HEAD]):
            return name
    return "TGA" if _is_tga(head) else None


def _is_tga(head: bytes) -> bool:
    """Whether all fields of a TGA header agree: the format has no magic number."""
    if len(head) < 18:
        return False
    _, mapped, kind, first, entries, entry_bits, _, _, width, height, bits, flags = struct.unpack(
        "<BBBHHBHHHHBB", head[:18]
    )
    if kind in (1, 9):
        colours = mapped == 1 and entries > 0 and bits == 8 and entry_bits in (15, 16, 24, 32)
    elif kind in (3, 11):
        colours = bits in (8, 16)
    else:
        colours = kind in (2, 10) and bits in (15, 16, 24, 32)
    unmapped = mapped == 1 or (mapped == 0 and first == entries == 0)
    return colours and unmapped and width * height > 0 and flags & 0xC0 == 0 and flags & 15 <= 8
