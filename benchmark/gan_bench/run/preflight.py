"""Before the first cell: one step of every pair, the scale, room in memory and on the disk."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from gan_bench.base import text
from gan_bench.contract.errors import GanBenchError, StorageError, UsageError
from gan_bench.results.atomic import room
from gan_bench.results.layout import LOG, label_of
from gan_bench.results.scale import REAL, has_scale
from gan_bench.run.folders import done
from gan_bench.run.outcome import LOST, RETRIES, StopKind, describe_exit, error_of, write_failure
from gan_bench.run.resources import gpus_here

if TYPE_CHECKING:
    from gan_bench.run.plan import Say

LIMIT_SECONDS = 600.0  # for one step of a pair, where no --cell-timeout says otherwise


@dataclass(frozen=True)
class PairReport:
    """What one step of a cell's pair needed, or why the cell cannot be trained."""

    cell: str  # its folder
    error: str | None = None
    stops: StopKind | None = None  # the kind of an error that concerns all cells
    impossible: bool = False  # the architecture and the loss do not fit: a retry cannot help
    foreign: bool = False  # its checkpoint belongs to another training: it is left as it is
    state_bytes: int = 0  # of one checkpoint
    left_bytes: int = 0  # of what stays when the cell is done
    memory_bytes: int = 0  # that a process needs
    free_bytes: int | None = None  # of the GPU, if it trains on one


def preflight(
    folders: Iterable[Path],
    home: Path,
    say: Say = lambda _: None,
    jobs: int | None = 1,
    show: Say = lambda _: None,
) -> dict[Path, str]:
    """Try one step of every pair that waits; a cell that cannot be trained gets a failed record.

    Then the scale of the protocol is measured, unless it has one. `say` gets what the user must
    know, `show` what is being done.

    Returns the cells that must not be started, because their checkpoint belongs to another
    training, and why; the others go on without them. Raises what would stop all cells: data,
    features, checkpoints of another training in every cell that waits, and memory or a disk
    without room for what `jobs` cells at once take and write. `jobs` None: cells run on other
    machines, whose memory is not known here.
    """
    refusals = _Refusals(say)
    trainable, foreign, measured = _tried(folders, refusals, show)
    if foreign and not trainable:
        raise UsageError("\n".join(foreign.values()))
    for reason in foreign.values():
        say(reason)
    able = [Path(report.cell) for report in trainable] or [each for each in folders if done(each)]
    if able and not measured and not has_scale(home):
        # the process that would have measured it was killed, now or in an earlier run
        list(check_pairs(able[:1], say, show))
    # Read here: the preflight process is gone, and its memory is free for the cells.
    host_free = int(psutil.virtual_memory().available)
    if jobs is not None:
        trainable = [each for each in trainable if _fits_alone(each, host_free, refusals)]
        _check_memory_together(trainable, host_free, jobs)
    _check_disk(trainable, home, jobs or 1)
    return foreign


