"""Files whose pixels are whole though the file is damaged."""

from __future__ import annotations

import struct
import zlib

from gan_bench.data.decoding.jpeg import has_all_scans
from gan_bench.data.files.formats import HEAD, image_format

NO_END = "JPEG without its end"
NO_NOTES = "PNG with damaged notes"
KEPT = (b"tRNS", b"iCCP", b"sRGB", b"eXIf")  # chunks of a PNG that change how it looks
SIGNATURE = 8  # bytes of a PNG
END, RESTART = b"\xff\xd9", 0xD0
FILLERS = (0x00, 0x55)


def mended(content: bytes) -> tuple[str, tuple[bytes, ...]] | None:
    """What was wrong, and the file mended; None if this damage cannot be mended.

    If there are two, the pixels are whole only if both give the same.
    """
    kind = image_format(content[:HEAD])
    if kind == "JPEG" and has_all_scans(content):
        return NO_END, tuple(_with_end(content, filler) for filler in FILLERS)
    if kind == "PNG" and (bare := _without_notes(content)):
        return NO_NOTES, (bare,)
    return None


def _with_end(content: bytes, filler: int) -> bytes:
    """The JPEG with an end behind it, and before that bytes that are decoded if some are missing.

    All restart markers are there, so that no missing part is skipped.
    """
    fill = bytes((filler,)) * 64
    restarts = b"".join(bytes((0xFF, RESTART + k)) + fill for k in range(8))
    return content.rstrip(b"\xff") + fill + 2 * restarts + END


def _without_notes(content: bytes) -> bytes | None:
    """The PNG without the chunks that do not change how it looks; None if one that does is bad."""
    parts, place = [content[:SIGNATURE]], SIGNATURE
    while place + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        end = place + 12 + length
        chunk = content[place:end]
        needed = not kind[0] & 0x20 or kind in KEPT
        if needed and (end > len(content) or zlib.crc32(chunk[4:-4]) != _checksum(chunk)):
            return None
        if needed:
            parts.append(chunk)
        place = end
    return b"".join(parts)


def _checksum(chunk: bytes) -> int:
    return int.from_bytes(chunk[-4:], "big")
