"""Image files in memory, decoded as the images of a set are."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import IO

import numpy as np
from PIL import Image

from gan_bench.contract.protocol import Sides
from gan_bench.data.decoding.decode import Decoded, Decoder, Item, Measured, Task
from gan_bench.data.decoding.depth import scale_for

SIDES = (16, 16)


@dataclass(frozen=True)
class InMemory:
    """A member of a set that is no file."""

    content: bytes
    name: str = "image"

    def size(self) -> int:
        return len(self.content)

    def open(self) -> IO[bytes]:
        return io.BytesIO(self.content)


def file_of(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def items_of(
    content: bytes, sides: Sides = SIDES, frames: range = range(1), alpha: bool = False
) -> list[Item]:
    """What becomes of a file that is a set by itself: deep images are scaled by their own range."""
    decoder = Decoder(sides, alpha)
    task = Task(0, InMemory(content), frames)  # type: ignore[arg-type]
    _, items = decoder.run(task)
    if not any(isinstance(each, Measured) for each in items):
        return items
    scale = scale_for(each.depth for each in items if isinstance(each, Measured))
    return decoder.run(Task(0, task.member, frames, scale))[1]


def decoded(content: bytes, sides: Sides = SIDES, alpha: bool = False) -> Decoded:
    """The first image of a file; AssertionError with the reason if it is dropped."""
    (item,) = items_of(content, sides, alpha=alpha)
    assert isinstance(item, Decoded), item
    return item


def pixels_of(content: bytes, sides: Sides = SIDES, alpha: bool = False) -> np.ndarray:
    """(H, W, C) uint8 of the first image of a file."""
    pixels = decoded(content, sides, alpha).pixels
    assert pixels.shape == (4 if alpha else 3, *sides)
    assert pixels.dtype == np.uint8
    return pixels.transpose(1, 2, 0)


def why_dropped(content: bytes, sides: Sides = SIDES) -> tuple[str, str]:
    """The kind and the detail."""
    (item,) = items_of(content, sides)
    assert not isinstance(item, Decoded | Measured)
    return item.kind, item.detail
