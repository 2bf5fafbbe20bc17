"""Image files -> pixels of one size, on all cores, with a bound on memory."""

from __future__ import annotations

import io
import math
import os
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import TILELENGTH, TILEWIDTH

from gan_bench.contract.protocol import Preparation, Sides
from gan_bench.data.archive import Member
from gan_bench.data.reasons import MOST_BYTES, MOST_PIXELS, Dropped, Reason, Refused
from gan_bench.data.stream import images_at_once

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
WAITING_BYTES = 256 * 2**20  # of decoded images that wait for a slower one before them


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an image comes from, and what it was before it was made smaller."""

    name: str
    width: int  # pixels, upright
    height: int
    mode: str  # Pillow's, such as RGB or L
    frame: int = 0  # of an animation, or the page of a file with several
    frames: int = 1  # that the file has
    repaired: str = ""  # what was wrong with the file, if its pixels are whole all the same


@dataclass(frozen=True, slots=True)
class Decoded:
    """An image of the set: (C, H, W) uint8, and its origin."""

    pixels: np.ndarray
    origin: Origin


class Budget:
    """An amount that threads share: take() blocks until enough of it has been given back."""

    def __init__(self, most: int) -> None:
        self.most = self.left = most
        self.changed = threading.Condition()

    @contextmanager
    def take(self, count: int) -> Iterator[None]:
        """Hold so much for the block; whoever wants more than there is gets all of it."""
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


def decode_all(
    members: Sequence[Member], sides: Sides, preparation: Preparation
) -> Generator[list[Decoded | Dropped], None, None]:
    """The images of every member, or why they are dropped, in the order of the members.

    Later images are decoded while an early one takes long, up to WAITING_BYTES of them.
    """
    Image.init()  # fills Image.OPEN
    decode = partial(
        _decode,
        sides=sides,
        preparation=preparation,
        content=Budget(MOST_BYTES),
        pixels=Budget(MOST_PIXELS),
    )
    most = images_at_once(WAITING_BYTES, 3 * math.prod(sides))
    batch = max(1, most // 32)
    begun: deque[Future[list[Decoded | Dropped]]] = deque()
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        for start in range(0, len(members), batch):
            if len(begun) > most - batch:
                yield from _finish(begun, batch)
            begun.extend(pool.submit(decode, each) for each in members[start : start + batch])
        while begun:
            yield from _finish(begun, batch)
    finally:
        pool.shutdown(cancel_futures=True)


def _finish(
    begun: deque[Future[list[Decoded | Dropped]]], count: int
) -> Iterator[list[Decoded | Dropped]]:
    """Wait for a batch: waking this thread for every image would slow the decoders down."""
    first = [begun.popleft() for _ in range(min(count, len(begun)))]
    wait(first)
    yield from (future.result() for future in first)


def _decode(
    member: Member, sides: Sides, preparation: Preparation, content: Budget, pixels: Budget
) -> list[Decoded | Dropped]:
    try:
        count = _checked_bytes(member)
        with (
            content.take(count),
            _image(_content(member, count)) as image,
            pixels.take(_checked_pixels(image)),
        ):
            return [convert(image, member.name, sides)]
    except Refused as error:
        return [Dropped(member.name, sides, error.reason, error.detail, error.image)]
    except Image.DecompressionBombError as error:  # some decoders allocate as they open
        return [Dropped(member.name, sides, Reason.TOO_MANY_PIXELS, str(error))]
    except Exception as error:  # a decoder may raise anything on a damaged file
        why = str(error) or type(error).__name__
        return [Dropped(member.name, sides, Reason.UNREADABLE, why)]


def _checked_bytes(member: Member) -> int:
    count = member.size()
    if count == 0:
        raise Refused(Reason.EMPTY)
    if count > MOST_BYTES:
        raise Refused(Reason.TOO_LARGE, f"{math.ceil(count / 2**20):,} MiB")
    return count


def _content(member: Member, count: int) -> bytes:
    """No more than was checked, even if the file has grown since."""
    with member.open() as file:
        return file.read(count)


def _image(content: bytes) -> Image.Image:
    """An image of which only the header has been read.

    As Image.open, but without its limit of pixels: ours is lower, and names width and height.
    """
    for kind in FORMATS:
        factory, accepts = Image.OPEN[kind]
        if accepts and accepts(content[:16]) is True:
            return factory(io.BytesIO(content), "")
    raise Refused(Reason.UNREADABLE, f"no {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")


def _checked_pixels(image: Image.Image) -> int:
    """Pixels that the decoder allocates: a tile of a TIFF may be larger than its image."""
    for width, height in (image.size, _tile(image)):
        if width * height > MOST_PIXELS:
            raise Refused(Reason.TOO_MANY_PIXELS, f"{width} x {height}")
    return image.width * image.height


def _tile(image: Image.Image) -> tuple[int, int]:
    tags = getattr(image, "tag_v2", {})
    width, height = tags.get(TILEWIDTH, 1), tags.get(TILELENGTH, 1)
    if not isinstance(width, int) or not isinstance(height, int):
        raise Refused(Reason.UNREADABLE, "a tile without a size")
    return width, height


def convert(image: Image.Image, name: str, sides: Sides) -> Decoded:
    """Image -> (3, H, W) uint8, by the one rule for all files; the image is altered.

    EXIF rotation, RGB over white, the centre crop, Lanczos. Refused if it would be enlarged.
    """
    ImageOps.exif_transpose(image, in_place=True)  # else it copies images that are upright
    height, width = sides
    if image.width < width or image.height < height:
        own = image.height, image.width
        raise Refused(Reason.TOO_SMALL, f"{image.width} x {image.height}", own)
    origin = Origin(name, image.width, image.height, image.mode)
    fitted = ImageOps.fit(_rgb(image), (width, height), Image.Resampling.LANCZOS)
    return Decoded(np.ascontiguousarray(np.asarray(fitted).transpose(2, 0, 1)), origin)


def _rgb(image: Image.Image) -> Image.Image:
    """RGB; transparency is laid over white, 16-bit greys keep their upper byte."""
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image if image.mode == "RGBA" else image.convert("RGBA")
    # the bytes of Image.alpha_composite, but in place and without holding Python's lock
    white = Image.new("RGB", layer.size, "white")
    white.paste(layer, mask=layer)
    return white
