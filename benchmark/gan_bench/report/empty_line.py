"""The line of images with nothing in them in a figure of the ticks, where it is near the scores."""

from __future__ import annotations

import math
from typing import NamedTuple

from gan_bench.report.leaderboard import Board
from gan_bench.results.scale import EMPTY_SETS

NEAR = 0.25  # of the axis: the figure grows by as much at most, and the rows keep most of it


class EmptyLine(NamedTuple):
    """A set with nothing in it, and its score."""

    name: str  # of EMPTY_SETS
    score: float


def empty_on(board: Board, low: float, high: float, logarithmic: bool = False) -> EmptyLine | None:
    """The line to be drawn on this axis: of noise or of one colour, whichever scores better.

    Their images are as many as a tick has. One that lies farther beyond the axis than NEAR of its
    length is not drawn. None if none is.
    """
    metric = board.protocol.evaluation.at_ticks
    bad = board.scale.bad if board.scale else {}
    scores = {name: bad[name].tick.get(metric.name) for name in EMPTY_SETS if name in bad}
    lines = [
        EmptyLine(name, score)
        for name, score in scores.items()
        if score is not None and _is_near(score, low, high, logarithmic)
    ]
    return min(lines, key=lambda line: metric.cost(line.score), default=None)


def _is_near(score: float, low: float, high: float, logarithmic: bool) -> bool:
    if logarithmic and score <= 0:
        return False
    at, first, last = (math.log(v) if logarithmic else v for v in (score, low, high))
    room = NEAR * (last - first)
    return first - room <= at <= last + room
