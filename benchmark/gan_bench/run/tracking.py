"""The trackers of a cell: one process each, which reads what the cell writes.

The cell only starts them and, at its end, tells them how it ended. So no tracker can change,
delay or end the training; whatever becomes of one is a note.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from pydantic import BaseModel, Field

from gan_bench.base.escape import markdown
from gan_bench.base.text import number
from gan_bench.contract.errors import StorageError
from gan_bench.results.layout import TRACKED, tracker_dir
from gan_bench.results.reading import read_model
from gan_bench.results.records import Record

END_SECONDS = 30.0  # for a tracker to send what is left when its cell ends


class Tracked(BaseModel):
    """How far one tracker has followed a cell."""

    id: str = Field(default_factory=lambda: uuid4().hex)  # of the cell in the tracker
    sent: dict[str, float] = {}  # file of the cell -> kimg of the last line that was sent
    ended: bool = False  # whether the table at the end was sent
    failed: str | None = None  # why the newest process of the tracker gave up


class Ending(BaseModel):
    """How a cell ended, for its trackers: a table in markdown, and the scores by metric."""

    text: str
    scores: dict[str, float]


class Tracking:
    """The processes of a cell's trackers, for as long as the block lasts."""

    def __init__(self, cell: Path, trackers: Iterable[str]) -> None:
        self.cell = cell
        self.notes: list[str] = []
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for name in trackers:
            try:
                self.processes[name] = _start(cell, name)
            except OSError as error:
                self._note(name, f"its process cannot start: {error}")

    def __enter__(self) -> Tracking:
        return self

    def __exit__(self, *_: object) -> None:
        self._end(b"")

    def end(self, record: Record) -> Record:
        """Let the trackers finish; the record with a note on each that failed."""
        self._end(ending_of(record).model_dump_json().encode())
        return record.model_copy(update={"notes": (*record.notes, *self.notes)})

    def _end(self, ending: bytes) -> None:
        """The end of its standard input tells a process to finish; our death does so too."""
        for process in self.processes.values():
            with suppress(OSError):  # it has given up already
                _send(process, ending)
        deadline = time.monotonic() + END_SECONDS
        for name in list(self.processes):
            process = self.processes.pop(name)
            try:
                code = process.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                self._note(name, f"it did not finish within {END_SECONDS:g} s")
                continue
            tracked = read_tracked(self.cell, name)
            if code and tracked.failed:
                self.notes.append(note(name, tracked.failed))  # its process has printed it
            elif code or (ending and not tracked.ended):
                self._note(name, f"its process ended with exit code {code} (see cell.log)")

    def _note(self, name: str, why: str) -> None:
        self.notes.append(note(name, why))
        log(note(name, why))


def _start(cell: Path, name: str) -> subprocess.Popen[bytes]:
    # -P: a types.py in the user's folder is not Python's; --: a folder may begin with a dash
    words = [sys.executable, "-P", "-m", "gan_bench.run.follow", "--", str(cell), name]
    return subprocess.Popen(words, stdin=subprocess.PIPE)


def _send(process: subprocess.Popen[bytes], ending: bytes) -> None:
    assert process.stdin is not None
    with process.stdin as pipe:
        pipe.write(ending)


def note(name: str, why: str) -> str:
    """What the log and the record say of a tracker that failed."""
    command = f"python -m gan_bench.run.follow CELL {name}"
    rest = f"to send the rest: {command}, where CELL is the folder of this cell"
    return f"not tracked to the end by {name}: {why}; {rest}"


def log(text: str) -> None:
    """Print a line to standard error, which is cell.log, on a disk that may be full."""
    with suppress(OSError):
        os.write(2, f"{text}\n".encode(errors="backslashreplace"))


def read_tracked(cell: Path, name: str) -> Tracked:
    """What the tracker has sent; nothing if it never began, or if the file is damaged."""
    try:
        return read_model(tracker_dir(cell, name) / TRACKED, Tracked)
    except StorageError:
        return Tracked()


def ending_of(record: Record) -> Ending:
    """How the cell ended, and its scores."""
    lines = [
        f"{record.status}{f': {markdown(record.reason)}' if record.reason else ''}",
        "",
        "| metric | score | standard error | n |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, score in record.scores.items():
        error = "" if score.error is None else number(score.error)
        lines.append(f"| {markdown(name)} | {number(score.value)} | {error} | {score.n:,} |")
    scores = {name: score.value for name, score in record.scores.items()}
    return Ending(text="\n".join(lines), scores=scores)
