"""The lines that a cell leaves while it trains, read for their numbers. Nothing else is trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

LARGEST = 1e100  # sums and squares of larger numbers overflow


def number(line: Mapping[str, Any], *names: str) -> float:
    """The number under that name, or names one below the other; NaN, a gap, where there is none."""
    value: Any = line
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, int | float) and abs(value) < LARGEST else math.nan
