"""All cells of a protocol as one pandas DataFrame, one row a cell."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gan_bench.contract.errors import StorageError
from gan_bench.results.layout import RECORD, cells_in, evaluation_dir
from gan_bench.results.measurements import Measurement, read_measurement
from gan_bench.results.records import (
    WITHOUT_SCORES,
    Best,
    Code,
    Cost,
    Record,
    Status,
    read_code,
    read_record,
    training_code,
)

if TYPE_CHECKING:
    import pandas as pd

CellStatus = Status | Literal["unfinished", "not measured", "unreadable"]
UNFINISHED: CellStatus = "unfinished"
UNMEASURED: CellStatus = "not measured"  # trained, but without scores by an added evaluation
OPEN: tuple[CellStatus, ...] = (UNFINISHED, UNMEASURED)  # what they will score is not known
WITHOUT_RECORD: tuple[CellStatus, ...] = (*OPEN, "unreadable")  # or their record is of no use here

KEYS = ("architecture", "loss", "seed", "status", "reason")
BEST = tuple(f"best_{name}" for name in Best.model_fields)
COST = tuple(Cost.model_fields)
DETAILS = (
    *("unscored", "details", "verdicts", "notes", "versions", "computed", "plugins"),
    *("reference_n", "log", "folder", "measured"),
)
AFTER_SCORES = (
    *BEST,
    "recipe",
    "conditional",
    "rollbacks",
    "diagnosis",
    *COST,
    "device",
    "machine",
    "code",
    "starts",
    "ended",
    *DETAILS,
)
INTEGERS = {"seed", "rollbacks", "starts", *(name for name in COST if name[:2] in ("g_", "d_"))}
FIXED = {*KEYS, *AFTER_SCORES}
OBJECTS = {
    *KEYS,
    *("best_metric", "recipe", "conditional", "diagnosis", "device", "machine", "code", "ended"),
    *DETAILS,
} - INTEGERS
NO_SCORES: dict[str, Any] = {"unscored": {}, "details": {}, "reference_n": ()}
ERROR = " error"  # ends the name of a column with standard errors


def read_frame(protocol_folder: Path, evaluation: str | None = None) -> pd.DataFrame:
    """Read all cells of a protocol's folder, with the scores by an evaluation besides its own.

    The rows are in order of architecture, loss and seed (as a number). The columns are KEYS, the
    metrics (`metric_column`), their standard errors (`error_column`) and AFTER_SCORES. A cell
    without a record has status "unfinished", one whose record is damaged has status "unreadable"
    and the reason; both have only missing values otherwise.

    Dtypes: scores and seconds are float64, counts are Int64, all others are objects. `verdicts`
    holds tuples of Verdict, `recipe` holds a Recipe, `unscored`, `details`, `versions`, `computed`
    and `machine` hold dictionaries, `folder` holds the Path of the cell, and `measured` that of the
    files of its scores. `plugins` holds tuples of Code, and `code` is the `training_code` of these,
    missing where it is not known. A trained cell that is not measured by the evaluation is "not
    measured".
    """
    import pandas as pd

    every = (_cell(folder, evaluation) for folder in cells_in(protocol_folder))
    cells = [cell for cell in every if cell is not None]
    cells.sort(key=_order)
    scores = {name: None for cell in cells for name in cell if name not in FIXED}
    values = [name for name in scores if not name.endswith(ERROR)]
    errors = [name for name in scores if name.endswith(ERROR)]
    columns = {
        name: pd.Series([cell.get(name) for cell in cells], dtype=_dtype(name))
        for name in (*KEYS, *values, *errors, *AFTER_SCORES)
    }
    return pd.DataFrame(columns)


def metric_column(metric: str) -> str:
    """The column with the values of a metric: its name, unless another column has that name."""
    return f"metric {metric!r}" if metric in FIXED or metric.endswith(ERROR) else metric


def error_column(metric: str) -> str:
    """The column with the standard errors of a metric over samplings of the same network."""
    return metric_column(metric) + ERROR


def _dtype(name: str) -> str:
    if name in INTEGERS:
        return "Int64"
    return "object" if name in OBJECTS else "float64"


def _order(cell: dict[str, Any]) -> tuple[str, str, bool, int]:
    return cell["architecture"], cell["loss"], cell["seed"] is None, cell["seed"] or 0


def _cell(folder: Path, evaluation: str | None) -> dict[str, Any] | None:
    """The columns of one cell; its names are those of its folder. None for a branch put here."""
    architecture, loss, seed = folder.parts[-3:]
    names = {"architecture": architecture, "loss": loss, "folder": folder}
    try:
        record = read_record(folder)
        if record.branch is not None:
            return None
        scores = _scores_by(evaluation, record, folder)
        if not scores and record.status not in WITHOUT_SCORES:
            return names | {"seed": record.seed, "status": UNMEASURED} | _code(record.code)
        return _record(record) | NO_SCORES | scores | names
    except StorageError as error:
        number = int(seed[4:]) if re.fullmatch(r"seed\d{1,18}", seed, re.ASCII) else None
        if os.path.lexists(folder / RECORD):
            return names | {"seed": number, "status": "unreadable", "reason": str(error)}
        return names | {"seed": number, "status": UNFINISHED} | _code(read_code(folder))


def _code(code: tuple[Code, ...]) -> dict[str, Any]:
    return {"code": training_code(code) or None, "plugins": code}


def _record(record: Record) -> dict[str, Any]:
    best, cost = record.best, record.cost
    return {
        **({f"best_{name}": value for name, value in best} if best else {}),
        **(dict(cost) if cost else {}),
        "seed": record.seed,
        "recipe": record.recipe,
        # of a cell that failed before its networks were built it is not known
        "conditional": record.conditional or (None if record.status == "failed" else False),
        "status": record.status,
        "reason": record.reason,
        "rollbacks": record.rollbacks,
        "diagnosis": record.diagnosis,
        "device": record.device,
        "starts": record.starts,
        "ended": record.ended,
        "verdicts": record.verdicts,
        "notes": record.notes,
        "versions": record.versions,
        "computed": record.computed,
        "machine": record.machine,
        "log": record.log,
        **_code(record.code),
    }


def _scores_by(evaluation: str | None, record: Record, folder: Path) -> dict[str, Any]:
    """The scores by this evaluation, or by the protocol's own, which the record has.

    {} for a cell that is not measured by it.
    """
    if evaluation is not None:
        found = read_measurement(folder, evaluation)
        took = {"evaluate_seconds": found.seconds} if found else {}
        return _scores(found, evaluation_dir(folder, evaluation)) | took
    return _scores(record, folder)


def _scores(found: Record | Measurement | None, measured: Path) -> dict[str, Any]:
    if found is None:
        return {}
    scores = found.scores
    return {
        **{metric_column(name): score.value for name, score in scores.items()},
        **{error_column(n): s.error for n, s in scores.items() if s.error is not None},
        "unscored": found.unscored,
        "details": found.details,
        "reference_n": tuple(sorted({score.reference_n for score in scores.values()})),
        "measured": measured,
    }
