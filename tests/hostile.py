"""Files that mean harm or are broken, made by hand because no program writes them."""

from __future__ import annotations

import io
import stat
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

KINDS = {
    "PNG": "png",
    "JPEG": "jpg",
    "WEBP": "webp",
    "BMP": "bmp",
    "GIF": "gif",
    "TIFF": "tif",
    "PPM": "ppm",
    "AVIF": "avif.png",  # the content counts, not the name
    "JPEG2000": "jp2.png",
    "TGA": "tga.png",
    "ICO": "ico.png",
}
MEBI = 2**20


def image_bytes(kind: str = "PNG", side: int = 24, seed: int = 0) -> bytes:
    """A small honest image."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def deflated_zeros(mebibytes: int) -> bytes:
    """That many MiB of zeros, deflated to a thousandth, without holding the zeros in memory."""
    squeeze = zlib.compressobj(9, wbits=-15)
    zeros = bytes(MEBI)
    start = squeeze.compress(zeros) + squeeze.flush(zlib.Z_FULL_FLUSH)
    again = squeeze.compress(zeros) + squeeze.flush(zlib.Z_FULL_FLUSH)  # the same for every MiB
    return start + again * (mebibytes - 1) + squeeze.flush()


def zlib_zeros(mebibytes: int) -> bytes:
    """The same in the zlib format of PNG and TIFF, with the Adler-32 of the zeros."""
    checksum = (mebibytes * MEBI % 65_521) << 16 | 1
    return b"\x78\xda" + deflated_zeros(mebibytes) + struct.pack(">I", checksum)


# Images


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checked = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checked


def png(width: int, height: int, pixels: bytes, extra: bytes = b"", colour: int = 2) -> bytes:
    """`pixels` are deflated already; `extra` chunks stand before them."""
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
    tail = png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + extra + tail


def flat_png(width: int, height: int) -> bytes:
    """A complete RGBA image of one half transparent colour, deflated to a thousandth."""
    squeeze = zlib.compressobj(1)
    row = b"\0" + bytes((200, 30, 60, 128)) * width
    parts = [squeeze.compress(row) for _ in range(height)]
    return png(width, height, b"".join(parts) + squeeze.flush(), colour=6)


def tiff(width: int, height: int, content: bytes, tile: tuple[int, int] | None = None) -> bytes:
    """RGB, deflated; in one strip, or in one tile that may be larger than the image."""
    shape = [(322, tile[0]), (323, tile[1])] if tile else [(278, height)]
    place, length = (324, 325) if tile else (273, 279)
    tags = sorted([(256, width), (257, height), (259, 8), (262, 2), (277, 3), *shape])
    after = 8 + 2 + 12 * (len(tags) + 3) + 4
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags]
    entries += [struct.pack("<HHII", 258, 3, 3, after)]  # bits: three shorts
    entries += [struct.pack("<HHII", place, 4, 1, after + 6)]
    entries += [struct.pack("<HHII", length, 4, 1, len(content))]
    entries.sort(key=lambda entry: struct.unpack_from("<H", entry))
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<HHH", 8, 8, 8) + content


def jpeg(width: int, height: int) -> bytes:
    """A real JPEG whose frame header claims another size."""
    content = bytearray(image_bytes("JPEG"))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def bmp(width: int, height: int) -> bytes:
    head = struct.pack("<2sIHHI", b"BM", 100, 0, 0, 54)
    about = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return head + about + bytes(46)


def gif(width: int, height: int, frame: tuple[int, int] | None = None) -> bytes:
    """The frame may be larger than the screen."""
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    inner = struct.pack("<HHHHB", 0, 0, *(frame or (width, height)), 0)
    return screen + b"," + inner + b"\x02\x02\x4c\x01\x00;"


def webp(width: int, height: int) -> bytes:
    size = (width - 1) | (height - 1) << 14
    content = b"\x2f" + struct.pack("<I", size) + bytes(11)
    chunk = b"VP8L" + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def patched(kind: str, mark: bytes, after: int, content: bytes) -> bytes:
    """An honest file in which other bytes stand at this distance from the mark."""
    whole = image_bytes(kind)
    place = whole.index(mark) + after
    return whole[:place] + content + whole[place + len(content) :]


# What claims more than 50 megapixels in its header.
CLAIMS: dict[str, Callable[[], bytes]] = {
    "huge.png": lambda: png(50_000, 50_000, zlib_zeros(1)),
    "huge.gif": lambda: gif(50_000, 50_000),
    "huge-frame.gif": lambda: gif(32, 32, frame=(50_000, 50_000)),
    "huge.bmp": lambda: bmp(50_000, 50_000),
    "huge.tif": lambda: tiff(50_000, 50_000, zlib_zeros(1)),
    "huge-tile.tif": lambda: tiff(64, 64, zlib_zeros(768), tile=(16_384, 16_384)),
    "huge.webp": lambda: webp(16_384, 16_384),
    "huge.ppm": lambda: b"P6 50000 50000 255\n" + bytes(100),
    "huge.jpg": lambda: jpeg(50_000, 50_000),
    "just-too-large.png": lambda: png(50_000, 1_001, b""),
    "huge.avif": lambda: patched("AVIF", b"ispe", 8, struct.pack(">II", 16_000, 16_000)),
    "huge.jp2": lambda: patched("JPEG2000", b"ihdr", 4, struct.pack(">II", 50_000, 50_000)),
    "huge.tga": lambda: patched("TGA", b"", 12, struct.pack("<HH", 50_000, 50_000)),
    "huge-text.pgm": lambda: b"P2 50000 50000 255\n" + b"0 " * 100,
    "huge.pfm": lambda: b"Pf\n50000 50000\n-1.0\n" + bytes(100),
    "huge.pam": lambda: (
        b"P7\nWIDTH 50000\nHEIGHT 50000\nDEPTH 4\nMAXVAL 255\nENDHDR\n" + bytes(100)
    ),
}

# What claims little in its header, and holds more.
LIES: dict[str, Callable[[], bytes]] = {
    "codestream.jp2": lambda: patched(
        "JPEG2000", b"\xff\x4f\xff\x51", 8, struct.pack(">II", 50_000, 50_000)
    ),
    "icon.ico": lambda: patched("ICO", b"IHDR", 4, struct.pack(">II", 50_000, 50_000)),
    "canvas.webp": lambda: patched("WEBP", b"VP8", 9, b"\xff\x3f\xff\x3f"),
}


# Zips


@dataclass(frozen=True)
class Entry:
    """A member of a zip, and what the directory claims of it."""

    name: str
    content: bytes = field(default_factory=image_bytes)
    packed: bytes | None = None  # deflated, in place of `content`
    size: int | None = None
    method: int | None = None
    flags: int = 0
    mode: int = stat.S_IFREG | 0o644
    checksum: int | None = None

    def header(self, length: int) -> bytes:
        """The part that the local header and the directory share."""
        claimed = len(self.content) if self.size is None else self.size
        crc = zlib.crc32(self.content) if self.checksum is None else self.checksum
        method = (8 if self.packed else 0) if self.method is None else self.method
        name = len(self.name.encode())
        about = (20, 0x800 | self.flags, method, 0, 0x21, crc, length, claimed, name, 0)
        return struct.pack("<HHHHHIIIHH", *about)


def write_zip(path: Path, entries: Iterable[Entry], comment: bytes = b"") -> Path:
    """A zip with names, sizes, flags and methods as given, right or wrong."""
    body, directory, count = b"", b"", 0
    for entry in entries:
        stored = entry.packed or entry.content
        header, name = entry.header(len(stored)), entry.name.encode()
        made_by_unix = struct.pack("<H", 3 << 8 | 20)
        rest = struct.pack("<HHHII", 0, 0, 0, entry.mode << 16, len(body))
        directory += b"PK\1\2" + made_by_unix + header + rest + name
        body += b"PK\3\4" + header + name + stored
        count += 1
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), len(comment))
    path.write_bytes(body + directory + b"PK\5\6" + end + comment)
    return path
