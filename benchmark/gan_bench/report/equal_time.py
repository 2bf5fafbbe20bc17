"""The same curves at equal time instead of equal work."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from gan_bench.base.numbers import column, number
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.leaderboard import Board, Row, cost_of
from gan_bench.results.reading import read_lines


# The same curves at equal time instead of equal work
@dataclass(frozen=True)
class Moment:
    """Where one row stood when the fastest of all had finished."""

    row: Row
    kimg: list[float]  # by seed, of the last tick that was over by then
    scores: list[float]  # of the ranking metric on the tick's samples


@dataclass(frozen=True)
class EqualTime:
    """All rows of a board at the time of training that the fastest cell took in all."""

    seconds: float
    metric: MetricSpec
    moments: list[Moment]  # the best first


def at_equal_time(board: Board) -> EqualTime | None:
    """Read all curves at equal time; None where no cell has an end."""
    metric = board.protocol.evaluation.metrics[0]  # the one that every tick is scored by
    ends = [record.cost.train_seconds for record in board.records() if record.cost]
    if not ends:
        return None
    seconds = min(ends)
    moments = [_moment(row, metric, seconds) for row in board.rows]
    order = sorted(
        moments, key=lambda m: (not m.scores, cost_of(metric, fmean(m.scores)) if m.scores else 0.0)
    )
    return EqualTime(seconds, metric, order)


def _moment(row: Row, metric: MetricSpec, seconds: float) -> Moment:
    told = [found for folder in row.folders if (found := _reached(folder, metric, seconds))]
    return Moment(row, [kimg for kimg, _ in told], [score for _, score in told])


def _reached(folder: Path, metric: MetricSpec, seconds: float) -> tuple[float, float] | None:
    """(kimg, score) of the last tick within so many seconds of training."""
    try:
        speed = read_lines(folder / "speed.jsonl")
        looks = read_lines(folder / "vitals.jsonl")
    except StorageError:
        return None
    # a clock that is read at 200 places may be one place late at the very end
    within = column(speed, "kimg")[column(speed, "seconds") <= seconds * 1.001]
    reached = np.fmax.reduce(within, initial=0.0)
    told = ((number(look, "kimg"), number(look, "scores", metric.name)) for look in reversed(looks))
    return next((tick for tick in told if tick[0] <= reached and math.isfinite(tick[1])), None)
