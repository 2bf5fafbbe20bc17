"""Rows of an array or a file of images, which are read in batches and never all at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gan_bench.data.gather import Stored


@dataclass(frozen=True)
class Rows:
    """Images (n, C, H, W) uint8 of these rows, as an array that holds none of them in memory."""

    images: np.ndarray | Stored
    rows: np.ndarray  # (n,) int, in the order in which the images are read

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: Any) -> np.ndarray:
        """The images of one row, of a slice or of an array of rows. OSError."""
        return self.images[self.rows[key]]

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, C, H, W)."""
        return len(self), *self.images.shape[1:]

    def at(self, rows: np.ndarray) -> Rows:
        """Some of these rows: their numbers, or a bool for each."""
        return Rows(self.images, self.rows[rows])


Images = np.ndarray | Rows


def rows_of(images: Images, rows: np.ndarray) -> Rows:
    """These rows of the images, which stay where they are."""
    return images.at(rows) if isinstance(images, Rows) else Rows(images, rows)
