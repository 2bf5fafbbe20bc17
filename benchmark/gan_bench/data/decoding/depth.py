"""How images of more than 8 bits become images of 8 bits: one rule, decided for the whole set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from gan_bench.base import text
from gan_bench.data.reasons import Reason, Refused

DEPTHS = (8, 10, 12, 14, 16, 24, 32)  # bits that programs use; files mostly have 16 or 32
BYTE = 255


@dataclass(frozen=True, slots=True)
class Deep:
    """An image of more than 8 bits, with the values that the file has."""

    values: np.ndarray  # (H, W, C) with C 1 or 3: uint16, int32, uint32 or float32
    bits: int  # of a value in the file
    alpha: np.ndarray | None = None  # (H, W) uint8
    declared: float | None = None  # the value of white, if the file has one of its own
    inverted: bool = False  # 0 is white


@dataclass(frozen=True, slots=True)
class Depth:
    """What the rule needs to know of a deep image."""

    lowest: float
    highest: float
    floating: bool
    bits: int
    declared: float | None


@dataclass(frozen=True, slots=True)
class Scale:
    """The values that are shown as white, for each kind of deep image in a set."""

    integers: Mapping[int, float] = field(default_factory=dict)  # by the bits of a value
    floats: float = 1.0

    def white(self, image: Deep) -> float:
        """The value of this image that becomes 255."""
        if image.declared is not None:
            return image.declared
        return self.floats if image.values.dtype.kind == "f" else self.integers[image.bits]


def depth_of(image: Deep) -> Depth:
    """The range of an image. Refused if it has negative, infinite or undefined values."""
    lowest, highest = float(image.values.min()), float(image.values.max())
    if not np.isfinite([lowest, highest]).all():
        raise Refused(Reason.NO_NUMBERS)
    if lowest < 0:
        raise Refused(Reason.NEGATIVE, f"from {lowest:g} to {highest:g}")
    return Depth(lowest, highest, image.values.dtype.kind == "f", image.bits, image.declared)


def scale_for(depths: Iterable[Depth]) -> Scale:
    """The rule for a set that has these deep images.

    Integers: white is the smallest of 2^k - 1 with k in DEPTHS that no image of as many bits
    exceeds. Floats: white is 1 if no image exceeds 1, else 255; `check` refuses them if an image
    exceeds 255. A PGM or TIFF that declares its own white, such as 4,095, is not asked.
    """
    highest: dict[int, float] = {}
    floating = 0.0
    for depth in depths:
        if depth.declared is not None:
            continue
        if depth.floating:
            floating = max(floating, depth.highest)
        else:
            highest[depth.bits] = max(highest.get(depth.bits, 0), depth.highest)
    return Scale(
        integers={bits: _full(value) for bits, value in highest.items()},
        floats=1 if floating <= 1 else BYTE if floating <= BYTE else floating,
    )


def _full(highest: float) -> float:
    """The smallest full scale that a value does not exceed."""
    return next(float(2**k - 1) for k in DEPTHS if highest <= 2**k - 1)


def check(image: Deep, scale: Scale) -> None:
    """Refused if the set has floats that are neither 0 to 1 nor 0 to 255."""
    if scale.white(image) > BYTE and image.values.dtype.kind == "f" and image.declared is None:
        raise Refused(Reason.FLOATS, f"up to {scale.floats:g} in this set")


def notes_on(depths: Iterable[Depth], scale: Scale) -> list[str]:
    """One sentence for each kind of deep image in the set: which values are black and white."""
    counts = Counter(
        (
            "floats" if depth.floating else f"{depth.bits} bits",
            depth.declared or (scale.floats if depth.floating else scale.integers[depth.bits]),
        )
        for depth in depths
    )
    return [
        f"{text.plural(count, 'image')} of {kind}: "
        f"values 0 to {white:,.10g} are shown as 0 to {BYTE}"
        for (kind, white), count in sorted(counts.items())
    ]
