"""Random numbers by a counter hash: face i does not depend on the faces before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Ints = NDArray[np.int64]


def hashed(seed: int, indices: Ints, channel: int) -> NDArray[np.uint64]:
    """64 random bits per index: splitmix64 (Steele, Lea, Flood 2014) of seed, index, channel."""
    state = np.full(indices.shape, seed % 2**64, np.uint64)
    for counter in (indices.astype(np.uint64), np.array([channel], np.uint64)):
        state = _mixed(state + (counter + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15))
    return state


def _mixed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def factors(seed: int, indices: Sequence[int] | Ints) -> Ints:
    """(N, 3) int64 in 0..9: hair style, hair colour, expression; uniform and independent."""
    rows = np.asarray(indices, np.int64)
    digits = [(hashed(seed, rows, k) >> np.uint64(32)) * np.uint64(10) for k in range(3)]
    return (np.stack(digits, axis=-1) >> np.uint64(32)).astype(np.int64)


def modes(seed: int, indices: Sequence[int] | Ints) -> Ints:
    """(N,) int64 in 0..999: the three factors as the three digits of a number."""
    digits = factors(seed, indices)
    return digits[:, 0] * 100 + digits[:, 1] * 10 + digits[:, 2]


@dataclass(frozen=True)
class Chance:
    """The random properties of N images: one channel of random numbers for each property."""

    seed: int
    indices: Ints

    def between(self, channel: int, low: float, high: float) -> Array:
        """(N,) float32, uniform in [low, high)."""
        unit = (hashed(self.seed, self.indices, channel) >> np.uint64(40)).astype(np.float32)
        return np.float32(low) + np.float32(high - low) * (unit * np.float32(2.0**-24))

    def triple(self, channel: int, *ranges: tuple[float, float]) -> list[Array]:
        """One (N,) uniform number for each range, from consecutive channels."""
        return [self.between(channel + k, *limits) for k, limits in enumerate(ranges)]