class _Refusals:
    """Failed records of cells that cannot be trained; what is impossible is said once a pair."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self._impossible = set[Path]()  # pairs

    def add(self, report: PairReport, reason: str) -> None:
        cell = Path(report.cell)
        write_failure(cell, reason, impossible=report.impossible)
        if not report.impossible:
            self.say(f"{label_of(cell)}: failed, {reason}")
        elif cell.parent not in self._impossible:
            self._impossible.add(cell.parent)
            arch, loss = cell.parts[-3:-1]
            self.say(f"{arch} cannot be trained with {loss}: {reason}")


def _tried(
    folders: Iterable[Path], refusals: _Refusals, show: Say
) -> tuple[list[PairReport], dict[Path, str], bool]:
    """The cells that can be trained; those of a foreign checkpoint; whether a scale was begun.

    Raises what would stop all cells.
    """
    phases, trainable, foreign = list[str](), list[PairReport](), dict[Path, str]()

    def show_phase(phase: str) -> None:
        phases.append(phase)
        show(phase)

    for report in check_pairs(
        _by_pair(each for each in folders if not done(each)), refusals.say, show_phase
    ):
        if report.stops is not None:
            raise error_of(report.stops, report.error or "")
        if report.foreign:
            foreign[Path(report.cell)] = report.error or ""
        elif report.error:
            refusals.add(report, report.error)
        else:
            trainable.append(report)
    return trainable, foreign, bool(phases)


def _by_pair(folders: Iterable[Path]) -> list[Path]:
    """All cells of a pair together: a process that can measure one memory peak ends after it."""
    pairs: dict[Path, list[Path]] = {}
    for folder in folders:
        pairs.setdefault(folder.parent, []).append(folder)
    return [cell for cells in pairs.values() for cell in cells]


def _fits_alone(report: PairReport, host_free: int, refusals: _Refusals) -> bool:
    """Whether there is memory for the cell; if not, it gets a failed record."""
    free = host_free if report.free_bytes is None else report.free_bytes
    if report.memory_bytes <= free:
        return True
    need, there = text.size(report.memory_bytes), text.size(free)
    reason = f"out of memory: it needs {need} and {there} are free; lower --batch or --size"
    refusals.add(report, reason)
    return False


def _check_memory_together(cells: Sequence[PairReport], host_free: int, jobs: int) -> None:
    """UsageError if cells that fit alone do not fit at once, on each of several GPUs."""
    on_gpu = [cell.free_bytes for cell in cells if cell.free_bytes is not None]
    free = min(on_gpu, default=host_free)
    places = max(1, gpus_here()) if on_gpu else 1
    together = -(-min(jobs, len(cells)) // places)  # on the one that has most
    needs = list(accumulate(_largest((cell.memory_bytes for cell in cells), together)))
    fitting = max(1, sum(need <= free for need in needs))
    if fitting < len(needs):
        need, there = text.size(needs[-1]), text.size(free)
        one = " on one GPU" if places > 1 else ""
        raise UsageError(
            f"out of memory: {len(needs)} cells at once{one} need {need} and {there} are free; "
            f"lower --jobs to {fitting * places}"
        )


def _check_disk(cells: Sequence[PairReport], home: Path, jobs: int) -> None:
    """StorageError if the disk would be full before the last cell is done."""
    # of each cell at work: two checkpoints, and the third while it is written
    at_work = 3 * sum(_largest((cell.state_bytes for cell in cells), jobs))
    needs = at_work + sum(cell.left_bytes for cell in cells)
    if needs > (free := room(home)):
        raise StorageError(
            f"not enough room for results: {text.size(needs)} needed, "
            f"{text.size(free)} free on {home}: make room, or choose another --results"
        )


def _largest(sizes: Iterable[int], count: int) -> list[int]:
    """An upper bound: whichever `count` cells are at work at once, they need no more."""
    return sorted(sizes, reverse=True)[:count]


def check_pairs(
    folders: Sequence[Path], say: Say = lambda _: None, show: Say = lambda _: None
) -> Iterator[PairReport]:
    """A report for each of these cells; pairs that end the process are found one by one.

    A process that was ended from outside is started again, three times at most. One that cannot
    measure a second pair's memory ends of its own accord, and the next goes on.
    """
    left, losses = [str(folder) for folder in folders], Counter[str]()
    while left:
        current, reported = None, False
        for row in (process := _Process(left)).rows():
            if "phase" in row or "warning" in row:
                (show if "phase" in row else say)(row.get("phase") or row["warning"])
                continue
            current = row.get("begin")
            if current is None:
                left.remove(row["cell"])
                reported = True
                yield PairReport(**row)
        if not left and process.code != 0:
            exit_ = describe_exit(process.code, folders[-1] / LOG)
            say(f"no scores of {REAL}: the process {exit_}")
        if not left or (current is None and reported and process.code == 0):
            continue
        if process.code in LOST and losses[left[0]] < RETRIES:
            losses[left[0]] += 1
        elif current is not None:
            exit_ = describe_exit(process.code, Path(current) / LOG)
            for cell in [cell for cell in left if Path(cell).parent == Path(current).parent]:
                left.remove(cell)  # other seeds of the pair would end the process again
                yield PairReport(cell, f"at its first step the process {exit_}")
        else:
            log = Path(left[0]) / LOG
            exit_ = describe_exit(process.code, log)
            raise GanBenchError(f"the preflight process {exit_}; see {log}")


class _Process:
    """A preflight process: the rows it prints, and its exit code after the last one."""

    def __init__(self, cells: Sequence[str]) -> None:
        try:
            with (Path(cells[0]) / LOG).open("ab") as errors:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "gan_bench.run.preflight_process"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,
                )
        except OSError as error:
            raise StorageError(f"cannot start in {cells[0]}: {error.strerror or error}") from error
        self.code = 0
        self._name(cells)

    def _name(self, cells: Sequence[str]) -> None:
        if (pipe := self._process.stdin) is not None:
            with suppress(BrokenPipeError):  # it has ended, and its exit code says how
                pipe.write(f"{json.dumps(list(cells))}\n".encode())
                pipe.flush()

    def rows(self) -> Iterator[dict[str, Any]]:
        """{"begin": folder} before a cell is tried, then its report."""
        try:
            for line in self._process.stdout or ():
                yield json.loads(line)
            self.code = self._process.wait()
        finally:
            self._process.kill()
            self._process.wait()
