"""Image files -> pixels of one size, on all cores, with a bound on memory."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from gan_bench.contract.protocol import Preparation, Sides
from gan_bench.data.decoding.batches import Budget, in_order
from gan_bench.data.decoding.colour import Colours
from gan_bench.data.decoding.convert import QUARTER, Look, convert, convert_deep
from gan_bench.data.decoding.depth import Deep, Depth, Scale, check, depth_of
from gan_bench.data.decoding.frames import pages_of
from gan_bench.data.decoding.opening import Opened, apart, open_image, turned_to
from gan_bench.data.decoding.repair import mended
from gan_bench.data.decoding.tiff import Tiff
from gan_bench.data.files.archive import Member
from gan_bench.data.reasons import MOST_BYTES, MOST_PIXELS, Dropped, Reason, Refused
from gan_bench.data.stream import images_at_once

WAITING_BYTES = 256 * 2**20  # of decoded images that wait for a slower one before them
ORIENTATION = 0x0112  # the EXIF tag


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an image comes from, and what it was before it was made smaller."""

    name: str
    width: int  # pixels, upright
    height: int
    mode: str  # Pillow's, such as RGB or L, with ;16 where Pillow would cut 16 bits to 8
    frame: int = 0  # of an animation, or the page of a file with several
    frames: int = 1  # that the file has
    repaired: str = ""  # what was wrong with the file, if its pixels are whole all the same


@dataclass(frozen=True, slots=True)
class Decoded:
    """An image of the set: (C, H, W) uint8, and its origin."""

    pixels: np.ndarray
    origin: Origin


@dataclass(frozen=True, slots=True)
class Measured:
    """An image of more than 8 bits, whose pixels depend on those of the whole set."""

    depth: Depth
    origin: Origin


@dataclass(frozen=True, slots=True)
class Task:
    """Some frames of a member. Without a scale, deep images are only measured."""

    index: int  # of the member in the set
    member: Member
    frames: range = range(1)
    scale: Scale | None = None

    @property
    def key(self) -> tuple[int, int]:
        """What no other task of a round has."""
        return self.index, self.frames.start


Item = Decoded | Measured | Dropped
Result = tuple[Task, list[Item]]


def decode_all(
    tasks: Sequence[Task], sides: Sides, preparation: Preparation
) -> Generator[Result, None, None]:
    """The images of every task, or why they are dropped, in the order of the tasks.

    Later images are decoded while an early one takes long, up to WAITING_BYTES of them.
    """
    longest = max((len(task.frames) for task in tasks), default=1)
    most = images_at_once(WAITING_BYTES, 4 * longest * math.prod(sides))
    return in_order(tasks, Decoder(sides, preparation.alpha).run, most)


