"""Numbers in the JSON lines of a cell. Whatever is not a usable number becomes NaN."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np

LARGEST = 1e100  # sums and squares of larger numbers overflow: they count as infinite
# The columns of a curve, beside step and kimg
CURVE_COLUMNS = ("loss_d", "loss_g", "real_score", "fake_score", "grad_d", "grad_g")


def number(line: dict[str, Any], *names: str) -> float:
    """The number at `line[name][name]...`; NaN where there is none."""
    value: Any = line
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return float(value) if isinstance(value, int | float) and abs(value) < LARGEST else nan


def column(lines: Sequence[dict[str, Any]], name: str) -> np.ndarray:
    """(lines,) float64: the `number` under one name of every line."""
    return np.array([number(line, name) for line in lines], dtype=np.float64)
