"""What each cell is doing, read back from its files; what has not changed is not read again."""

from __future__ import annotations

import json
import os
import socket
import stat
import time
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import isnan
from pathlib import Path
from typing import Any, Literal, get_args

import psutil

from gan_bench.base.numbers import number
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Cell, Protocol
from gan_bench.contract.schedule import Recipe
from gan_bench.results.layout import CELL, CURVE, RECORD, SPEED, STARTS, TICKS
from gan_bench.results.measurements import complete
from gan_bench.results.reading import read_model
from gan_bench.results.records import Record, VerdictKind, read_record

Phase = Literal["waiting", "preparing", "training", "measuring", "ended", "unreadable"]
TAIL_BYTES = 2**16  # of a file that is read for the first time: a line has a few hundred


@dataclass(frozen=True)
class State:
    """One cell as its files show it; None where they show nothing yet."""

    folder: Path
    phase: Phase
    kimg: float = 0.0
    loss_d: float | None = None
    loss_g: float | None = None
    images_per_second: float | None = None
    score: float | None = None  # of the newest tick, by the metric of the ticks
    verdict: VerdictKind | None = None  # of the newest tick
    measuring_seconds: float | None = None  # since the training ended
    ended: Ended | None = None

    @property
    def at_work(self) -> bool:
        """A process is at work on it now."""
        return self.phase in ("preparing", "training", "measuring")


@dataclass(frozen=True)
class Ended:
    """A cell that has its record."""

    record: Record
    at: float  # seconds since 1970
    seconds: float | None  # from the beginning of its process to its end


class GrowingFile:
    """The newest line of a JSON-lines file that grows, or is written anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changed = 0.0  # seconds since 1970
        self._inode = self._size = self._offset = 0  # the offset is behind the last complete line
        self._line: dict[str, Any] = {}

    def newest_line(self) -> dict[str, Any]:
        """The last complete line; {} if there is none that can be read."""
        try:
            found = os.stat(self.path)
        except OSError:
            self._inode, self._line = 0, {}
            return self._line
        if found.st_ino != self._inode or found.st_size < self._offset:  # written anew
            self._inode, self._size, self._offset, self._line = found.st_ino, 0, 0, {}
        if found.st_size != self._size and stat.S_ISREG(found.st_mode):
            self._size = found.st_size
            self._read_on()
        self.changed = found.st_mtime
        return self._line

    def _read_on(self) -> None:
        begin = max(self._offset, self._size - TAIL_BYTES)
        try:
            with self.path.open("rb") as file:
                file.seek(begin)
                content = file.read(2 * TAIL_BYTES)
        except OSError:
            content = b""
        complete = content.rfind(b"\n") + 1
        if complete:
            self._offset = begin + complete
            self._line = _parse(content[:complete].splitlines()[-1])


def _parse(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}


class CellReader:
    """Reads the state of one cell again and again."""

    def __init__(self, folder: Path, protocol: Protocol) -> None:
        self.folder = folder
        self.protocol = protocol
        self._began = time.time()
        self._curve, self._speed, self._ticks, self._starts = (
            GrowingFile(folder / name) for name in (CURVE, SPEED, TICKS, STARTS)
        )
        self._end: tuple[int, State] | None = None  # when the record was written, in ns

    @cached_property
    def _updates(self) -> int:
        """Of G, when the training of this cell is complete."""
        try:
            recipe = read_model(self.folder / CELL, Cell).recipe
        except StorageError:  # which the process of the cell will say
            recipe = Recipe()
        return recipe.applied_to(self.protocol.schedule).updates

    def state(self) -> State:
        """The state of the cell now."""
        try:
            written = os.stat(self.folder / RECORD).st_mtime_ns
        except OSError:
            self._end = None
        else:
            if self._end is None or self._end[0] != written:
                self._end = written, self._read_end(written / 1e9)
            if complete(self.folder):
                return self._end[1]
        start = self._starts.newest_line()
        return (
            self._read_work() if is_running(start, self._began) else State(self.folder, "waiting")
        )

    def _read_work(self) -> State:
        curve, speed, tick = (f.newest_line() for f in (self._curve, self._speed, self._ticks))
        if not curve or not speed:
            return State(self.folder, "preparing")
        measuring = self._end is not None or number(curve, "step") >= self._updates
        verdict = tick.get("verdict")
        return State(
            self.folder,
            "measuring" if measuring else "training",
            kimg=_known(curve, "kimg") or 0.0,
            loss_d=_known(curve, "loss_d"),
            loss_g=_known(curve, "loss_g"),
            images_per_second=_known(speed, "images_per_second"),
            score=_known(tick, "scores", self.protocol.evaluation.at_ticks.name),
            verdict=verdict if verdict in get_args(VerdictKind) else None,
            measuring_seconds=max(0.0, time.time() - self._curve.changed) if measuring else None,
        )

    def _read_end(self, at: float) -> State:
        try:
            record = read_record(self.folder)
        except StorageError:
            return State(self.folder, "unreadable")
        return State(self.folder, "ended", ended=Ended(record, at, self._seconds(record)))

    def _seconds(self, record: Record) -> float | None:
        if record.starts == 1:
            try:
                began = datetime.fromisoformat(self._starts.newest_line()["at"])
                seconds = (datetime.fromisoformat(record.ended) - began).total_seconds()
                if seconds >= 0:  # else this is a process that measured the cell later
                    return seconds
            except (KeyError, TypeError, ValueError):
                pass
        cost = record.cost
        return cost.train_seconds + cost.evaluate_seconds if cost else None


def is_running(start: dict[str, Any], since: float) -> bool:
    """Whether the process that left this line of starts.jsonl is still there.

    A process of another machine counts as running if it began after `since` (seconds since 1970).
    """
    pid = start.get("pid")
    try:
        began = datetime.fromisoformat(str(start.get("at"))).timestamp()
    except (ValueError, OverflowError):
        return False
    if start.get("host") != socket.gethostname():
        return began >= since
    try:
        # a process that got the same number later began later; the line has whole seconds
        return isinstance(pid, int) and psutil.Process(pid).create_time() < began + 2
    except (psutil.Error, ValueError, OverflowError):
        return False


def _known(line: dict[str, Any], *names: str) -> float | None:
    value = number(line, *names)
    return None if isnan(value) else value
