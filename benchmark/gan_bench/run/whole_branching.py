"""Cells -> the ticks at which their branches begin; one that kept none is trained again first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console

from gan_bench.base.numbers import number
from gan_bench.base.text import duration
from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.results.layout import CURVE, TICKS, label_of
from gan_bench.results.reading import digest_of, read_lines
from gan_bench.results.records import WITHOUT_SCORES, Record, read_record
from gan_bench.run.branch_changes import typed_changes
from gan_bench.run.branching import (
    HOW_TO_KEEP,
    Fork,
    Origin,
    Tick,
    check_beginning,
    engine_for,
    folders_of,
    origin_of,
    tick_at,
    train_forks,
)
from gan_bench.run.folders import done
from gan_bench.run.parts import edited_since
from gan_bench.run.plan_measuring import MeasureRequest
from gan_bench.run.progress import Watch, preparing
from gan_bench.run.saved_states import kept_ticks
from gan_bench.run.train_cells import Stopping

BEGINNING = Tick(source=".", step=0, kimg=0.0)


def branch(
    cell: Path,
    kimg: float,
    typed: Sequence[str],
    seeds: int,
    request: MeasureRequest,
    console: Console,
    stopping: Stopping = lambda _: nullcontext(),
) -> list[Fork]:
    """Train so many branches of a cell with these changes, and as many without, those first."""
    (origin,) = origins = origins_of([cell], request, console)
    changes = typed_changes(typed, origin.parent, origin.catalogue)
    (tick,), notes = ticks_of(origins, [kimg], request, console, stopping)
    every = [{}, changes] if changes else [{}]
    forks = [Fork(origin, tick, each, tuple(range(seeds))) for each in every]
    watch = watch_of(forks, request, console)
    for note in [*notes, f"forked at {tick.kimg:g} kimg, the last kept tick until then"]:
        watch.say(note)
    train_forks(forks, watch, request, stopping)
    return forks


def origins_of(cells: Sequence[Path], request: MeasureRequest, console: Console) -> list[Origin]:
    """The cells with all that their branches take over from them."""
    with preparing(console, "images"):
        return [origin_of(cell, request) for cell in cells]


def ticks_of(
    origins: Sequence[Origin],
    kimgs: Sequence[float],
    request: MeasureRequest,
    console: Console,
    stopping: Stopping = lambda _: nullcontext(),
) -> tuple[list[Tick], list[str]]:
    """The tick of each cell at or before its kimg; and a note on each damaged one.

    Cells that kept none are trained again from their seeds. UsageError for one whose second
    training was not the same as the first; and, before anything is trained, for one that cannot be
    trained again and for a kimg at which no branch can begin.
    """
    agains: dict[int, Fork] = {}
    found: dict[int, tuple[Tick, list[str]]] = {}
    for k, (origin, kimg) in enumerate(zip(origins, kimgs, strict=True)):
        if kept_ticks(origin.folder, origin.catalogue).steps():
            found[k] = tick_at(origin, kimg)
        else:
            agains[k] = _again(origin)
            check_beginning(origin, kimg, _had_ticks(origin.folder))
    _train_again(list(agains.values()), request, console, stopping)
    for k, fork in agains.items():
        (keeper,) = fork.folders
        _check_equal(origins[k].folder, keeper)
        found[k] = tick_at(origins[k], kimgs[k], keeper)
    ordered = [found[k] for k in range(len(origins))]
    return [tick for tick, _ in ordered], [note for _, notes in ordered for note in notes]


def _had_ticks(cell: Path) -> list[float]:
    """The kimg of every tick of a training that kept no states of them."""
    known = {number(row, "kimg") for row in read_lines(cell / TICKS)}
    return sorted(filter(math.isfinite, known))  # a damaged line has none


def _train_again(
    forks: Sequence[Fork], request: MeasureRequest, console: Console, stopping: Stopping
) -> None:
    waiting = [fork for fork in forks if not all(map(done, fork.folders))]
    if not waiting:
        return
    watch = watch_of(waiting, request, console)
    for fork in waiting:
        watch.say(
            f"{label_of(fork.origin.folder)} kept no ticks, so it is trained again from its "
            f"seed{_as_long(fork.origin.folder)}; {HOW_TO_KEEP}"
        )
    train_forks(waiting, watch, request, stopping)


def watch_of(forks: Sequence[Fork], request: MeasureRequest, console: Console) -> Watch:
    """What shows how the branches train."""
    _, resources = engine_for(forks, request)
    return Watch(console, forks[0].origin.protocol, folders_of(forks), resources.jobs)


def _again(origin: Origin) -> Fork:
    """The whole training of a cell once more, with its ticks kept."""
    label = label_of(origin.folder)
    if not done(origin.folder):
        raise UsageError(f"{label} kept no tick and has not ended: {HOW_TO_KEEP}")
    if edited := edited_since(origin.cell, origin.protocol, origin.folder, origin.catalogue):
        raise UsageError(
            f"{label} kept no tick, and {', '.join(edited)} has been edited since it was trained: "
            f"it cannot be trained again as it was. {HOW_TO_KEEP}"
        )
    return Fork(origin, BEGINNING, {}, (0,), keep_ticks=True)


def _as_long(folder: Path) -> str:
    try:
        cost = read_record(folder).cost
    except StorageError:
        return ""
    return f", which took {duration(cost.train_seconds)}" if cost else ""


def _check_equal(parent: Path, again: Path) -> None:
    """UsageError if the second training gave other numbers, or none."""
    record = read_record(again)
    if record.status in WITHOUT_SCORES and _status(parent) != record.status:
        raise UsageError(f"{label_of(parent)}, trained again: {record.status}, {record.reason}")
    for name in (CURVE, TICKS):
        if not (again / name).exists() or digest_of(parent / name) != digest_of(again / name):
            then, now = (_place(each) for each in (parent, again))
            raise UsageError(
                f"{label_of(parent)} kept no tick, and trained again it gave other numbers "
                f"({then} then, {now} now): branches of the second training would say nothing of "
                f"the first. On a CPU it takes as many threads as then (--jobs). {HOW_TO_KEEP}"
            )


def _status(cell: Path) -> str:
    return read_record(cell).status


def _place(cell: Path) -> str:
    """Where a cell was computed, as far as it changes last bits."""
    record: Record = read_record(cell)
    versions = record.machine | record.versions
    return ", ".join(filter(None, [record.device, versions.get("torch")]))
