"""How a cell's process ended that left no record, and the record of a cell that failed."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from gan_bench import catalogue as catalogues
from gan_bench.base import text
from gan_bench.contract.errors import DataError, GanBenchError, StorageError, UsageError
from gan_bench.contract.protocol import Cell
from gan_bench.results.atomic import remove, write_json
from gan_bench.results.layout import CELL, OUTCOME, STARTS
from gan_bench.results.reading import read_lines, read_model, tail
from gan_bench.results.records import Record, read_code, write_record

FAILED = 3  # exit code of a cell whose record says so
STOPPED = 128 + signal.SIGTERM
PAUSED = 75  # of a cell that has reached the tick where it was to pause
RETRIES = 3  # of a lost process: more would look like a machine that cannot run it


def _codes(*names: str) -> frozenset[int]:
    """The exit codes of a process that these signals ended; a shell reports 128 + the number."""
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    return frozenset(code for number in numbers for code in (-number, 128 + number))


TIMED_OUT = _codes("SIGALRM")
CRASHED = _codes("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL")
# Ended from outside: the cell itself may be in order. Windows has neither SIGKILL nor SIGHUP.
LOST = {-signal.SIGTERM, -signal.SIGINT, STOPPED} | (
    {-signal.SIGKILL, -signal.SIGHUP} if os.name == "posix" else set()
)

StopKind = Literal["usage", "data", "storage", "error"]
Halt = Literal["stopped", "paused"]
# how a cell ends that goes on when it is started again
HALTS: dict[Halt, int] = {"stopped": STOPPED, "paused": PAUSED}
ERRORS: dict[StopKind, type[GanBenchError]] = {
    "usage": UsageError,
    "data": DataError,
    "storage": StorageError,
    "error": GanBenchError,
}


class Outcome(BaseModel):
    """Why a process of a cell ended without a record. The same command goes on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Halt | StopKind
    message: str
    ended: str  # UTC, ISO 8601

    @property
    def exit_code(self) -> int:
        """The exit code of the process that leaves this."""
        if self.kind == "stopped" or self.kind == "paused":
            return HALTS[self.kind]
        return ERRORS[self.kind].exit_code


def kind_of(error: GanBenchError) -> StopKind:
    """The kind of an error, from which `error_of` builds it again in another process."""
    return next(kind for kind, class_ in ERRORS.items() if isinstance(error, class_))


def error_of(kind: StopKind, message: str) -> GanBenchError:
    """The error of this kind."""
    return ERRORS[kind](message)


def write_outcome(folder: Path, kind: Halt | StopKind, message: str) -> Outcome:
    """Leave outcome.json, unless the disk takes not even that: then the exit code must do."""
    outcome = Outcome(kind=kind, message=message, ended=text.now())
    with suppress(StorageError):
        write_json(folder / OUTCOME, outcome.model_dump())
    return outcome


def read_outcome(folder: Path, exit_code: int) -> Outcome | None:
    """The outcome that a process with this exit code left; None if there is none of it."""
    try:
        outcome = read_model(folder / OUTCOME, Outcome)
    except StorageError:
        return None
    return outcome if outcome.exit_code == exit_code else None


def remove_outcome(folder: Path) -> None:
    """Delete the outcome of an earlier process."""
    remove(folder / OUTCOME)


def failed_record(
    folder: Path, cell: Cell, reason: str, log: str | None = None, impossible: bool = False
) -> Record:
    """The record of a cell that failed; `log` is the end of cell.log."""
    return Record(
        architecture=cell.architecture,
        loss=cell.loss,
        seed=cell.seed,
        recipe=cell.recipe,
        branch=cell.branch,
        status="failed",
        reason=reason,
        log=log,
        impossible=impossible,
        starts=starts_of(folder),
        device=cell.environment.device,
        versions=catalogues.versions(),
        code=read_code(folder),
        ended=text.now(),
    )


def write_failure(
    folder: Path, reason: str, log: str | None = None, impossible: bool = False
) -> None:
    """Write the record of a cell that failed."""
    cell = read_model(folder / CELL, Cell)
    write_record(folder, failed_record(folder, cell, reason, log, impossible))


def describe_exit(code: int, log: Path) -> str:
    """For people: what an exit code means, and what the log says of it."""
    lines = last_lines(log, code)
    stack = _main_stack(lines) if code in TIMED_OUT | CRASHED else []
    if stack:
        quotation = f"; it was at {stack[0]}"
    else:
        quotation = f"; its last output was: {lines[-1][:300]}" if lines else ""
    if code in TIMED_OUT:
        return f"exceeded its time limit and was ended{quotation}"
    if code == -9:
        return f"was killed (signal 9), as the system does when memory runs out{quotation}"
    return f"ended with {text.exit_code(code)}{quotation}"


def last_lines(log: Path, code: int, most: int = 60) -> list[str]:
    """The end of a log; after a crash or a time-out, faulthandler's last dump."""
    lines = [line for line in tail(log).splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("Extension modules: ")]
    dumps = [k for k, line in enumerate(lines) if line.startswith(("Timeout (", "Fatal Python"))]
    return lines[dumps[-1] :] if dumps and code in TIMED_OUT | CRASHED else lines[-most:]


def _main_stack(dump: list[str]) -> list[str]:
    """The stack of the main thread, innermost frame first: faulthandler prints it last."""
    threads = [k for k, line in enumerate(dump) if "(most recent call first)" in line]
    return [line.strip() for line in dump[threads[-1] + 1 :]] if threads else []


def starts_of(folder: Path) -> int:
    """How many processes of this cell began; 0 if that cannot be read."""
    try:
        return len(read_lines(folder / STARTS))
    except StorageError:  # a count is not worth a cell
        return 0
