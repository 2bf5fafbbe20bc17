"""Corrupted toonfaces: the sets that tests of metrics and tools/audit.py measure.

Faces of few modes are drawn when they are asked for, as many as one likes. The corruptions
themselves are in gan_bench.measure.corruptions.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from gan_bench.contract.offers import Fault
from gan_bench.measure import corruptions
from gan_bench.measure.corruptions import (
    ONLY_NOISE,
    Corruption,
    Labelled,
    Material,
    blurred,
    changed,
    copied,
    copied_and,
    lost_modes,
    noisy,
    repeated,
)
from gan_bench_plugins.toonfaces import SEED, TRAIN, modes, render

MODES = 1_000
STYLES = 10  # the first digit of a mode
POOL = 10_000 + 2 * 2_048 * MODES  # faces, enough for 2,048 of a single mode
HELD_OUT, NO_SPLIT = TRAIN, 1_000_000  # first indices: of the held-out split, and of neither
FRESH = NO_SPLIT + POOL  # the first index of faces that are in no split and not in the pool


def real(n: int, size: int) -> np.ndarray:
    """The reference: the first training images."""
    return render(SEED, np.arange(n), size)


def other_real(n: int, size: int, block: int = 0) -> np.ndarray:
    """Held-out images, as a perfect generator would make them. No two blocks share one."""
    first = HELD_OUT + block * n
    return render(SEED, np.arange(first, first + n), size)


def fresh(n: int, size: int, block: int, stride: int) -> np.ndarray:
    """Faces of neither split. No two blocks share one; a block of fewer is the start of it."""
    first = FRESH + block * stride
    return render(SEED, np.arange(first, first + n), size)


class Drawn:
    """Faces of no split, by their rows."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        return render(SEED, NO_SPLIT + rows, self.size)


def labelled(size: int) -> Labelled:
    """Enough faces of neither split, with their modes, for 2,048 of a single mode."""
    return Labelled(Drawn(size), modes(SEED, np.arange(NO_SPLIT, NO_SPLIT + POOL)))


def material(n: int, size: int) -> Material:
    """Held-out and training faces, and enough of neither split for n faces of a single mode."""
    return Material(other=other_real(n, size), train=real(n, size), labelled=labelled(size))


def without_a_style(of: Material) -> np.ndarray:
    """Faces of all modes but those of one hair style: 900 of 1,000."""
    assert of.labelled is not None
    style = of.labelled.labels // (MODES // STYLES)
    return of.labelled.images[np.flatnonzero(style > 0)[: len(of.other)]]


def repeated_by(times: int) -> Corruption:
    """Every image so many times, whatever their number."""
    return changed(
        f"each {times} times",
        "repeats",
        lambda images: corruptions.repeat(images, -(-len(images) // times)),
    )


# Within a fault from the mildest to the strongest.
AUDITED = (
    Corruption(name="one style lost", fault="lost modes", make=without_a_style),
    *map(lost_modes, (500, 100, 10, 1)),
    repeated_by(2),
    changed("Zipf", "repeats", corruptions.zipf),
    changed("half one image", "repeats", partial(corruptions.stuck, share=0.5)),
    changed("90% one image", "repeats", partial(corruptions.stuck, share=0.9)),
    repeated_by(10),
    *map(repeated, (10, 1)),
    *map(blurred, (0.25, 0.5, 1, 2)),
    *map(noisy, (4, 8, 16, 32)),
    ONLY_NOISE,
    *map(copied, (0.1, 0.5, 1)),
    copied_and("moved by 1 px", partial(corruptions.move, pixels=1)),
    copied_and("mirrored", corruptions.mirror),
    copied_and("noise 4", partial(corruptions.noise, std=4)),
    changed("half mirrored", None, partial(corruptions.mirror, every=2)),
    changed("hue 30°", None, partial(corruptions.turn_hue, degrees=30)),
    changed("hue 120°", None, partial(corruptions.turn_hue, degrees=120)),
    changed("JPEG 50", None, partial(corruptions.jpeg, quality=50)),
    changed("JPEG 20", None, partial(corruptions.jpeg, quality=20)),
    changed("moved by ¼ px", None, partial(corruptions.move, pixels=0.25)),
    changed("moved by ½ px", None, partial(corruptions.move, pixels=0.5)),
    changed("brighter by 16", None, partial(corruptions.brighten, levels=16)),
    changed("brighter by 64", None, partial(corruptions.brighten, levels=64)),
    changed("5% only noise", None, partial(corruptions.mixed_with_noise, share=0.05)),
    changed("20% only noise", None, partial(corruptions.mixed_with_noise, share=0.2)),
    changed("ghosts 25%", None, partial(corruptions.ghosts, share=0.25)),
    changed("ghosts 50%", None, partial(corruptions.ghosts, share=0.5)),
    changed("left and right of two", None, partial(corruptions.swap_halves, axis=3)),
    changed("top and bottom of two", None, partial(corruptions.swap_halves, axis=2)),
    changed("one colour", None, lambda images: corruptions.one_colour(images.shape)),
)
# A metric that declares a fault must see this strength of it, and every stronger one.
MILDEST: dict[Fault, str] = {
    "lost modes": "100 modes",
    "repeats": "half one image",
    "blur": "blur 1",
    "noise": "noise 8",
    "copies": "50% copies",
}
