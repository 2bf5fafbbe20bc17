"""The line of noise in a figure of the ticks: drawn only where it lies on or near the axis."""

from __future__ import annotations

import math

from gan_bench.report.leaderboard import Board
from gan_bench.results.scale import NOISE as NOISE

NEAR = 0.25  # of the axis: the figure grows by as much at most, and the rows keep most of it


def noise_on(board: Board, low: float, high: float, logarithmic: bool = False) -> float | None:
    """What noise scores on as many images as a tick has, if it is to be drawn on this axis.

    None if it was not measured, and if it lies farther beyond the axis than NEAR of its length.
    """
    bad = board.scale.bad.get(NOISE) if board.scale else None
    score = bad.tick.get(board.protocol.evaluation.at_ticks.name) if bad else None
    if score is None or (logarithmic and score <= 0):
        return None
    at, first, last = (math.log(v) if logarithmic else v for v in (score, low, high))
    room = NEAR * (last - first)
    return score if first - room <= at <= last + room else None
