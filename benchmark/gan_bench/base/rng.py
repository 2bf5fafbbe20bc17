"""Named random streams: every random number is a pure function of (seed, stream, position).

No state is kept, so a resume has nothing to restore, and no reader of a stream can disturb
another. The streams: init, data, z-train, z-eval, noise; splits, from which the report draws
random splits of seeds.
"""

from __future__ import annotations

import hashlib

import numpy as np


def key(seed: int, stream: str, *position: int) -> int:
    """63 bits that belong to this place of this stream alone."""
    text = "/".join([str(seed), stream, *map(str, position)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def _generator(seed: int, stream: str, *position: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key(seed, stream, *position)))


def normal(seed: int, stream: str, count: int, z_dim: int, *position: int) -> np.ndarray:
    """(count, z_dim) float32 from N(0, 1).

    Filled column by column: architectures of different z_dim share the columns they both have.
    """
    columns = _generator(seed, stream, *position).standard_normal((z_dim, count), np.float32)
    return np.ascontiguousarray(columns.T)


class DataOrder:
    """Which real image is shown when: every pass over the data is a permutation of its own."""

    def __init__(self, seed: int, images: int) -> None:
        self.seed = seed
        self.images = images
        self._pass = -1
        self._permutation = np.empty(0, np.int64)

    def rows(self, start: int, count: int) -> np.ndarray:
        """Indices (count,) int64 of the images at positions start, start + 1, ..."""
        end = start + count
        passes = range(start // self.images, (end - 1) // self.images + 1)
        parts = [
            self._permuted(which)[max(0, start - which * self.images) : end - which * self.images]
            for which in passes
        ]
        return np.concatenate(parts)

    def _permuted(self, which: int) -> np.ndarray:
        """The order of one pass (images,); kept only for speed: the answer is the same without."""
        if which != self._pass:
            self._permutation = _generator(self.seed, "data", which).permutation(self.images)
            self._pass = which
        return self._permutation
