"""Why an image is not used: one reason of a fixed list, and what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from gan_bench.base import text
from gan_bench.contract.protocol import Sides

MOST_BYTES = 256 * 2**20  # of a file, and of all read at once: 50 megapixels of BMP have 200 MB
MOST_PIXELS = 50_000_000  # of an image, and of all decoded at once: 200 MB a layer
MOST_PACKED = 200  # times: a photograph is packed less, flat colour up to 1,000 times


class Reason(Enum):
    """Why an image is not used; the value is the text that people read."""

    NO_FILE = "no regular file"
    ABSOLUTE_NAME = "absolute name"
    OUTSIDE = "name that leads out of the zip"
    LINK = "link in a zip"
    ENCRYPTED = "encrypted"
    METHOD = "packed otherwise than by deflate"
    BOMB = f"packed more than {MOST_PACKED} times"
    EMPTY = "empty"
    TOO_LARGE = f"larger than {MOST_BYTES // 2**20} MiB"
    TOO_MANY_PIXELS = f"larger than {MOST_PIXELS // 10**6} megapixels"
    TOO_SMALL = "smaller than {size} px"  # enlarging an image would teach G blur
    UNREADABLE = "unreadable"
    NOT_INSTALLED = "HEIC or HEIF, which needs: pip install gan-bench[heif]"
    RAW = "raw file of a camera: develop it first"
    DEPTH = "values of a kind that is not read"
    NO_NUMBERS = "infinite or undefined values"
    NEGATIVE = "negative values"
    FLOATS = "floats that are neither 0 to 1 nor 0 to 255"
    FRAMES = "further frames, too many to use"


class Refused(ValueError):
    """An image is not used, for this reason; the detail is what was seen of it.

    `image` is its (H, W) in pixels, if that is the reason.
    """

    def __init__(self, reason: Reason, detail: str = "", image: Sides | None = None) -> None:
        super().__init__(reason.name, detail)
        self.reason = reason
        self.detail = detail
        self.image = image


@dataclass(frozen=True)
class Dropped:
    """An image that is not used in a set of images of these sides, and why."""

    name: str
    sides: Sides
    reason: Reason
    detail: str = ""  # what was seen of it
    image: Sides | None = None  # its own (H, W) in pixels, if it is too small

    @property
    def kind(self) -> str:
        """The text of the reason, which images are counted by: smaller than 64 px."""
        kind: str = self.reason.value
        return kind.format(size=text.sides(*self.sides))


def smaller_size(dropped: Sequence[Dropped]) -> str:
    """`; try --size 28`, if that lets in nine of ten of those that are too small for a square."""
    small = [each for each in dropped if each.image and each.sides[0] == each.sides[1]]
    shortest = sorted(min(each.image) for each in small if each.image)
    size = shortest[len(shortest) // 10] if shortest else 0
    return f"; try --size {size}" if size >= text.LEAST_SIDE else ""
