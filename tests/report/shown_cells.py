"""Cells that keep pictures for the page, written by hand."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gan_bench.results.shown import WALK, WALK_SIDE, Modes, Sheet, Shown, sheet_name, write_shown


def webp(pixels: np.ndarray) -> bytes:
    """(H, W, 3) uint8 as a WebP file without loss."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", lossless=True)
    return buffer.getvalue()


def square(side: int = 8) -> np.ndarray:
    """The images of a walk: red tells the column, green the row."""
    rows, columns = np.indices((WALK_SIDE, WALK_SIDE)) * 16
    places = np.stack([columns, rows, np.zeros_like(rows)], axis=-1).astype(np.uint8)
    return places.repeat(side, axis=0).repeat(side, axis=1)


def sheet(metric: str = "copies", **more: Any) -> Sheet:
    given = {"says": "3 are copies.", "headings": ("generated", "nearest"), "rows": 2, "columns": 2}
    return Sheet(metric=metric, **given | more)


def write_pictures(
    folder: Path,
    walk: bytes | None = None,
    sheets: tuple[Sheet, ...] = (),
    modes: tuple[Modes, ...] = (),
    walk_class: int | None = None,
) -> None:
    """A walk, and a grey picture for each sheet that can be a file."""
    pictures = {} if walk is None else {WALK: walk}
    for each in sheets:
        if "/" not in each.metric:
            size = (8 * each.rows, 8 * each.columns, 3)
            pictures[sheet_name(each.metric)] = webp(np.full(size, 99, np.uint8))
    shown = Shown(walk=walk is not None, walk_class=walk_class, sheets=sheets, modes=modes)
    write_shown(folder, shown, pictures)
