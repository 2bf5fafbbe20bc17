"""One step of every pair before the first cell, and room for all of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import psutil

from gan_bench.base import text
from gan_bench.contract.errors import DataError, GanBenchError, StorageError, UsageError
from gan_bench.results.atomic import room
from gan_bench.run.folders import done
from gan_bench.run.outcome import LOG, LOST, RETRIES, how_it_ended, write_failure
from gan_bench.run.plan import Say


def preflight(
    folders: Iterable[Path], home: Path, say: Say = lambda _: None, jobs: int = 1
) -> None:
    """One step of every pair that waits; what cannot be trained has a failed record at once.

    Raises what would stop all cells: data, features, checkpoints of another training, and memory
    or a disk without room for what so many cells at once take and write.
    """
    waiting = [folder for folder in folders if not done(folder)]
    found: list[PairReport] = []
    for each in check_pairs(waiting):
        error = each.error or _too_large(each)
        if each.stops is not None:
            raise error_of(each.stops, error or "")
        if error:
            write_failure(Path(each.cell), error)
            say(f"{' / '.join(Path(each.cell).parts[-3:])}: failed, {error}")
        else:
            found.append(each)
    _together(found, jobs)
    _room_for(found, home, jobs)


def _too_large(rehearsed: PairReport) -> str | None:
    free = _free(rehearsed)
    if rehearsed.memory_bytes <= free:
        return None
    needs, there = map(text.size, (rehearsed.memory_bytes, free))
    return f"out of memory: it needs {needs} and {there} are free; lower --batch or --size"


def _free(rehearsed: PairReport) -> int:
    """Bytes, where the cell is trained."""
    if rehearsed.free_bytes is not None:
        return rehearsed.free_bytes
    return int(psutil.virtual_memory().available)


def _together(cells: Sequence[PairReport], jobs: int) -> None:
    """UsageError if cells that fit alone will not fit at once."""
    free = min(map(_free, cells), default=0)
    needs = list(accumulate(_largest((cell.memory_bytes for cell in cells), jobs)))
    fitting = max(1, sum(need <= free for need in needs))
    if fitting < len(needs):
        need, there = map(text.size, (needs[-1], free))
        raise UsageError(
            f"out of memory: {len(needs)} cells at once need {need} and {there} are free; "
            f"lower --jobs to {fitting}"
        )


def _largest(sizes: Iterable[int], count: int) -> list[int]:
    """Whichever cells are at work at once, they need no more than these."""
    return sorted(sizes, reverse=True)[:count]


def _room_for(cells: Sequence[PairReport], home: Path, jobs: int) -> None:
    """StorageError if the disk will be full before the last cell is done."""
    # of each cell at work: two checkpoints, and the third while it is written
    at_work = 3 * sum(_largest((cell.state_bytes for cell in cells), jobs))
    needs = at_work + sum(cell.left_bytes for cell in cells)
    if needs > (free := room(home)):
        raise StorageError(
            f"not enough room for results: {text.size(needs)} needed, "
            f"{text.size(free)} free on {home}: make room, or choose another --results"
        )


def error_of(code: int, text: str) -> GanBenchError:
    """The error that has this exit code."""
    kinds = {kind.exit_code: kind for kind in (UsageError, DataError, StorageError)}
    return kinds.get(code, GanBenchError)(text)


LIMIT_SECONDS = 600.0  # for one step of a pair, where no --cell-timeout says otherwise


@dataclass(frozen=True)
class PairReport:
    """What one step of a cell's pair needed, or why the cell cannot be trained."""

    cell: str
    error: str | None = None
    stops: int | None = None  # the exit code, if the error is one of all cells
    state_bytes: int = 0  # of one checkpoint
    left_bytes: int = 0  # of what stays when the cell is done
    memory_bytes: int = 0  # that a process needs
    free_bytes: int | None = None  # of the GPU, if it trains on one: who uses none cannot ask it


def check_pairs(folders: Sequence[Path]) -> Iterator[PairReport]:
    """Rehearse the cells in these folders; a process that dies has one cell to blame.

    One that was ended from outside is begun again, three times at most.
    """
    left, losses = [str(folder) for folder in folders], Counter[str]()
    while left:
        begun = None
        for row in (process := _Process(left)).rows():
            if "begin" in row:
                begun = row["begin"]
                continue
            begun = None
            left.remove(row["cell"])
            yield PairReport(**row)
        if left and process.code in LOST and losses[left[0]] < RETRIES:
            losses[left[0]] += 1
        elif begun is not None:
            how = how_it_ended(process.code, Path(begun) / LOG)
            why = f"at its first step the process {how}"
            for cell in [cell for cell in left if Path(cell).parent == Path(begun).parent]:
                left.remove(cell)  # its other seeds would end it again
                yield PairReport(cell, why)
        elif left:
            log = Path(left[0]) / LOG
            raise GanBenchError(f"the rehearsal {how_it_ended(process.code, log)}; see {log}")


class _Process:
    """The other end: its lines, and its exit code after the last one."""

    def __init__(self, cells: Sequence[str]) -> None:
        try:
            with (Path(cells[0]) / LOG).open("ab") as errors:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "gan_bench.run.preflight_process", *cells],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,
                )
        except OSError as error:
            raise StorageError(f"cannot start in {cells[0]}: {error.strerror or error}") from error
        self.code = 0

    def rows(self) -> Iterator[dict[str, Any]]:
        try:
            for line in self._process.stdout or ():
                yield json.loads(line)
            self.code = self._process.wait()
        finally:
            self._process.kill()
            self._process.wait()
