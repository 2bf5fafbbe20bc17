"""Branches beside the cell that they were forked from. They are never ranked with other cells."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_bench.base import text
from gan_bench.contract.branch import changes_text
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Cell, MetricSpec
from gan_bench.report.section import NOTHING, Column, Section
from gan_bench.report.summary import Summary
from gan_bench.results.layout import (
    CELL,
    CURVE,
    GENERATOR,
    RECORD,
    TICKS,
    branches_in,
    label_of,
    protocol_of,
)
from gan_bench.results.reading import digest_of, read_model
from gan_bench.results.records import Record, read_record

if TYPE_CHECKING:
    from gan_bench.run.branching import Fork

SCHEMA = 1
PARENT = "the cell itself"
SAME_BYTES = (CURVE, TICKS, GENERATOR)
NO_TEST = (
    "no test is made here; the unchanged branches in other orders of the images show how far "
    "chance goes (--seeds N), and `gan-bench autopsy` compares remedies over many cells"
)
OTHER_BYTES = (
    "The unchanged branch in the same order ended in other bytes than the cell: it was computed in "
    "another way, as by another number of threads (--jobs), another device or another torch. "
    "Compare the branches with each other, not with the cell."
)


@dataclass(frozen=True)
class Forked:
    """One branch, or the cell that it was forked from, as it ended."""

    folder: Path
    changes: dict[str, Any] | None  # None: it is the cell itself
    index: int
    record: Record | None  # None: it has not ended
    same: bool | None = None  # whether an unchanged branch is the cell byte for byte; None: neither

    @property
    def what(self) -> str:
        """What it is, in a few words."""
        return PARENT if self.changes is None else changes_text(self.changes)

    @property
    def when(self) -> float | None:
        """When the verdict that holds at the end was found."""
        return verdict_kimg(self.record)

    def document(self, metric: MetricSpec) -> dict[str, Any]:
        """For programs."""
        score = self.record.scores.get(metric.name) if self.record else None
        return {
            "changes": self.changes,
            "index": self.index,
            "status": self.record.status if self.record else None,
            "verdict_kimg": self.when,
            "reason": self.record.reason if self.record else None,
            "score": score.value if score else None,
            "same_bytes": self.same,
            "folder": str(self.folder),
        }


def verdict_kimg(record: Record | None) -> float | None:
    """When the verdict that holds at the end of a training was found."""
    if record is None:
        return None
    dates = [each.kimg for each in record.verdicts if each.kind == record.status]
    return dates[-1] if dates else None


def damage(folder: Path) -> str | None:
    """Why a branch's record cannot be read, and what to do; None if it can, or is not there."""
    try:
        read_record(folder)
    except StorageError as error:
        if os.path.lexists(folder / RECORD):
            return f"{error}: delete {folder}, and the same command trains this branch again"
    return None


def ended(folder: Path) -> Record | None:
    """The record of a cell or branch; None if there is none that can be read."""
    try:
        return read_record(folder)
    except StorageError:
        return None


@dataclass(frozen=True)
class Branches:
    """A cell, and its branches from one tick."""

    cell: Path
    kimg: float  # where they begin
    metric: MetricSpec
    rows: list[Forked]  # the first one is the cell itself

    @property
    def label(self) -> str:
        """The name of the cell."""
        return label_of(self.cell)

    @property
    def failed(self) -> bool:
        """Whether a branch has not ended, or could not be trained."""
        records = [row.record for row in self.rows[1:]]
        return any(record is None or record.status == "failed" for record in records)

    def summary(self) -> Summary:
        """The table: the cell, then its branches."""
        dated = any(row.when is not None for row in self.rows)  # a verdict has a date
        columns = [
            Column("branch", numeric=False),
            Column("order", numeric=False),
            Column("status", numeric=False),
            *([Column("since kimg")] if dated else []),
            Column(f"{self.metric.name} {self.metric.arrow}"),
        ]
        title = f"branches of {self.label} from {self.kimg:g} kimg"
        rows = [_texts(row, self.metric, dated) for row in self.rows]
        differ = any(row.same is False for row in self.rows)
        table = Section(title, columns, rows, names=2)
        notes = [*([OTHER_BYTES] if differ else []), *self._few()]
        return Summary([table], notes=notes)

    def _few(self) -> list[str]:
        """What the table can say of a change: nothing, if nothing was changed."""
        changed = sum(bool(row.changes) for row in self.rows)
        if not changed:
            return []
        branches = text.plural(changed, "branch", "branches")
        return [f"With {branches} of one cell, what differs may be chance: {NO_TEST}."]

    def document(self) -> dict[str, Any]:
        """All of it for programs."""
        return {
            "schema": SCHEMA,
            "cell": self.label,
            "at_kimg": self.kimg,
            "metric": self.metric.name,
            "higher_is_better": self.metric.higher_is_better,
            "branches": [row.document(self.metric) for row in self.rows],
        }


def branches_of(forks: Sequence[Fork]) -> Branches:
    """What became of branches that begin with the same state of a cell."""
    origin = forks[0].origin
    rows = [
        _forked(origin.folder, folder, fork.changes, index)
        for fork in forks
        for index, folder in zip(fork.indices, fork.folders, strict=True)
    ]
    return _beside(origin.folder, forks[0].tick.kimg, rows)


def branches_in_cell(cell: Path) -> list[Branches]:
    """What is kept in the folder of a cell, by the tick; without a training that kept its ticks.

    StorageError if the plan of a branch cannot be read.
    """
    by_kimg: dict[float, list[Forked]] = {}
    for folder in branches_in(cell):
        branch = read_model(folder / CELL, Cell).branch
        if branch is not None and branch.step > 0:
            row = _forked(cell, folder, branch.changes, branch.index)
            by_kimg.setdefault(branch.kimg, []).append(row)
    return [_beside(cell, kimg, sorted(rows, key=_order)) for kimg, rows in sorted(by_kimg.items())]


def _order(row: Forked) -> tuple[bool, str, int]:
    return bool(row.changes), row.what, row.index


def _beside(cell: Path, kimg: float, rows: Sequence[Forked]) -> Branches:
    metric = protocol_of(cell).evaluation.metrics[0]
    return Branches(cell, kimg, metric, [Forked(cell, None, 0, ended(cell)), *rows])


def _forked(cell: Path, folder: Path, changes: dict[str, Any], index: int) -> Forked:
    is_copy = not changes and index == 0 and ended(cell) is not None
    same = same_bytes(cell, folder) if is_copy else None
    return Forked(folder, changes, index, ended(folder), same)


def same_bytes(one: Path, other: Path) -> bool:
    """Whether two cells are done and ended in the same curve, ticks and generator."""
    if not all((cell / RECORD).exists() for cell in (one, other)):
        return False
    return all(_digest(one / name) == _digest(other / name) for name in SAME_BYTES)


def _digest(path: Path) -> str | None:
    return digest_of(path) if path.exists() else None


def _texts(row: Forked, metric: MetricSpec, dated: bool) -> list[str]:
    score = row.record.scores.get(metric.name) if row.record else None
    without = "unreadable" if damage(row.folder) else "unfinished"
    status = row.record.status if row.record else without
    return [
        row.what,
        "the same" if row.index == 0 else f"another ({row.index})",
        status + (", same bytes" if row.same else ", OTHER BYTES" if row.same is False else ""),
        *([NOTHING if row.when is None else text.number(row.when, 6)] if dated else []),
        NOTHING if score is None else text.number(score.value),
    ]
