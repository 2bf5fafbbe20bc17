"""The curves and ticks of all cells of a protocol as long pandas DataFrames: one row a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_bench.base.numbers import CURVE_COLUMNS, number
from gan_bench.results.layout import CURVE, TICKS, cells_in, seed_of
from gan_bench.results.reading import read_lines

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("architecture", "loss", "seed")


def read_curves(protocol_folder: Path) -> pd.DataFrame:
    """The points of every training curve, in the order of the cells and of the training.

    Columns: architecture, loss, seed, step, kimg and CURVE_COLUMNS; NaN for a gap. StorageError
    if a curve cannot be read.
    """
    return _frame(
        [
            {
                **_keys(cell),
                **{name: number(line, name) for name in ("step", "kimg", *CURVE_COLUMNS)},
            }
            for cell in cells_in(protocol_folder)
            for line in read_lines(cell / CURVE)
        ],
        ("step", "kimg", *CURVE_COLUMNS),
    )


def read_ticks(protocol_folder: Path, metrics: Sequence[str]) -> pd.DataFrame:
    """The scores of every cell at every tick, in the order of the cells and of the training.

    Columns: architecture, loss, seed, step, kimg, the metrics of a tick, verdict and reason; NaN
    or None for a gap. StorageError if a file of ticks cannot be read.
    """
    return _frame(
        [
            {
                **_keys(cell),
                "step": number(line, "step"),
                "kimg": number(line, "kimg"),
                **{metric: number(line, "scores", metric) for metric in metrics},
                "verdict": line.get("verdict"),
                "reason": line.get("reason"),
            }
            for cell in cells_in(protocol_folder)
            for line in read_lines(cell / TICKS)
        ],
        ("step", "kimg", *metrics, "verdict", "reason"),
    )


def _frame(rows: list[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(rows, columns=[*KEYS, *columns]).astype({"seed": "Int64"})
    return frame.sort_values(list(KEYS), kind="stable", ignore_index=True)


def _keys(cell: Path) -> dict[str, Any]:
    architecture, loss, _ = cell.parts[-3:]
    return {"architecture": architecture, "loss": loss, "seed": seed_of(cell)}
