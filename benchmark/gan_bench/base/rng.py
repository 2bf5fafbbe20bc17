"""Named random streams: every random number is a pure function of (seed, stream, position).

No state is kept: a resumed training has nothing to restore, and no reader of a stream disturbs
another. The streams of a training are init, data, z-train, z-eval, y-eval, augment and noise; the
report splits seeds at random with the streams splits and looks; a trained generator gets z from
z-sample; an audit of metrics divides its images with audit-split and draws sets with audit-real,
audit-set and audit-size; a study has space (its points), halves (of the reference), trials (the
bootstrap), and for each half z and y streams of its own.
"""

from __future__ import annotations

import hashlib

import numpy as np


def key(seed: int, stream: str, *position: int) -> int:
    """63 bits that no other position, stream or seed shares."""
    text = "/".join([str(seed), stream, *map(str, position)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def _generator(seed: int, stream: str, *position: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key(seed, stream, *position)))


def normal(seed: int, stream: str, count: int, z_dim: int, *position: int) -> np.ndarray:
    """(count, z_dim) float32 from N(0, 1).

    Filled column by column, so that architectures of different z_dim share their first columns.
    """
    columns = _generator(seed, stream, *position).standard_normal((z_dim, count), np.float32)
    return np.ascontiguousarray(columns.T)


def rows(seed: int, stream: str, count: int, of: int, *position: int) -> np.ndarray:
    """(count,) int64 of the numbers from 0 to of - 1: each equally often, as far as that goes."""
    return np.resize(_generator(seed, stream, *position).permutation(of), count)


def uniform(seed: int, stream: str, count: int, draws: int, *position: int) -> np.ndarray:
    """(count, draws) float32, uniform in [0, 1).

    Filled column by column, so that another column more leaves the first ones as they are.
    """
    columns = _generator(seed, stream, *position).random((draws, count), np.float32)
    return np.ascontiguousarray(columns.T)


def spread(seed: int, stream: str, count: int, dims: int) -> np.ndarray:
    """(count, dims) float64 in [0, 1), evenly spread: Sobol points, scrambled by the stream.

    The first points stay as they are when more are asked for.
    """
    from scipy.stats import qmc  # here: it takes a second to import

    sobol = qmc.Sobol(dims, scramble=True, rng=_generator(seed, stream))
    # scipy warns of other counts than powers of two: their first points are as good
    return np.asarray(sobol.random_base2(max(0, count - 1).bit_length())[:count])


def choices(seed: int, stream: str, count: int, of: int) -> np.ndarray:
    """(count, of) int64: each row draws `of` of the numbers from 0 to of - 1, with repetition."""
    return _generator(seed, stream).integers(0, of, (count, of))


class DataOrder:
    """The order of the real images: every pass over the data is a new permutation."""

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
            self._permutation_of(k)[max(0, start - k * self.images) : end - k * self.images]
            for k in passes
        ]
        return np.concatenate(parts)

    def _permutation_of(self, k: int) -> np.ndarray:
        """The order of the k-th pass (images,). The last one is kept, for speed only."""
        if k != self._pass:
            self._permutation = _generator(self.seed, "data", k).permutation(self.images)
            self._pass = k
        return self._permutation
