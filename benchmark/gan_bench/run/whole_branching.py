"""Cells -> the ticks at which their branches begin; one that kept none is trained again first."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console

from gan_bench.base.text import duration, number
from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.results.layout import CURVE, TICKS, label_of
from gan_bench.results.reading import digest_of
from gan_bench.results.records import WITHOUT_SCORES, Record, read_record
from gan_bench.run.branch_changes import Changes, typed_changes
from gan_bench.run.branching import (
    HOW_TO_KEEP,
    Fork,
    Origin,
    Tick,
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
    keepers = keepers_of(origins, request, console, stopping)
    (tick,), notes = ticks_of(origins, keepers, [kimg])
    every = [{}, changes] if changes else [{}]
    forks = [fork_from(origin, tick, each, range(seeds)) for each in every]
    watch = watch_of(forks, request, console)
    for note in [*notes, f"forked at {tick.kimg:g} kimg, the nearest kept tick"]:
        watch.say(note)
    train_forks(forks, watch, request, stopping)
    return forks


def origins_of(cells: Sequence[Path], request: MeasureRequest, console: Console) -> list[Origin]:
    """The cells with all that their branches take over from them."""
    with preparing(console, "images"):
        return [origin_of(cell, request) for cell in cells]


def keepers_of(
    origins: Sequence[Origin],
    request: MeasureRequest,
    console: Console,
    stopping: Stopping = lambda _: nullcontext(),
) -> list[Path | None]:
    """The folder that keeps the ticks of each cell; None: its own.

    Cells that kept none are trained again from their seeds. UsageError for one whose second
    training was not the same as the first, or that cannot be trained again.
    """
    agains = {k: _again(origin) for k, origin in enumerate(origins) if not _kept(origin)}
    waiting = [fork for fork in agains.values() if not all(map(done, fork.folders))]
    if waiting:
        watch = watch_of(waiting, request, console)
        for fork in waiting:
            watch.say(
                f"{label_of(fork.origin.folder)} kept no ticks, so it is trained again from its "
                f"seed{_as_long(fork.origin.folder)}; {HOW_TO_KEEP}"
            )
        train_forks(waiting, watch, request, stopping)
    keepers: list[Path | None] = [None] * len(origins)
    for k, fork in agains.items():
        (keepers[k],) = fork.folders
        _check_equal(origins[k].folder, fork.folders[0])
    return keepers


def fork_from(origin: Origin, tick: Tick, changes: Changes, indices: Sequence[int]) -> Fork:
    """Branches of a cell; UsageError if nothing of the training is left after the tick."""
    if tick.step >= origin.parent.schedule.updates:
        raise UsageError(
            f"{label_of(origin.folder)} ends at {number(tick.kimg, 6)} kimg: a branch that begins "
            "there has nothing to train; name an earlier --at"
        )
    return Fork(origin, tick, changes, tuple(indices))


def watch_of(forks: Sequence[Fork], request: MeasureRequest, console: Console) -> Watch:
    """What shows how the branches train."""
    _, resources = engine_for(forks, request)
    return Watch(console, forks[0].origin.protocol, folders_of(forks), resources.jobs)


def _kept(origin: Origin) -> bool:
    return bool(kept_ticks(origin.folder, origin.catalogue).steps())


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


def ticks_of(
    origins: Sequence[Origin], keepers: Sequence[Path | None], kimgs: Sequence[float]
) -> tuple[list[Tick], list[str]]:
    """The tick of each cell at or before its kimg; and notes."""
    found = [tick_at(*each) for each in zip(origins, kimgs, keepers, strict=True)]
    return [tick for tick, _ in found], [note for _, notes in found for note in notes]
