"""A stream of images into the two splits, in chunks that fit into memory."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gan_bench.contract.offers import Shape
from gan_bench.data.reasons import Dropped

SPLITS = ("train", "held_out")
HOLD_OUT = 10  # every tenth image
CHUNK_BYTES = 16 * 2**20  # written at once
CHUNK_IMAGES = 512  # at most, however small they are
Chunk = tuple[str, np.ndarray]  # a split and some of its images, (N, C, H, W) uint8


class Progress(Protocol):
    """A function that is told how far the work is."""

    def __call__(self, phase: str, done: int, of: int, /) -> None:
        """`done` of `of` steps of this phase; 0 of 0 where their number is not known."""


@dataclass(frozen=True)
class ImageStream:
    """The images of a data set, read once from beginning to end.

    The chunks of a folder or zip reuse one buffer: copy a chunk to keep it.
    """

    shape: Shape
    at_most: int  # images: some may be dropped
    chunks: Iterator[Chunk]
    dropped: Sequence[Dropped]  # complete once the last chunk has been read


def images_at_once(most_bytes: int, image_bytes: int) -> int:
    """How many images of that size fit into so many bytes: 1 to CHUNK_IMAGES."""
    return max(1, min(CHUNK_IMAGES, most_bytes // image_bytes))


def split_chunks(images: Iterable[np.ndarray], shape: Shape) -> Generator[Chunk, None, int]:
    """Images (C, H, W) -> chunks of both splits; every tenth image is held out.

    Returns the number of images. Chunks reuse one buffer for each split.
    """
    rows = images_at_once(CHUNK_BYTES, math.prod(shape))
    buffers = {split: np.empty((rows, *shape), np.uint8) for split in SPLITS}
    filled, count = dict.fromkeys(SPLITS, 0), 0
    for count, image in enumerate(images, 1):
        split = "train" if count % HOLD_OUT else "held_out"
        buffers[split][filled[split]] = image
        filled[split] += 1
        if filled[split] == rows:
            yield split, buffers[split]
            filled[split] = 0
    yield from ((split, buffers[split][:n]) for split, n in filled.items() if n)
    return count
