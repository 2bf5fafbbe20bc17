"""Files -> pixels, on all cores, with a bound on memory."""

from __future__ import annotations

import io
import math
import os
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial

import numpy as np
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import TILELENGTH, TILEWIDTH

from gan_bench.data.archive import MOST_BYTES, Member, Refused
from gan_bench.data.split import images_at_once

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
WAITING = 256 * 2**20  # bytes of decoded images that wait for those before them
MOST_PIXELS = 50_000_000  # of an image, and of all decoded at once: 200 MB a layer
TOO_LARGE = f"larger than {MOST_PIXELS // 10**6} megapixels"
Result = tuple[str, np.ndarray | str]  # the name of a file; its image, or why there is none
Begun = tuple[str, Future[np.ndarray | str]]


class Budget:
    """So much at once: who would need more than what is left waits until others are done."""

    def __init__(self, most: int) -> None:
        self.most = self.left = most
        self.changed = threading.Condition()

    @contextmanager
    def take(self, count: int) -> Iterator[None]:
        """Who needs more than all of it gets all, and so is alone."""
        count = min(count, self.most)
        with self.changed:
            self.changed.wait_for(lambda: self.left >= count)
            self.left -= count
        try:
            yield
        finally:
            with self.changed:
                self.left += count
                self.changed.notify_all()


def decode_all(members: Sequence[Member], size: int) -> Generator[Result, None, None]:
    """Every image as (3, size, size) uint8, or the reason why not, decoded on all cores.

    More are begun before the first is done, up to a bound: one that takes long holds up none.
    """
    Image.init()  # fills Image.OPEN
    decode = partial(_decode, size=size, content=Budget(MOST_BYTES), pixels=Budget(MOST_PIXELS))
    most = images_at_once(WAITING, 3 * size * size)
    few = max(1, most // 32)
    begun: deque[Begun] = deque()
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        for start in range(0, len(members), few):
            if len(begun) > most - few:
                yield from _first(begun, few)
            begun.extend((m.name, pool.submit(decode, m)) for m in members[start : start + few])
        while begun:
            yield from _first(begun, few)
    finally:
        pool.shutdown(cancel_futures=True)


def _first(begun: deque[Begun], few: int) -> Iterator[Result]:
    """Wait for a few at once: to be woken for every image would cost others the interpreter."""
    first = [begun.popleft() for _ in range(min(few, len(begun)))]
    wait([future for _, future in first])
    yield from ((name, future.result()) for name, future in first)


def _decode(member: Member, size: int, content: Budget, pixels: Budget) -> np.ndarray | str:
    try:
        count = _checked_bytes(member)
        with (
            content.take(count),
            _image(_content(member, count)) as image,
            pixels.take(_checked_pixels(image)),
        ):
            return convert(image, size)
    except Refused as error:
        return str(error)
    except Image.DecompressionBombError as error:  # some decoders make room as they open
        return f"{TOO_LARGE}: {error}"
    except Exception as error:  # a decoder may raise anything on rubbish; each is told and counted
        return f"unreadable: {error or type(error).__name__}"


def _checked_bytes(member: Member) -> int:
    count = member.size()
    if count == 0:
        raise Refused("empty")
    if count > MOST_BYTES:
        raise Refused(f"larger than {_mebibytes(MOST_BYTES)}: {_mebibytes(count)}")
    return count


def _mebibytes(count: int) -> str:
    return f"{math.ceil(count / 2**20):,} MiB"


def _content(member: Member, count: int) -> bytes:
    """What was checked is what is read, even if there is more by now."""
    with member.open() as file:
        return file.read(count)


def _image(content: bytes) -> Image.Image:
    """An image of which only the header has been read.

    As Image.open does it, but for its limit of pixels: ours is lower, and tells width and height.
    """
    for kind in FORMATS:
        factory, fits = Image.OPEN[kind]
        if fits and fits(content[:16]) is True:
            return factory(io.BytesIO(content), "")
    raise Refused(f"unreadable: no {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")


def _checked_pixels(image: Image.Image) -> int:
    """How many the decoder makes room for: a tile of a TIFF may be larger than its image."""
    for width, height in (image.size, _tile(image)):
        if width * height > MOST_PIXELS:
            raise Refused(f"{TOO_LARGE}: {width} x {height}")
    return image.width * image.height


def _tile(image: Image.Image) -> tuple[int, int]:
    tags = getattr(image, "tag_v2", {})
    width, height = tags.get(TILEWIDTH, 1), tags.get(TILELENGTH, 1)
    if not isinstance(width, int) or not isinstance(height, int):
        raise Refused("unreadable: a tile without a size")
    return width, height


class TooSmall(Refused):
    """Enlarging an image would teach G blur."""


def convert(image: Image.Image, size: int) -> np.ndarray:
    """One image, which is used up, by the one rule: (3, size, size) uint8."""
    if min(image.size) < size:
        width, height = image.size
        raise TooSmall(f"smaller than {size} px: {width} x {height}")
    ImageOps.exif_transpose(image, in_place=True)  # else it copies what is upright
    fitted = ImageOps.fit(_rgb(image), (size, size), Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(fitted).transpose(2, 0, 1))


def _rgb(image: Image.Image) -> Image.Image:
    """RGB; alpha lies over white, 16-bit greys keep their upper byte."""
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        return _over_white(image if image.mode == "RGBA" else image.convert("RGBA"))
    return image.convert("RGB")


def _over_white(layer: Image.Image) -> Image.Image:
    """As alpha_composite over white has it, to the byte, but in place and without Python's lock."""
    white = Image.new("RGB", layer.size, "white")
    white.paste(layer, mask=layer)
    return white
