"""A stream of images into the two splits, in chunks that fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from gan_bench.contract.offers import Shape
from gan_bench.data.reporting.report import DataReport

SPLITS = ("train", "held_out")
CHUNK_BYTES = 16 * 2**20  # written at once
CHUNK_IMAGES = 512  # at most, however small they are


class Progress(Protocol):
    """A function that is told how far the work is."""

    def __call__(self, phase: str, done: int, of: int, /) -> None:
        """`done` of `of` steps of this phase; 0 of 0 where their number is not known."""


def images_at_once(most_bytes: int, image_bytes: int) -> int:
    """How many images of that size fit into so many bytes: 1 to CHUNK_IMAGES."""
    return max(1, min(CHUNK_IMAGES, most_bytes // image_bytes))


@dataclass(frozen=True)
class ImageStream:
    """The images of a data set, to be read split by split, each once."""

    shape: Shape
    counts: Mapping[str, int]  # split -> how many images it has
    chunks: Callable[[str], Iterator[np.ndarray]]  # split -> its images, (n, C, H, W) uint8
    report: DataReport
    labels: Mapping[str, np.ndarray] = field(default_factory=dict)  # split -> (n,) int64
    tiles: np.ndarray | None = None  # of `report.odd`, one kind after another; None: not looked for
