"""What each cell is doing, read back from its files; what has not changed is not read again."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from math import isnan, nan
from pathlib import Path
from typing import Any, Literal, get_args

import psutil

from gan_bench.base.numbers import column, number
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Cell, Protocol
from gan_bench.contract.schedule import Recipe
from gan_bench.results.layout import CELL, CURVE, RECORD, SPEED, STARTS, TICKS, protocol_of
from gan_bench.results.measurements import complete
from gan_bench.results.reading import read_model
from gan_bench.results.records import Record, VerdictKind, read_record
from gan_bench.run.growing_file import GrowingFile, WholeGrowingFile

Phase = Literal["waiting", "preparing", "training", "measuring", "ended", "unreadable"]


@dataclass(frozen=True)
class State:
    """One cell as its files show it; None where they show nothing yet."""

    folder: Path
    phase: Phase
    kimg: float = 0.0
    loss_d: float | None = None
    loss_g: float | None = None
    images_per_second: float | None = None
    scores: tuple[float, ...] = ()  # of each tick, by the metric of the ticks; NaN: it has none
    verdict: VerdictKind | None = None  # of the newest tick
    verdict_kimg: float | None = None  # since when it holds
    trained: bool = False  # it has its record, and is measured by another evaluation
    clock: Clock | None = field(default=None, compare=False)
    ended: Ended | None = None

    @property
    def at_work(self) -> bool:
        """A process is at work on it now."""
        return self.phase in ("preparing", "training", "measuring")

    @property
    def is_done(self) -> bool:
        """Nothing more is to be done for it."""
        return self.phase in ("ended", "unreadable")

    @property
    def score(self) -> float | None:
        """The score of the newest tick."""
        return None if not self.scores or isnan(self.scores[-1]) else self.scores[-1]


@dataclass(frozen=True)
class Clock:
    """What a cell at work has spent until now, in seconds."""

    since_point: float  # since its newest point, or since it began if there is none
    begin: float | None = None  # before the training; None: not known, or it was resumed
    training: float = 0.0
    ticks: float | None = None  # with checkpoints; None: an older version did not write it
    ticks_counted: int = 0  # how many ticks these seconds are of

    @property
    def besides(self) -> float:
        """All but the training."""
        return (self.begin or 0.0) + (self.ticks or 0.0) + self.since_point


@dataclass(frozen=True)
class Ended:
    """A cell that has its record."""

    record: Record
    at: float  # seconds since 1970
    seconds: float | None  # from the beginning of its process to its end
    tick: float | None = None  # seconds of one, with its checkpoint; None: not known


class CellReader:
    """Reads the state of one cell again and again."""

    def __init__(self, folder: Path, protocol: Protocol, since: float | None = None) -> None:
        """`since`: when the run began, in seconds since 1970; None: now."""
        self.folder = folder
        self.protocol = protocol
        self._since = time.time() if since is None else since
        self._curve, self._speed = (GrowingFile(folder / name) for name in (CURVE, SPEED))
        self._ticks, self._starts = (WholeGrowingFile(folder / name) for name in (TICKS, STARTS))
        self._end: tuple[int, State] | None = None  # when the record was written, in ns

    @cached_property
    def _updates(self) -> int:
        """Of G, when the training of this cell is complete."""
        try:
            recipe = read_model(self.folder / CELL, Cell).recipe
        except StorageError:  # which the process of the cell will say
            recipe = Recipe()
        try:
            protocol = protocol_of(self.folder)  # the trials of a study have each its own
        except StorageError:
            protocol = self.protocol
        return recipe.applied_to(protocol.schedule).updates

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
        if is_running(self._starts.newest_line(), self._since):
            return self._read_work()
        return State(self.folder, "waiting", trained=self._end is not None)

    def _read_work(self) -> State:
        curve, speed, ticks = (
            self._curve.newest_line(),
            self._speed.newest_line(),
            self._ticks.lines(),
        )
        if not curve or not speed:
            return State(self.folder, "preparing", clock=Clock(time.time() - self._start()))
        trained = self._end is not None
        measuring = trained or number(curve, "step") >= self._updates
        verdict, verdict_kimg = verdict_of(ticks)
        return State(
            self.folder,
            "measuring" if measuring else "training",
            kimg=_known(curve, "kimg") or 0.0,
            loss_d=_known(curve, "loss_d"),
            loss_g=_known(curve, "loss_g"),
            images_per_second=_known(speed, "images_per_second"),
            scores=self._scores(ticks),
            verdict=verdict,
            verdict_kimg=verdict_kimg,
            trained=trained,
            clock=self._clock(speed, ticks),
        )

    def _scores(self, ticks: Sequence[dict[str, Any]]) -> tuple[float, ...]:
        name = self.protocol.evaluation.at_ticks.name
        return tuple(number(tick, "scores", name) for tick in ticks)

    def _clock(self, speed: dict[str, Any], ticks: Sequence[dict[str, Any]]) -> Clock:
        training, at_ticks = _known(speed, "seconds") or 0.0, _known(speed, "tick_seconds")
        until_point = self._speed.changed - self._start() - training - (at_ticks or 0.0)
        resumed = len(self._starts.lines()) > 1
        return Clock(
            since_point=max(0.0, time.time() - self._speed.changed),
            begin=None if resumed or at_ticks is None else max(0.0, until_point),
            training=training,
            ticks=at_ticks,
            ticks_counted=_counted(speed, ticks),
        )

    def _tick(self) -> float | None:
        """The seconds of one tick, as far as the newest line of the speed knows it."""
        speed = self._speed.newest_line()
        seconds, count = _known(speed, "tick_seconds"), _counted(speed, self._ticks.lines())
        return seconds / count if seconds and count else None

    def _start(self) -> float:
        """When the newest process of the cell began, in seconds since 1970."""
        began = datetime.fromisoformat(self._starts.newest_line()["at"])  # `is_running` has read it
        return began.timestamp()

    def _read_end(self, at: float) -> State:
        try:
            record = read_record(self.folder)
        except StorageError:
            return State(self.folder, "unreadable")
        return State(
            self.folder, "ended", ended=Ended(record, at, self._seconds(record), self._tick())
        )

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


def verdict_of(ticks: Sequence[dict[str, Any]]) -> tuple[VerdictKind | None, float | None]:
    """The verdict that holds at the last of these ticks, and since when, in kimg.

    It begins anew where the training was rolled back.
    """
    kind = ticks[-1].get("verdict") if ticks else None
    if kind not in get_args(VerdictKind):
        return None, None
    since = nan
    for tick in reversed(ticks):
        if (tick.get("verdict"), tick.get("rollbacks")) != (kind, ticks[-1].get("rollbacks")):
            break
        since = number(tick, "kimg")
    return kind, None if isnan(since) else since


def _counted(speed: dict[str, Any], ticks: Sequence[dict[str, Any]]) -> int:
    """How many ticks `tick_seconds` of this line is of: the point of a tick stands before it."""
    return int((column(ticks, "kimg") < number(speed, "kimg")).sum())


def _known(line: dict[str, Any], *names: str) -> float | None:
    value = number(line, *names)
    return None if isnan(value) else value
