"""Rows of a leaderboard that were not trained here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Evaluation
from gan_bench.contract.schedule import Recipe
from gan_bench.report.rows import Row
from gan_bench.results.entries import EntryRecord, read_entry
from gan_bench.results.frame import (
    FIXED,
    OBJECTS,
    CellStatus,
    error_column,
    metric_column,
)
from gan_bench.results.layout import entries_in

NOT_TRAINED = "not trained here"  # in place of a loss
ENDED: CellStatus = "finished"


def entry_rows(protocol_folder: Path, evaluation: Evaluation) -> tuple[list[Row], list[str]]:
    """A row for each entry of this evaluation, in order of their names; and what stood in the way.

    An entry that was scored by another evaluation cannot be compared, and is left out.
    """
    rows, faults = list[Row](), list[str]()
    for folder in entries_in(protocol_folder):
        try:
            entry = read_entry(folder)
        except StorageError as error:
            faults.append(str(error))
            continue
        if entry.evaluation.slug == evaluation.slug:
            rows.append(_row(entry, folder))
        else:
            faults.append(f"{entry.name} / {NOT_TRAINED}: scored by another evaluation: left out")
    return rows, faults


def _row(entry: EntryRecord, folder: Path) -> Row:
    """One cell that has scores and neither a seed nor a cost."""
    known = {
        "architecture": entry.name,
        "loss": NOT_TRAINED,
        "status": ENDED,
        "recipe": Recipe(),
        "conditional": False,
        "device": entry.device,
        "machine": {},
        "ended": entry.ended,
        "unscored": entry.unscored,
        "details": entry.details,
        "verdicts": (),
        "rollbacks": 0.0,
        "notes": entry.notes,
        "versions": entry.versions,
        "computed": {},
        "plugins": (),
        "reference_n": tuple(sorted({score.reference_n for score in entry.scores.values()})),
        "folder": folder,
    }
    columns = {name: _column(known.get(name), name in OBJECTS) for name in FIXED}
    for name, score in entry.scores.items():
        columns[metric_column(name)] = _column(score.value, False)
        columns[error_column(name)] = _column(score.error, False)
    columns["seed"] = _column(None, True)
    fewer = entry.images if entry.images < entry.evaluation.samples else None
    labels = entry.name, NOT_TRAINED
    return Row(*labels, "", labels, columns, np.empty(0, int), entry=True, fewer=fewer)


def _column(value: object, is_object: bool) -> np.ndarray:
    """(1,): an object, or a number with NaN where there is none."""
    if not is_object:
        return np.array([np.nan if value is None else value], float)
    column = np.empty(1, object)
    column[0] = value
    return column


def trained(rows: Sequence[Row]) -> list[Row]:
    """The rows that were trained here: claims are about these."""
    return [row for row in rows if not row.entry]
