"""JPEGs: what decoding one takes, and how far the decoder may reduce it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from PIL.JpegImagePlugin import JpegImageFile

from gan_bench.contract.protocol import Sides
from gan_bench.data.reasons import MOST_PIXELS, Reason, Refused

MOST_REDUCED = 250_000_000  # pixels of a JPEG that is reduced while it is read: phones make 200
SPARE = 3  # a reduced JPEG has this many times the sides that are asked for, or more
PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)
FRAMES = tuple(set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC})
SCAN, RESTART, START_OF_SCAN = 0xDA, 0xD0, b"\xff\xda"
ORIENTATION, QUARTER = 0x0112, 5  # the EXIF tag, and its least value for a turn by a quarter
FEW = 2_000_000  # pixels below which a JPEG is not asked for its scans
PIXEL_BYTES = 8  # of a decoded pixel: four in Pillow's layer, and four in another made of it


@dataclass(frozen=True, slots=True)
class Frame:
    """What the headers of a JPEG say of its pixels."""

    width: int
    height: int
    samples: float  # of all components, for each pixel
    held: bool  # whether all coefficients are held until the last scan has been read

    @property
    def coefficients(self) -> int:
        """Bytes of the coefficients that the decoder holds."""
        return math.ceil(2 * self.samples * self.width * self.height) if self.held else 0


def area(image: JpegImageFile, width: int, height: int) -> tuple[float, float] | None:
    """The part of a reduced JPEG that has pixels: the last row and column may be half empty."""
    if image.size == (width, height):
        return None
    factor = next(each for each in (2, 4, 8) if -(-width // each) == image.width)
    return width / factor, height / factor


def frame_of(content: bytes, width: int, height: int) -> Frame:
    """Read the headers of a JPEG; without a scan the costliest is assumed."""
    progressive, components, samples = False, 0, 3.0
    for _, marker, segment in _segments(content):
        if marker in FRAMES and len(segment) >= 6:
            components, progressive = segment[5], marker in PROGRESSIVE
            factors = [(each >> 4, each & 15) for each in segment[7 : 7 + 3 * components : 3]]
            area = max(x for x, _ in factors) * max(y for _, y in factors)
            samples = sum(x * y for x, y in factors) / max(area, 1)
        if marker == SCAN and segment:
            return Frame(width, height, samples, progressive or segment[0] < components)
    return Frame(width, height, 3.0, held=True)


def has_all_scans(content: bytes) -> bool:
    """Whether the headers of all scans are there: a progressive JPEG is sharp only after the last.

    Of the last scan, the pixels may be missing nevertheless.
    """
    missing = set[tuple[int, int]]()  # (component, coefficient)
    place = 0
    for start, marker, segment in _segments(content):
        place = start
        if marker in FRAMES and len(segment) >= 6:
            components = segment[6 : 6 + 3 * segment[5] : 3]
            missing = {(component, k) for component in components for k in range(64)}
    while place >= 0 and missing:
        scan = content[place + 4 : place + 4 + 12]
        count = scan[0] if scan else 0
        if len(scan) < 4 + 2 * count or not 1 <= count <= 4:
            return False
        first, last, bits = scan[1 + 2 * count : 4 + 2 * count]
        if not bits & 15:  # no bit is left to a later scan
            seen = {(component, k) for component in scan[1 : 1 + 2 * count : 2] for k in range(64)}
            missing -= {pair for pair in seen if first <= pair[1] <= last}
        place = content.find(START_OF_SCAN, place + 4)
    return not missing


def _segments(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(place, marker, content) of each segment, up to and with the header of the first scan."""
    place = 2
    while place + 4 <= len(content):
        place = content.find(b"\xff", place)
        if place < 0 or place + 4 > len(content):
            return
        marker = content[place + 1]
        if marker in (0, 0xFF) or RESTART <= marker <= RESTART + 9:
            place += 1
            continue
        length = int.from_bytes(content[place + 2 : place + 4], "big")
        yield place, marker, content[place + 4 : place + 2 + length]
        if marker == SCAN:
            return
        place += 2 + max(length, 2)


def reduce(image: JpegImageFile, content: bytes, sides: Sides) -> int:
    """Let the decoder reduce a JPEG by 2, 4 or 8, if that leaves SPARE times the sides.

    Returns what decoding takes, in pixels of PIXEL_BYTES. Refused if that is more than
    MOST_PIXELS. Compared with JPEGs that are decoded in full, the images of the set differ by 10
    of 255 at most, by 0.2 to 0.6 on average in nine photographs, and by up to 1.9 in drawn edges
    and noise: `python tools/draft_bound.py [FILE.jpg ...]` prints it.
    """
    width, height = image.size
    if width * height > MOST_REDUCED:
        raise Refused(Reason.TOO_MANY_PIXELS, f"{width} x {height}")
    wide, high = SPARE * sides[1], SPARE * sides[0]
    if min(width, height) >= 2 * min(wide, high):
        if image.getexif().get(ORIENTATION, 1) >= QUARTER:
            wide, high = high, wide
        if width >= 2 * wide and height >= 2 * high:
            image.draft(None, (wide, high))
    pixels = image.width * image.height
    if width * height > FEW:
        pixels += frame_of(content, width, height).coefficients // PIXEL_BYTES
    if pixels > MOST_PIXELS:
        raise Refused(Reason.TOO_MANY_PIXELS, f"{width} x {height}")
    return pixels