class Decoder:
    """What the decoding threads share: budgets of memory, and colour profiles."""

    def __init__(self, sides: Sides, alpha: bool) -> None:
        self.sides, self.alpha = sides, alpha
        self.colours = Colours()
        self.content, self.pixels = Budget(MOST_BYTES), Budget(MOST_PIXELS)

    def run(self, task: Task) -> Result:
        """The images of a task. Whatever goes wrong with one of them is the reason to drop it."""
        try:
            count = _checked_bytes(task.member)
            with self.content.take(count):
                content = _content(task.member, count)
                return task, self._items(task, content)
        except Exception as error:  # a decoder may raise anything on a damaged file
            return task, [self._dropped(task.member.name, error)]

    def _items(self, task: Task, content: bytes) -> list[Item]:
        try:
            return list(self._images(task, content))
        except Refused:
            raise
        except Exception:
            if items := self._mended(task, content):
                return items
            raise

    def _mended(self, task: Task, content: bytes) -> list[Item] | None:
        """The images of a damaged file whose pixels are whole; None if they are not."""
        repair = mended(content)
        if repair is None:
            return None
        what, contents = repair
        if len({self._digest(each) for each in contents}) > 1:
            return None
        return [
            each
            if isinstance(each, Dropped)
            else replace(each, origin=replace(each.origin, repaired=what))
            for each in self._images(task, contents[0])
        ]

    def _digest(self, content: bytes) -> bytes:
        """Of all pixels that are decoded: a few are not seen any more when they are resized."""
        opened = open_image(content, self.sides)
        with self.pixels.take(opened.cost):
            layer = opened.decode()
            pixels = layer.values if isinstance(layer, Deep) else np.asarray(layer)
            return hashlib.sha256(np.ascontiguousarray(pixels).data).digest()

    def _images(self, task: Task, content: bytes) -> Iterator[Item]:
        """The frames of a task. An error in the first of a file is an error of the file."""
        opened = open_image(content, self.sides)
        pages = (
            pages_of(opened.image, content, (opened.width, opened.height)) if opened.image else (0,)
        )
        name, count = task.member.name, len(pages)
        for frame in task.frames:
            try:
                opened = turned_to(opened, content, self.sides, pages[frame])
                yield self._image(opened, partial(Origin, name, frame=frame, frames=count), task)
            except Exception as error:
                if frame == 0:
                    raise
                if isinstance(error, EOFError):  # the file claimed more frames than it has
                    return
                yield self._dropped(f"{name}, frame {frame + 1}", error)
                if not apart(opened):  # later frames are built on this one
                    return

    def _image(self, opened: Opened, about: Callable[..., Origin], task: Task) -> Item:
        """Decode one image; `about` makes its origin of width, height and mode."""
        with self.pixels.take(opened.cost):
            layer = opened.decode()
            if isinstance(layer, Deep):
                return self._deep(layer, opened, about, task.scale)
            turn = _orientation(layer)
            origin = about(*self._checked(*_upright(opened, turn)), opened.mode)
            look = Look(self.sides, self.alpha, opened.profile, opened.gamma, turn, opened.area)
            return Decoded(convert(layer, look, self.colours), origin)

    def _deep(
        self, layer: Deep, opened: Opened, about: Callable[..., Origin], scale: Scale | None
    ) -> Item:
        """An image of more than 8 bits: its pixels, or its depth if the scale is not known yet."""
        origin = about(*self._checked(*layer.values.shape[:2]), opened.mode)
        depth = depth_of(layer)
        if scale is None:
            return Measured(depth, origin)
        check(layer, scale)
        look = Look(self.sides, self.alpha, opened.profile, opened.gamma)
        return Decoded(convert_deep(layer, scale, look, self.colours), origin)

    def _checked(self, height: int, width: int) -> tuple[int, int]:
        """(width, height). Refused if the image would be enlarged."""
        if width < self.sides[1] or height < self.sides[0]:
            raise Refused(Reason.TOO_SMALL, f"{width} x {height}", (height, width))
        return width, height

    def _dropped(self, name: str, error: Exception) -> Dropped:
        if isinstance(error, Refused):
            return Dropped(name, self.sides, error.reason, error.detail, error.image)
        if isinstance(error, Image.DecompressionBombError):  # some allocate as they open
            return Dropped(name, self.sides, Reason.TOO_MANY_PIXELS, str(error))
        why = str(error) or type(error).__name__
        return Dropped(name, self.sides, Reason.UNREADABLE, why)


def _orientation(layer: Image.Image) -> int:
    """As EXIF counts. Pillow turns a TIFF by itself."""
    if isinstance(layer, Tiff) or (isinstance(layer, JpegImageFile) and not _described(layer)):
        return 1
    orientation: int = layer.getexif().get(ORIENTATION, 1)
    return orientation


def _described(layer: JpegImageFile) -> bool:
    """Whether there is anything for `getexif` to parse."""
    return "exif" in layer.info or "xmp" in layer.info


def _upright(opened: Opened, orientation: int) -> Sides:
    """(H, W) of the file as a viewer shows it."""
    sides = opened.height, opened.width
    return sides[::-1] if orientation >= QUARTER else sides


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
