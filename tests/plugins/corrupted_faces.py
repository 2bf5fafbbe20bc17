"""Corrupted toonfaces: as many faces of few modes as one likes, drawn when they are asked for.

Used by the tests of metrics and by tools/metric_tables.py, which prints the tables of
docs/metrics.md. The corruptions themselves are in gan_bench.measure.corruptions.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gan_bench.measure.corruptions import Corruption, Material, Strengths, corrupted
from gan_bench_plugins.toonfaces import SEED, TRAIN, modes, render

MODES = 1_000
KEPT = (1_000, 500, 200, 50, 10, 1)  # modes that a generator still makes, best first
BLURS = (0.25, 0.5, 1.0, 2.0)  # sigma in pixels of a 32 px picture; twice that at 64 px
NOISES = (4, 8, 16, 32, 64)  # standard deviation, of 255
STRENGTHS = Strengths(
    kept=KEPT, distinct=(10, 1), sigmas=BLURS, stds=NOISES, shares=(0.1, 0.5, 1.0)
)
HELD_OUT, NO_SPLIT = TRAIN, 1_000_000  # first indices: of the held-out split, and of neither


def real(n: int, size: int) -> np.ndarray:
    """The reference: the first training images."""
    return render(SEED, np.arange(n), size)


def other_real(n: int, size: int, block: int = 0) -> np.ndarray:
    """Held-out images, as a perfect generator would make them. No two blocks share one."""
    first = HELD_OUT + block * n
    return render(SEED, np.arange(first, first + n), size)


class Drawn:
    """Faces of no split, by their rows."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        return render(SEED, NO_SPLIT + rows, self.size)


def material(n: int, size: int) -> Material:
    """Held-out and training faces, and enough of neither split for n faces of a single mode."""
    pool = np.arange(NO_SPLIT, NO_SPLIT + 10_000 + 2 * n * MODES)
    return Material(
        other=other_real(n, size), train=real(n, size), pool=Drawn(size), labels=modes(SEED, pool)
    )


def corruptions(n: int, size: int) -> Iterator[Corruption]:
    """Every fault in every strength, the mildest first."""
    return corrupted(material(n, size), STRENGTHS)
