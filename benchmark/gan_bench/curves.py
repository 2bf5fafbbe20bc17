"""The lines that a cell leaves while it trains, read for their numbers. Nothing else is trusted."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np

LARGEST = 1e100  # sums and squares of larger numbers overflow
NUMBER = (int, float)


def number(line: dict[str, Any], *names: str) -> float:
    """The number under that name, or names one below the other; NaN, a gap, where there is none."""
    value: Any = line
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return float(value) if isinstance(value, NUMBER) and abs(value) < LARGEST else nan


def column(lines: Sequence[dict[str, Any]], name: str) -> np.ndarray:
    """(lines,) float64: the `number` under one name of every line, for thousands of curves."""
    try:
        found = np.array([line.get(name) for line in lines])
    except ValueError:  # lists of several lengths
        found = np.empty(0, object)
    if found.shape != (len(lines),) or found.dtype.kind not in "fiub":
        found = np.array([number(line, name) for line in lines])
    return np.where(np.abs(found) < LARGEST, found, nan)
