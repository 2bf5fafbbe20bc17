"""Axes of the figures of a page: numbers -> pixels, and the round numbers beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gan_bench.base.text import number

STEPS = (1, 2, 5, 10)
CHARACTER = 0.62  # of the size of a font: a digit of a wide one
BESIDE = 8  # pixels between a number and the axis, and before it
WIDE = 30  # times the lowest value: positive values that span more get a logarithmic axis


@dataclass(frozen=True)
class Axis:
    """A range of values drawn from pixel `start` to pixel `end`."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False
    whole: bool = False  # only whole numbers stand beside it

    def __call__(self, value: float) -> float:
        """The pixel of a value; one out of the range is drawn at its edge."""
        low, high, value = (
            (math.log(max(v, self.low)) for v in (self.low, self.high, value))
            if self.logarithmic
            else (self.low, self.high, value)
        )
        share = min(1.0, max(0.0, (value - low) / (high - low)))
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Pixel and text of a few round numbers."""
        values = self._powers() if self.logarithmic else self._multiples()
        return [(self(value), number(value, 4)) for value in values]

    def _multiples(self) -> list[float]:
        raw = (self.high - self.low) / (8 if self.whole else 4)
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(factor * power for factor in STEPS if factor * power >= raw * (1 - 1e-9))
        step = max(1.0, step) if self.whole else step
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [k * step for k in range(first, last + 1)]

    def _powers(self) -> list[float]:
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        factors = (1,) if last - first > 3 else (1, 2, 5)
        values = [f * 10.0**k for k in range(first, last + 1) for f in factors]
        return [value for value in values if self.low <= value <= self.high]


def axis(values: Sequence[float], start: float, end: float, from_zero: bool = False) -> Axis:
    """An axis on which all of the finite values have room."""
    low, high = min(values), max(values)
    if low > 0 and high > WIDE * low and not from_zero:
        return Axis(low / 1.2, high * 1.2, start, end, logarithmic=True)
    low = min(0.0, low) if from_zero else low
    room = (high - low) * 0.06 or abs(high) * 0.1 or 0.5
    return Axis(low if from_zero else low - room, high + room, start, end)


def room_beside(axis: Axis, font: int, least: int) -> int:
    """Pixels to the left of a vertical axis, at least so many, that its longest number needs."""
    longest = max((len(text) for _, text in axis.ticks), default=0)
    return max(least, math.ceil(longest * CHARACTER * font) + BESIDE)
