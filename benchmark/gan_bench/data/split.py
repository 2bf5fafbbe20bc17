"""Images on their way into the two splits, in pieces that fit into memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gan_bench.contract.offers import Shape

SPLITS = ("train", "held_out")
HOLD_OUT = 10  # every tenth
PIECE = 16 * 2**20  # bytes of a set that are written at once
MOST_AT_ONCE = 512  # images of either kind, if they are small
Progress = Callable[[str, int, int], None]  # what, done, of
Piece = tuple[str, np.ndarray]  # a split and some of its images, (N, C, H, W) uint8


@dataclass(frozen=True)
class Incoming:
    """A data set on its way in: a piece is given once, and its memory is that of the next."""

    shape: Shape
    most: int  # images: some may be dropped
    pieces: Iterator[Piece]
    dropped: Sequence[tuple[str, str]]  # all of them when all pieces have come


def images_at_once(most: int, image: int) -> int:
    """How many images of so many bytes there may be in `most` bytes: at least one."""
    return max(1, min(MOST_AT_ONCE, most // image))


def split_pieces(images: Iterable[np.ndarray], shape: Shape) -> Generator[Piece, None, int]:
    """Every tenth is held out; returns how many there were."""
    rows = images_at_once(PIECE, math.prod(shape))
    waiting = {split: np.empty((rows, *shape), np.uint8) for split in SPLITS}
    filled, count = dict.fromkeys(SPLITS, 0), 0
    for count, image in enumerate(images, 1):
        split = "train" if count % HOLD_OUT else "held_out"
        waiting[split][filled[split]] = image
        filled[split] += 1
        if filled[split] == rows:
            yield split, waiting[split]
            filled[split] = 0
    yield from ((split, waiting[split][:n]) for split, n in filled.items() if n)
    return count
