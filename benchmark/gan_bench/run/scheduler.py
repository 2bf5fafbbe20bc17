"""Running a plan: cells go through an engine until each has a record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench.base import text
from gan_bench.contract.engine import Engine, Resources
from gan_bench.contract.errors import GanBenchError, StorageError, UsageError
from gan_bench.results.asked_plugins import asked_of
from gan_bench.results.atomic import room
from gan_bench.results.layout import LOG, label_of
from gan_bench.results.measurements import (
    complete,
    environment_of,
    unmeasured,
    write_measurement,
)
from gan_bench.results.measurements import waiting as waiting_for
from gan_bench.run.folders import done, has_paused
from gan_bench.run.outcome import (
    LOST,
    PAUSED,
    RETRIES,
    describe_exit,
    error_of,
    last_lines,
    read_outcome,
    remove_outcome,
    write_failure,
)

if TYPE_CHECKING:
    from gan_bench.run.plan import Say

# how a process ended whose cell goes on
GOES_ON = dict.fromkeys(LOST, "its process was ended from outside") | {
    PAUSED: "it has paused where an earlier command had asked for it"
}
ONE_BY_ONE = Resources(jobs=1, gpus_per_cell=0.0)


def run_cells(
    engine: Engine,
    folders: Sequence[Path],
    resources: Resources = ONE_BY_ONE,
    say: Say = lambda _: None,
) -> Iterator[Path]:
    """Start what is not complete; yield each folder as its cell ends, complete or paused.

    A cell whose process was lost goes on from its checkpoint when the others are done, at most
    three times; so does one that paused where only an earlier command had asked for it. Raises
    StorageError if a cell could not write, for the next could not either, and UsageError if its
    checkpoint belongs to another training.
    """
    losses = Counter[Path]()
    waiting = [folder for folder in folders if not complete(folder)]
    for folder in waiting:
        _check_asked(folder)
    while waiting:
        lost = []
        for folder in waiting:
            remove_outcome(folder)
        with closing(_started(engine, waiting, resources)) as ended:
            for folder, code in ended:
                if not complete(folder):
                    losses[folder] += 1
                    if code in (StorageError.exit_code, UsageError.exit_code):
                        raise _error_of_all(folder, code)
                    if code == PAUSED and has_paused(folder):
                        yield folder
                        continue
                    if code in GOES_ON and losses[folder] <= RETRIES:
                        say(f"{label_of(folder)}: {GOES_ON[code]}; it will go on")
                        lost.append(folder)
                        continue
                    log = folder / LOG
                    reason = f"the process left no record: it {describe_exit(code, log)}"
                    _write_failure(folder, reason, "\n".join(last_lines(log, code)) or None)
                yield folder
        waiting = lost


def _check_asked(folder: Path) -> None:
    """UsageError if scores that it waits for would run a file that nobody has named here."""
    for slug in waiting_for(folder):
        asked_of(environment_of(folder, slug).plugins, (), label_of(folder))


def _write_failure(folder: Path, reason: str, log: str | None) -> None:
    """Make the cell complete: by the record of one that failed, or by scores that are missing."""
    if not done(folder):
        write_failure(folder, reason, log)
    for slug in waiting_for(folder):
        write_measurement(folder, slug, unmeasured(folder, slug, reason))


def _started(
    engine: Engine, cells: list[Path], resources: Resources
) -> Generator[tuple[Path, int]]:
    """A generator whose closing closes the engine's iterator, if that can be closed."""
    yield from engine.start(cells, resources)


def _error_of_all(folder: Path, code: int) -> GanBenchError:
    """Why no cell can go on: the outcome that this one left, else what its disk looks like."""
    outcome = read_outcome(folder, code)
    if outcome is not None and outcome.kind != "stopped" and outcome.kind != "paused":
        return error_of(outcome.kind, outcome.message)
    if not folder.exists():
        return StorageError(f"{folder} is gone: put it back to go on with it")
    if code == UsageError.exit_code:
        return UsageError(f"{folder} cannot be gone on with: see {folder / LOG}")
    free = text.size(room(folder))
    return StorageError(
        f"{folder} cannot be written, not even its outcome: {free} free on its disk; "
        "make room first"
    )
