"""Cells through an engine, each with a record in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from gan_bench.base import text
from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.contract.offers import Engine
from gan_bench.results.atomic import room
from gan_bench.results.reading import tail
from gan_bench.run.folders import done
from gan_bench.run.outcome import LOG, LOST, RETRIES, how_it_ended, last_words, write_failure
from gan_bench.run.plan import Say
from gan_bench.run.preflight import error_of


def run_cells(
    engine: Engine, folders: Sequence[Path], slots: int = 1, say: Say = lambda _: None
) -> Iterator[Path]:
    """Start what has no record; yield each folder as its cell ends, with a record in any case.

    A cell whose process was lost goes on from its checkpoint when the others are done, at most
    three times. Raises StorageError if a cell could not write, for the next could not either.
    """
    slots = min(slots, len(folders))  # done or not: who goes on divides the machine as before
    losses = Counter[Path]()
    waiting = [folder for folder in folders if not done(folder)]
    while waiting:
        again = []
        with closing(_started(engine, waiting, slots)) as ended:
            for folder, code in ended:
                if not done(folder):
                    losses[folder] += 1
                    if code in (StorageError.exit_code, UsageError.exit_code):
                        raise error_of(code, _last_error(folder))
                    if code in LOST and losses[folder] <= RETRIES:
                        name = " / ".join(folder.parts[-3:])
                        say(f"{name}: its process was ended by something else; it will go on")
                        again.append(folder)
                        continue
                    _ended_without_record(folder, code)
                yield folder
        waiting = again


def _started(engine: Engine, cells: list[Path], slots: int) -> Generator[tuple[Path, int]]:
    """Closing this closes what the engine gave, if that can be closed."""
    yield from engine.start(cells, slots)


def _last_error(folder: Path) -> str:
    if not folder.exists():
        return f"{folder} is gone: put it back to go on with it"
    lines = tail(folder / "cell.log").splitlines()
    said = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if said:
        return said[-1]
    free = text.size(room(folder))
    return f"{folder} cannot be written, not even its log: {free} free on its disk; make room first"


def _ended_without_record(folder: Path, code: int) -> None:
    log = folder / LOG
    why = f"the process left no record: it {how_it_ended(code, log)}"
    write_failure(folder, why, "\n".join(last_words(log)) or None)
