"""Branches beside the cell that they were forked from. They are never ranked with other cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_bench.base import text
from gan_bench.contract.branch import changes_text
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.section import NOTHING, Column, Section
from gan_bench.results.records import Record, read_record

SCHEMA = 1
PARENT = "the cell itself"


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


def ended(folder: Path) -> Record | None:
    """The record of a cell or branch; None if there is none that can be read."""
    try:
        return read_record(folder)
    except StorageError:
        return None


def branch_section(title: str, metric: MetricSpec, rows: Sequence[Forked]) -> Section:
    """The table: the cell, then its branches."""
    score = f"{metric.name} {metric.arrow}"
    columns = [
        Column("branch", numeric=False),
        Column("order", numeric=False),
        Column("status", numeric=False),
        Column("since kimg"),
        Column(score),
    ]
    return Section(title, columns, [_texts(row, metric) for row in rows], names=2)


def _texts(row: Forked, metric: MetricSpec) -> list[str]:
    score = row.record.scores.get(metric.name) if row.record else None
    status = row.record.status if row.record else "unfinished"
    return [
        row.what,
        "the same" if row.index == 0 else f"another ({row.index})",
        status + (", same bytes" if row.same else ", OTHER BYTES" if row.same is False else ""),
        NOTHING if row.when is None else text.number(row.when, 6),
        NOTHING if score is None else text.number(score.value),
    ]


def warning(rows: Sequence[Forked]) -> str | None:
    """What it means if an unchanged branch did not end as the cell did; None if it did."""
    if not any(row.same is False for row in rows):
        return None
    return (
        "The unchanged branch in the same order ended in other bytes than the cell: it was "
        "computed in another way, as by another number of threads (--jobs), another device or "
        "another torch. "
        "Compare the branches with each other, not with the cell."
    )


def document(
    parent: str, kimg: float, metric: MetricSpec, rows: Sequence[Forked]
) -> dict[str, Any]:
    """All of it for programs."""
    return {
        "schema": SCHEMA,
        "cell": parent,
        "at_kimg": kimg,
        "metric": metric.name,
        "higher_is_better": metric.higher_is_better,
        "branches": [row.document(metric) for row in rows],
    }
