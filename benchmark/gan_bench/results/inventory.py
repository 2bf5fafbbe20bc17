"""Every cell of a results folder in one line: how far it is, its score, its size on the disk."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from typing import Literal

from gan_bench.base.numbers import number
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import MetricSpec, Protocol
from gan_bench.results.atomic import PART
from gan_bench.results.audits import read_audit
from gan_bench.results.entries import EntryRecord, read_entry
from gan_bench.results.finding import has_protocols, protocol_folders
from gan_bench.results.layout import (
    BRANCHES,
    CURVE,
    HOUSEKEEPING,
    KEPT_TICKS,
    PROTOCOL,
    RECORD,
    STARTS,
    audits_in,
    branches_in,
    cells_in,
    entries_in,
    seed_of,
    studies_in,
)
from gan_bench.results.locks import is_locked
from gan_bench.results.measurements import complete, read_evaluation, read_measurement, slugs_in
from gan_bench.results.reading import read_model, readable, tail
from gan_bench.results.records import Record, Status, read_record
from gan_bench.results.studies import read_study

# running: a process holds its lock. stopped: it was begun. waiting: it was only laid out.
CellState = Status | Literal["running", "stopped", "waiting", "unreadable"]


@dataclass(frozen=True)
class Listed:
    """One cell; None where nothing is known."""

    folder: Path
    protocol: str  # the slug
    architecture: str
    loss: str
    seed: int | None
    status: CellState
    kimg: float | None  # that it was trained so far
    ranking: MetricSpec | None  # of its protocol
    score: float | None  # by that metric, at the end
    bytes: int  # of all its files
    ended: str | None  # UTC, ISO 8601
    reason: str | None  # of its status
    ticks_bytes: int = 0  # of these: the states at its ticks
    branches: int = 0
    branches_bytes: int = 0  # of these
    added: dict[str, float | None] = field(default_factory=dict)  # evaluation -> its first score


@dataclass(frozen=True)
class ListedStudy:
    """One study of equal tuning."""

    folder: Path
    rows: int
    trials: int
    seeds: int
    done: int  # cells that are trained, and measured on both halves
    stopped: int  # cells that were stopped early, by --halve
    bytes: int

    @property
    def cells(self) -> int:
        """All that are planned."""
        return self.rows * self.trials * self.seeds


@dataclass(frozen=True)
class ListedAudit:
    """One audit of metrics."""

    folder: Path
    data: str  # name of the data set
    metrics: int
    faults: int  # kinds of them
    bytes: int


@dataclass(frozen=True)
class Inventory:
    """The cells in order of protocol, architecture, loss and seed, and what cannot be read."""

    cells: list[Listed]
    faults: list[str]  # one sentence for each protocol
    other_bytes: dict[str, int]  # slug -> of its files beside the cells
    # slug -> the evaluations that were added, each with the metric that ranks by it
    evaluations: dict[str, dict[str, MetricSpec]] = field(default_factory=dict)
    entries: dict[str, list[EntryRecord]] = field(default_factory=dict)  # slug -> what it scored
    studies: list[ListedStudy] = field(default_factory=list)
    audits: list[ListedAudit] = field(default_factory=list)


def inventory(results: Path) -> Inventory:
    """Look at all in a results folder, or in that of one protocol. UsageError if it is empty."""
    studies, faults = readable(_study, studies_in(results))
    audits, unreadable = readable(_audit, audits_in(results))
    faults += unreadable
    cells, others = list[Listed](), {}
    evaluations, entries = {}, {}
    beside = studies or audits or faults
    homes = {} if beside and not has_protocols(results) else protocol_folders(results)
    for slug, folder in homes.items():
        ranking = None
        try:
            ranking = read_model(folder / PROTOCOL, Protocol).evaluation.metrics[0]
        except StorageError as error:
            faults.append(str(error))
        evaluations[slug], unreadable = _evaluations(folder)
        entries[slug], damaged = _entries(folder)
        faults += [*unreadable, *damaged]
        listed = [_listed(cell, slug, ranking, evaluations[slug]) for cell in cells_in(folder)]
        cells += sorted(listed, key=_order)
        others[slug] = max(0, folder_bytes(folder) - sum(cell.bytes for cell in listed))
    return Inventory(cells, faults, others, evaluations, entries, studies, audits)


def _study(folder: Path) -> ListedStudy:
    study = read_study(folder)
    cells = study.cells(folder)
    done = [cell for cell in cells if complete(cell)]
    return ListedStudy(
        folder=folder,
        rows=len(study.rows),
        trials=len(study.trials),
        seeds=study.seeds,
        done=len(done),
        stopped=sum(study.is_stopped(cell) for cell in cells if cell not in done),
        bytes=folder_bytes(folder),
    )


def _audit(folder: Path) -> ListedAudit:
    audit = read_audit(folder)
    data, size = audit.sets.data.name, folder_bytes(folder)
    return ListedAudit(folder, data, len(audit.metrics), len(audit.faults), size)


def state_of(folder: Path) -> tuple[CellState, Record | None, str | None]:
    """What a cell is doing, its record, and why the record cannot be read."""
    if os.path.lexists(folder / RECORD):
        try:
            record = read_record(folder)
        except StorageError as error:
            return "unreadable", None, str(error)
        return record.status, record, record.reason
    if is_locked(folder):
        return "running", None, None
    begun = any(os.path.lexists(folder / name) for name in (STARTS, CURVE))
    return "stopped" if begun else "waiting", None, None


def folder_bytes(folder: Path) -> int:
    """The bytes of all files below a folder. Links are not followed."""
    return sum(size for _, size in files_in(folder))


def files_in(folder: Path) -> Iterator[tuple[Path, int]]:
    """Every file below a folder with its bytes, in order. Links are not followed."""
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(where, name)
            with suppress(OSError):  # removed in the meantime
                yield path, os.lstat(path).st_size


def _evaluations(folder: Path) -> tuple[dict[str, MetricSpec], list[str]]:
    """The evaluations that were added to a protocol, and what of them cannot be read."""
    ranking, faults = {}, []
    for slug in slugs_in(folder):
        try:
            ranking[slug] = read_evaluation(folder, slug).metrics[0]
        except StorageError as error:
            faults.append(str(error))
    return ranking, faults


def _entries(folder: Path) -> tuple[list[EntryRecord], list[str]]:
    """The entries of a protocol, and what of them cannot be read."""
    entries, faults = [], []
    for each in entries_in(folder):
        try:
            entries.append(read_entry(each))
        except StorageError as error:
            faults.append(str(error))
    return entries, faults


def _added(cell: Path, slug: str, ranking: MetricSpec) -> float | None:
    """The first score of a cell by an evaluation that was added; None if there is none to read."""
    with suppress(StorageError):
        measurement = read_measurement(cell, slug)
        score = measurement.scores.get(ranking.name) if measurement else None
        return score.value if score else None
    return None


def _listed(
    folder: Path, slug: str, ranking: MetricSpec | None, added: dict[str, MetricSpec]
) -> Listed:
    architecture, loss, _ = folder.parts[-3:]
    status, record, reason = state_of(folder)
    score = record.scores.get(ranking.name) if record and ranking else None
    return Listed(
        folder=folder,
        protocol=slug,
        architecture=architecture,
        loss=loss,
        seed=seed_of(folder),
        status=status,
        kimg=_diverged_at(record) or _kimg(folder),
        ranking=ranking,
        score=score.value if score else None,
        bytes=folder_bytes(folder),
        ticks_bytes=folder_bytes(folder / KEPT_TICKS),
        branches=len([*branches_in(folder)]),
        branches_bytes=folder_bytes(folder / BRANCHES),
        ended=record.ended if record else None,
        reason=reason,
        added={name: _added(folder, name, metric) for name, metric in added.items()},
    )


def _diverged_at(record: Record | None) -> float | None:
    """The date of its verdict: the curve of a training that diverged ends at the row before it."""
    if record is None or record.status != "diverged":
        return None
    dates = [verdict.kimg for verdict in record.verdicts if verdict.kind == "diverged"]
    return dates[-1] if dates else None


def _kimg(folder: Path) -> float | None:
    """The kimg of the last complete line of the curve: only its end is read."""
    lines = tail(folder / CURVE).split("\n")[:-1]
    try:
        line = json.loads(lines[-1]) if lines else {}
    except (ValueError, RecursionError):
        return None
    kimg = number(line, "kimg") if isinstance(line, dict) else float("nan")
    return None if isnan(kimg) else kimg


def _order(cell: Listed) -> tuple[str, str, bool, int]:
    return cell.architecture, cell.loss, cell.seed is None, cell.seed or 0


def lasting_files(folder: Path) -> Iterator[Path]:
    """The paths of the files in a folder; no links, no locks, no unfinished files."""
    for path, _ in files_in(folder):
        temporary = path.name in HOUSEKEEPING or path.name.endswith(PART)
        if path.is_file() and not path.is_symlink() and not temporary:
            yield path.relative_to(folder)
