"""All rows at equal training time instead of equal work."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gan_bench.base.numbers import column, number
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import MetricSpec, Protocol, Schedule
from gan_bench.report.rows import Row, standing_of
from gan_bench.results.frame import OPEN, CellStatus
from gan_bench.results.layout import SPEED, TICKS
from gan_bench.results.reading import read_lines

ENDED_BY_ITSELF = ("finished", "collapsed", "degraded")  # not diverged, which ends a training early
# 200 points are timed: the last one may be written a moment before the training ends
SLACK = 1.001


@dataclass(frozen=True)
class Moment:
    """Where one row stood at a time."""

    row: Row
    # (kimg, score) of the last tick before that time, for each cell of the row that had one and had
    # not diverged; the score is by the metric of the ticks, on the tick's samples
    reached: list[tuple[float, float] | None]
    costs: list[float]  # what orders the rows: infinite for a seed that had ended without a score

    @property
    def kimg(self) -> list[float]:
        """Of the seeds that have a score."""
        return [kimg for kimg, _ in filter(None, self.reached)]

    @property
    def scores(self) -> list[float]:
        """Of the seeds that have one."""
        return [score for _, score in filter(None, self.reached)]


@dataclass(frozen=True)
class EqualTime:
    """All rows at the training time that the fastest complete training took."""

    seconds: float
    metric: MetricSpec
    moments: list[Moment]  # the best first


@dataclass(frozen=True)
class _Course:
    """What is read of a cell: (points,) kimg and seconds of its speed, and its scored ticks."""

    kimg: np.ndarray
    seconds: np.ndarray
    ticks: list[dict[str, Any]]

    def reached(self, metric: MetricSpec, seconds: float) -> tuple[float, float] | None:
        """(kimg, score) of the last scored tick within so many seconds of training."""
        shown = np.fmax.reduce(self.kimg[self.seconds <= seconds * SLACK], initial=0.0)
        for tick in reversed(self.ticks):
            kimg, score = number(tick, "kimg"), number(tick, "scores", metric.name)
            if kimg <= shown and math.isfinite(score):
                return kimg, score
        return None


def at_equal_time(protocol: Protocol, rows: Sequence[Row]) -> EqualTime | None:
    """Read all curves at the time when the fastest cell had completed the schedule.

    None if no cell has completed it. A cell that diverged or was stopped by a verdict was done
    sooner because it did less, so it does not set the time.
    """
    metric = protocol.evaluation.at_ticks
    courses = {folder: _course(folder) for row in rows for folder in row.folders}
    times = [time for row in rows for time in _complete(row, courses, protocol.schedule)]
    if not times:
        return None
    moments = [_moment(row, courses, metric, min(times)) for row in rows]
    return EqualTime(min(times), metric, sorted(moments, key=lambda each: standing_of(each.costs)))


def _course(folder: Path) -> _Course | None:
    """None if a file cannot be read."""
    try:
        speed, ticks = read_lines(folder / SPEED), read_lines(folder / TICKS)
    except StorageError:
        return None
    return _Course(column(speed, "kimg"), column(speed, "seconds"), ticks)


def _complete(row: Row, courses: dict[Path, _Course | None], schedule: Schedule) -> list[float]:
    """Seconds of training of the row's cells whose training showed all images of the schedule."""
    names = ("folder", "status", "train_seconds", "recipe")
    return [
        seconds
        for folder, status, seconds, recipe in zip(*(row.cells[n] for n in names), strict=True)
        if status in ENDED_BY_ITSELF
        and math.isfinite(seconds)
        and (course := courses[folder]) is not None
        and np.fmax.reduce(course.kimg, initial=0.0) >= _kimg(recipe.applied_to(schedule))
    ]


def _kimg(schedule: Schedule) -> float:
    return schedule.shown(schedule.updates) / 1000


def _moment(
    row: Row, courses: dict[Path, _Course | None], metric: MetricSpec, seconds: float
) -> Moment:
    statuses = row.cells["status"].tolist()
    reached = [
        course.reached(metric, seconds) if course and _lasted(status, course, seconds) else None
        for status, course in zip(statuses, map(courses.get, row.folders), strict=True)
    ]
    costs = [
        metric.cost(tick[1]) if tick else math.inf
        for status, tick in zip(statuses, reached, strict=True)
        if tick or status not in OPEN
    ]
    return Moment(row, reached, costs)


def _lasted(status: CellStatus, course: _Course, seconds: float) -> bool:
    """Whether the training of a cell had not diverged or failed within so many seconds."""
    if status in (*ENDED_BY_ITSELF, *OPEN):
        return True
    return bool(np.fmax.reduce(course.seconds, initial=0.0) >= seconds)
