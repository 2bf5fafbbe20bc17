"""A run that another process started: found in its results folder, and shown until it ends.

A home is the folder that such a process works in: that of a protocol, or that of a study.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from gan_bench.base.text import plural
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Protocol
from gan_bench.results.finding import is_cell
from gan_bench.results.layout import (
    CELL,
    HOUSEKEEPING,
    PROTOCOL,
    STARTS,
    cells_in,
    is_study,
    label_of,
)
from gan_bench.results.locks import Work, holder_of, is_locked
from gan_bench.results.measurements import complete
from gan_bench.results.reading import last_line, read_model
from gan_bench.results.studies import read_study
from gan_bench.run.folders import failed
from gan_bench.run.progress import Watch
from gan_bench.run.states import is_running

POLL_SECONDS = 1.0
_, HOLDER = HOUSEKEEPING
RUNS: tuple[Work, ...] = ("training", "measuring")


def running_in(homes: Sequence[Path]) -> list[Path]:
    """Those of these homes in which a run is going on, the newest run first."""
    return sorted(filter(is_going_on, homes), key=began, reverse=True)


def is_going_on(home: Path) -> bool:
    """Whether a process trains or measures in this home.

    Cells that outlive their run, or that were started by hand, count as well.
    """
    if is_locked(home):
        holder = holder_of(home)
        return holder is None or holder.work in RUNS
    since = began(home)
    return any(
        is_running(last_line(cell / STARTS), since) for cell in _cells(home) if not complete(cell)
    )


def began(home: Path) -> float:
    """When the newest run in this folder began, in seconds since 1970; now if that is not known."""
    try:
        return os.stat(home / HOLDER).st_mtime
    except OSError:
        return time.time()


def _cells(home: Path) -> list[Path]:
    """All cells of a home that are to be trained; none of a study whose plan cannot be read."""
    if not is_study(home):
        return [*cells_in(home)]
    with suppress(StorageError):
        study = read_study(home)
        return [
            cell
            for cell in filter(is_cell, study.cells(home))
            if complete(cell) or not study.is_stopped(cell)
        ]
    return []


def cells_of_run(home: Path) -> list[Path]:
    """All cells of the home, but those that an earlier run has left and this one does not train.

    A run writes the file of each of its cells anew when it begins, unless the cell is done.
    """
    since = began(home) if is_locked(home) else 0.0
    return [cell for cell in _cells(home) if complete(cell) or _laid_out(cell) >= since]


def _laid_out(cell: Path) -> float:
    try:
        return os.stat(cell / CELL).st_mtime
    except OSError:
        return 0.0


def standing(home: Path) -> str:
    """`2 of 12 cells done, 1 failed`."""
    cells = _cells(home)
    done = [cell for cell in cells if complete(cell)]
    text = f"{len(done):,} of {plural(len(cells), 'cell')} done"
    failures = sum(map(failed, done))
    return f"{text}, {failures} failed" if failures else text


def watch_run(home: Path, console: Console) -> None:
    """Show the run in this home until it ends, and say how far it came.

    Reads files only. StorageError if the folder disappears.
    """
    study = read_study(home) if is_study(home) else None
    protocol = study.protocol if study else read_model(home / PROTOCOL, Protocol)
    name = study.label if study else label_of
    watch = Watch(console, protocol, cells_of_run(home), None, began(home), name)
    done = {state.folder for state in watch.states() if state.is_done}

    def say_who_ended() -> None:
        for state in watch.states():
            if state.is_done and state.folder not in done:
                done.add(state.folder)
                watch.ended(state.folder)

    if not watch.is_live:
        watch.lines()
    with watch.showing():
        # `quiet`: who read our output has gone away
        while is_going_on(home) and not console.quiet:
            say_who_ended()
            time.sleep(POLL_SECONDS)
            watch.folders = cells_of_run(home) or watch.folders
        say_who_ended()
    if not home.is_dir():
        raise StorageError(f"{home} is gone: it was removed or renamed a moment ago")
    waiting = [cell for cell in watch.folders if not complete(cell)]
    how = "has stopped" if waiting else "has ended"
    todo = "the same command goes on" if waiting else f"gan-bench report {shlex.quote(str(home))}"
    watch.say(f"the run {how}: {standing(home)}; {todo}")
