"""Sets of toonfaces whose quality is known because it was put there: what metrics are held to.

Used by test_metrics.py and by tools/oracles.py, which prints the tables of docs/metrics.md.
Every set is (N, 3, S, S) uint8 and a pure function of its arguments.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.ndimage import gaussian_filter

from gan_bench_plugins.toonfaces import SEED, modes, render

MODES = 1_000
KEPT = (1_000, 500, 200, 50, 10, 1)  # modes that a generator still makes, best first
BLURS = (0.25, 0.5, 1.0, 2.0)  # sigma in pixels of a 32 px picture; twice that at 64 px
NOISES = (4, 8, 16, 32, 64)  # standard deviation, of 255
HELD_OUT, NO_SPLIT = 20_000, 1_000_000  # first indices: of the held-out split, and of neither


def real(n: int, size: int) -> np.ndarray:
    """The reference: the first training images."""
    return render(SEED, np.arange(n), size)


def other_real(n: int, size: int, block: int = 0) -> np.ndarray:
    """What a perfect generator makes: held-out images. No two blocks share one."""
    first = HELD_OUT + block * n
    return render(SEED, np.arange(first, first + n), size)


def keep_modes(kept: int, n: int, size: int) -> np.ndarray:
    """n images of `kept` modes; pose, skin, clothes and light vary as ever. Smaller sets nest."""
    allowed = np.random.default_rng(0).permutation(MODES)[:kept]
    pool = np.arange(NO_SPLIT, NO_SPLIT + 10_000 + 2 * n * MODES // kept)
    chosen = pool[np.isin(modes(SEED, pool), allowed)][:n]
    return render(SEED, chosen, size)


def repeat(images: np.ndarray, distinct: int) -> np.ndarray:
    """As many images as before, of which only so many differ."""
    return images[np.arange(len(images)) % distinct]


def blur(images: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur, as strong at every size."""
    scale = sigma * images.shape[-1] / 32
    return np.asarray(gaussian_filter(images, (0, 0, scale, scale), mode="nearest"))


def noise(images: np.ndarray, std: float) -> np.ndarray:
    """Gaussian noise on every pixel."""
    drawn = np.random.default_rng(1).normal(0, std, images.shape)
    return np.clip(images + drawn + 0.5, 0, 255).astype(np.uint8)


def only_noise(n: int, size: int) -> np.ndarray:
    """Uniform noise, no face at all."""
    return np.random.default_rng(2).integers(0, 256, (n, 3, size, size), dtype=np.uint8)


def ladders(n: int, size: int) -> Iterator[tuple[str, str, np.ndarray]]:
    """(ladder, rung, images), the mildest defect of every ladder first."""
    other = other_real(n, size)
    for kept in KEPT:
        yield "modes", f"{kept:,} modes", keep_modes(kept, n, size)
    for distinct in (10, 1):
        yield "repeats", f"{distinct} repeated", repeat(other, distinct)
    for sigma in BLURS:
        yield "blur", f"blur {sigma}", blur(other, sigma)
    for std in NOISES:
        yield "noise", f"noise {std}", noise(other, std)


def fakes(n: int, size: int) -> Iterator[tuple[str, np.ndarray]]:
    """Every oracle by name, the perfect generator first and the worst last."""
    yield "other real images", other_real(n, size)
    for _, rung, images in ladders(n, size):
        yield rung, images
    yield "only noise", only_noise(n, size)
