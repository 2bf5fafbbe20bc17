"""How a cell ended that left no record itself."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from pathlib import Path

from gan_bench import catalogue as catalogues
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Cell
from gan_bench.results.reading import read_lines, read_model, tail
from gan_bench.results.records import Record, write_record

LOG = "cell.log"  # beside the record: all that the processes of a cell said
FAILED = 3
STOPPED = 128 + signal.SIGTERM
# How a process ends that was ended from outside: the cell itself may be in order.
LOST = {-signal.SIGTERM, -signal.SIGINT, STOPPED} | (
    {-signal.SIGKILL, -signal.SIGHUP} if os.name == "posix" else set()
)
RETRIES = 3  # of a lost process: more would look like a machine that cannot run it


def failure(directory: Path, cell: Cell, reason: str, log: str | None = None) -> Record:
    """The record of a cell that has no outcome."""
    return Record(
        architecture=cell.architecture,
        loss=cell.loss,
        seed=cell.seed,
        status="failed",
        reason=reason,
        log=log,
        starts=starts_of(directory),
        device=cell.environment.device,
        versions=catalogues.versions(),
        ended=now(),
    )


def how_it_ended(code: int, log: Path) -> str:
    """A process that did not say so itself: its exit code, and what it said last."""
    lines = last_words(log)
    at = "".join(f"; it was at {line}" for line in _innermost(lines)[:1])
    if code == 1 and any(line.startswith("Timeout (") for line in lines):  # faulthandler's word
        return f"was not done in time and was ended{at}"
    said = at or (f"; it said last: {lines[-1][:300]}" if lines else "")
    if code == -9:
        return f"was killed (signal 9), as the system does when memory runs out{said}"
    return f"ended with {f'signal {-code}' if code < 0 else f'exit code {code}'}{said}"


def last_words(log: Path, most: int = 60) -> list[str]:
    """The last lines of a log, from the last crash on if there was one."""
    lines = [line for line in tail(log).splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("Extension modules: ")]
    crashes = [k for k, line in enumerate(lines) if line.startswith(("Timeout (", "Fatal Python"))]
    return lines[crashes[-1] :] if crashes else lines[-most:]


def _innermost(lines: list[str]) -> list[str]:
    """The stack of the main thread, innermost first: the last that faulthandler prints."""
    threads = [k for k, line in enumerate(lines) if "(most recent call first)" in line]
    return [line.strip() for line in lines[threads[-1] + 1 :]] if threads else []


def starts_of(directory: Path) -> int:
    """How many processes of this cell began."""
    try:
        return len(read_lines(directory / "starts.jsonl"))
    except StorageError:  # damaged: what the count is good for is not worth a cell
        return 0


def now() -> str:
    """The time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_failure(folder: Path, reason: str, log: str | None = None) -> None:
    """Write the record of a cell that failed."""
    cell = read_model(folder / "cell.json", Cell)
    write_record(folder, failure(folder, cell, reason, log))
