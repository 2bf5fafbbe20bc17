"""Images of the Netpbm family: PBM, PGM, PPM, PAM and PFM, with the maximum that they declare."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from PIL import Image

from gan_bench.data.decoding.depth import BYTE, Deep
from gan_bench.data.reasons import Reason, Refused

BLANK = rb"(?:\s|#[^\n\r]*[\n\r])"
NUMBER = BLANK + rb"+(\d{1,10})"
CLASSIC = re.compile(rb"P([1-6])" + NUMBER + NUMBER)
MAXIMUM = re.compile(NUMBER)
FLOATS = re.compile(rb"P([fF])\s+(\d{1,10})\s+(\d{1,10})\s+(-?[\d.eE+-]{1,20})\s")
PAM = re.compile(rb"P7\s(?:[^\n]{0,200}\n){1,64}?ENDHDR[^\n]*\n")
FIELD = re.compile(rb"^(WIDTH|HEIGHT|DEPTH|MAXVAL)\s+(\d{1,10})\s*$", re.MULTILINE)
CHANNELS = {b"1": 1, b"2": 1, b"3": 3, b"4": 1, b"5": 1, b"6": 3}
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the values of a Netpbm image."""

    kind: bytes  # the digit or letter after P
    width: int
    height: int
    channels: int
    maximum: float  # the value of white; of floats its sign is the byte order
    start: int  # of the values

    @property
    def mode(self) -> str:
        """Pillow's name of the colours: L, LA, RGB or RGBA, with ;16 for values beyond 255."""
        deep = ";32F" if self.kind in b"fF" else ";16" if self.maximum > BYTE else ""
        return MODES[self.channels] + deep


def header_of(content: bytes) -> Header:
    """Read the header. Refused if it is none, or one of no format that is in use."""
    if found := CLASSIC.match(content):
        kind, width, height = found[1], int(found[2]), int(found[3])
        if kind in b"14":
            return Header(kind, width, height, 1, 1, found.end() + 1)
        most = MAXIMUM.match(content, found.end())
        if most and 0 < int(most[1]) < 2**16:
            maximum = int(most[1])
            return Header(kind, width, height, CHANNELS[kind], maximum, most.end() + 1)
    elif found := FLOATS.match(content):
        channels = 3 if found[1] == b"F" else 1
        size = int(found[2]), int(found[3])
        return Header(found[1], *size, channels, float(found[4]), found.end())
    elif found := PAM.match(content):
        fields = {name: int(value) for name, value in FIELD.findall(found[0])}
        sides = (fields.get(name, 0) for name in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"))
        width, height, channels, maximum = sides
        if channels in MODES and 0 < maximum < 2**16:
            return Header(b"7", width, height, channels, maximum, found.end())
    raise Refused(Reason.UNREADABLE, "a damaged header of a PNM, PAM or PFM")


def decode(content: bytes, header: Header) -> Image.Image | Deep:
    """The pixels: an image of 8 bits, or a deep one whose white is the declared maximum.

    A maximum of 65,535 declares nothing: programs write it whatever the values are.
    """
    values = _values(content, header)
    if header.kind in b"fF":
        return Deep(values, 32)
    colours = 3 if header.channels > 2 else 1
    if header.maximum > BYTE:
        declared = None if header.maximum == 2**16 - 1 else header.maximum
        alpha = None
        if header.channels in (2, 4):
            alpha = (values[..., -1] * (BYTE / header.maximum)).round().astype(np.uint8)
        return Deep(values[..., :colours].astype(np.uint16), 16, alpha, declared)
    if header.maximum < BYTE:
        levels = (np.arange(256) * (BYTE / header.maximum)).round().clip(0, BYTE)
        values = levels.astype(np.uint8)[values]
    return Image.fromarray(values[..., 0] if header.channels == 1 else values)


def _values(content: bytes, header: Header) -> np.ndarray:
    """(H, W, C) as the file has them. Refused if there are too few."""
    shape = (header.height, header.width, header.channels)
    count = header.height * header.width * header.channels
    rest = memoryview(content)[header.start :]
    if header.kind in b"123":
        return _plain(bytes(rest), header, count).reshape(shape)
    if header.kind == b"4":
        row = -(-header.width // 8)
        packed = _exactly(rest, np.dtype(np.uint8), row * header.height).reshape(-1, row)
        return 1 - np.unpackbits(packed, axis=1)[:, : header.width].reshape(shape)
    if header.kind in b"fF":
        floats = _exactly(rest, np.dtype("<f4" if header.maximum < 0 else ">f4"), count)
        return floats.reshape(shape)[::-1].astype(np.float32)  # the last row comes first
    dtype = np.dtype(">u2" if header.maximum > BYTE else np.uint8)
    return _exactly(rest, dtype, count).reshape(shape)


def _exactly(rest: memoryview, dtype: np.dtype, count: int) -> np.ndarray:
    if len(rest) < count * dtype.itemsize:
        raise Refused(Reason.UNREADABLE, "the file ends before the last row")
    return np.frombuffer(rest, dtype, count)


def _plain(rest: bytes, header: Header, count: int) -> np.ndarray:
    """Values that are written as decimal numbers; those of a PBM need no blanks between them."""
    rest = re.sub(rb"#[^\n\r]*", b"", rest)
    if header.kind == b"1":
        digits = np.frombuffer(rest.translate(None, b" \t\r\n\f\v"), np.uint8)[:count]
        values = np.asarray(1 - (digits.astype(np.int16) - ord("0")))
    else:
        values = np.fromstring(rest, np.int64, count, sep=" ")
    if len(values) < count:
        raise Refused(Reason.UNREADABLE, "the file ends before the last row")
    if values.min() < 0 or values.max() > header.maximum:
        raise Refused(Reason.UNREADABLE, f"a value that is not in 0 to {header.maximum:g}")
    return values.astype(np.uint16 if header.maximum > BYTE else np.uint8)
