"""All that is known of one cell, read from its files."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Cell, Evaluation, Protocol
from gan_bench.contract.schedule import Recipe, Schedule
from gan_bench.results.inventory import CellState, files_in, state_of
from gan_bench.results.layout import CELL, CURVE, PROTOCOL, TICKS, protocol_folder_of
from gan_bench.results.measurements import (
    Measurement,
    read_evaluation,
    read_measurement,
    slugs_in,
)
from gan_bench.results.reading import read_lines, read_model
from gan_bench.results.records import Code, Record, read_code
from gan_bench.results.scale import Scale, read_scale

SCHEMA = 1
Value = TypeVar("Value")


@dataclass(frozen=True)
class Added:
    """What a cell scores by an evaluation that was added."""

    evaluation: Evaluation | None  # None: it cannot be read
    measurement: Measurement


@dataclass(frozen=True)
class CellFacts:
    """One cell; None and empty lists where its files say nothing."""

    folder: Path
    status: CellState
    reason: str | None
    protocol: Protocol | None
    scale: Scale | None  # of the protocol
    cell: Cell | None
    record: Record | None
    code: tuple[Code, ...]  # of a cell without a record: of its newest process
    curve: list[dict[str, Any]]
    ticks: list[dict[str, Any]]
    files: list[tuple[str, int]]  # path within the folder, bytes
    faults: list[str]  # one sentence for each file that cannot be read
    added: dict[str, Added]  # by the evaluations that were added, if it is measured by them

    @property
    def slug(self) -> str:
        """The name of the protocol's folder."""
        return protocol_folder_of(self.folder).name

    @property
    def schedule(self) -> Schedule | None:
        """What it is trained by: the protocol's schedule, changed by its recipe."""
        known = self.record or self.cell
        recipe = known.recipe if known else Recipe()
        return recipe.applied_to(self.protocol.schedule) if self.protocol else None

    def document(self) -> dict[str, Any]:
        """All of it for a program."""
        return {
            "schema": SCHEMA,
            "protocol": self.slug,
            "architecture": self.folder.parts[-3],
            "loss": self.folder.parts[-2],
            "folder": str(self.folder),
            "status": self.status,
            "reason": self.reason,
            "schedule": self.schedule.model_dump(mode="json") if self.schedule else None,
            "cell": self.cell.model_dump(mode="json") if self.cell else None,
            "record": self.record.model_dump(mode="json") if self.record else None,
            "added": {
                slug: each.measurement.model_dump(mode="json") for slug, each in self.added.items()
            },
            "code": [each.model_dump(mode="json") for each in self.code],
            "curve": _finite(self.curve),
            "ticks": _finite(self.ticks),
            "files": [{"name": name, "bytes": size} for name, size in self.files],
            "unreadable": self.faults,
        }


def _finite(value: Any) -> Any:
    """The value for JSON: null in place of a number that is not finite."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_cell(folder: Path) -> CellFacts:
    """Read everything in the folder of a cell. A file that cannot be read costs only itself."""
    status, record, reason = state_of(folder)
    faults = [reason] if status == "unreadable" and reason else []

    def read(function: Callable[[], Value], otherwise: Value) -> Value:
        try:
            return function()
        except StorageError as error:
            faults.append(str(error))
            return otherwise

    home = protocol_folder_of(folder)
    slugs: list[str] = read(lambda: slugs_in(home), list[str]())
    measured = {
        slug: measurement
        for slug in slugs
        if (measurement := read(partial(read_measurement, folder, slug), None))
    }
    has_cell = (folder / CELL).exists()  # published records come without it
    return CellFacts(
        folder=folder,
        status=status,
        reason=reason,
        protocol=read(lambda: read_model(home / PROTOCOL, Protocol), None),
        scale=read(lambda: read_scale(home), None),
        cell=read(lambda: read_model(folder / CELL, Cell), None) if has_cell else None,
        record=record,
        code=record.code if record else read_code(folder),
        curve=read(lambda: read_lines(folder / CURVE), []),
        ticks=read(lambda: read_lines(folder / TICKS), []),
        added={
            slug: Added(read(partial(read_evaluation, home, slug), None), measurement)
            for slug, measurement in measured.items()
        },
        files=[(path.relative_to(folder).as_posix(), size) for path, size in files_in(folder)],
        faults=faults,
    )
