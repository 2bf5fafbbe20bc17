"""Columns of a training curve as arrays, and what several rules compute from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gan_bench.base.numbers import CURVE_COLUMNS, column

MIN_POINTS = 50  # rows; fewer are only the start of a training
Columns = Mapping[str, np.ndarray]  # kimg and CURVE_COLUMNS: (n,) float64, all finite


def columns_of(curve: Sequence[dict[str, Any]]) -> Columns:
    """The usable numbers of every column; a column with gaps is shorter."""
    values = {name: column(curve, name) for name in ("kimg", *CURVE_COLUMNS)}
    return {name: each[np.isfinite(each)] for name, each in values.items()}


def distance(columns: Columns) -> np.ndarray:
    """s(D(x)) - s(D(G(z))): how well D tells real images from fakes, (n,) from -1 to 1."""
    real, fake = columns["real_score"], columns["fake_score"]
    rows = min(len(real), len(fake))
    return np.asarray(real[len(real) - rows :] - fake[len(fake) - rows :])


def last_third(values: np.ndarray) -> np.ndarray:
    """The end of a curve."""
    return values[len(values) * 2 // 3 :]


def without_start(values: np.ndarray) -> np.ndarray:
    """All but the first tenth, in which G and D find their balance."""
    return values[len(values) // 10 :]


def smooth(values: np.ndarray, rows: int) -> np.ndarray:
    """Running median of an odd number of rows; the ends are repeated."""
    padded = np.pad(values, rows // 2, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, rows), axis=1))
