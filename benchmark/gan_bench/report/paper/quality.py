"""A figure of the score at every tick, against kimg or against minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_bench.base.escape import plain
from gan_bench.base.text import number
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.courses import Course
from gan_bench.report.curves import KIMG
from gan_bench.report.empty_line import EmptyLine, empty_on
from gan_bench.report.leaderboard import Board
from gan_bench.report.palette import EMPTY_DASHES, REAL_COLOUR, VERDICT_COLOUR
from gan_bench.report.paper.axes import fit, mark_clipped, round_numbers
from gan_bench.report.paper.layout import Entry, arrange, below, beside
from gan_bench.report.paper.style import TEXT, line_of
from gan_bench.report.paper.words import width_of, wrapped
from gan_bench.results.scale import REAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

HEIGHT = 1.9  # inches, of the axes
BANDED = 0.18  # opacity of the range of the seeds
MINUTES = "minutes of training"
# marks where a training went wrong
CROSS: dict[str, Any] = {
    "linestyle": "",
    "marker": "X",
    "color": VERDICT_COLOUR,
    "markersize": 6,
    "markeredgecolor": "white",
    "markeredgewidth": 0.5,
    "zorder": 6,
    "clip_on": False,
}
VERDICT = "a training that went wrong: when, and its score then"


def quality(board: Board, drawn: Sequence[Course], by_time: bool, width: float) -> Figure:
    """The mean of each row's seeds, their range, and what went wrong; real and empty images."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, HEIGHT))
    panel = figure.subplots()
    every = [np.array([at[:4] for at in course.series(by_time)]) for course in drawn]  # (ticks, 4)
    real, scores = board.real_at_ticks, np.concatenate([each[:, 1:].ravel() for each in every])
    fit(panel, scores, real)
    empty = _make_room(panel, board)
    entries: list[Entry] = []
    for k, (course, series) in enumerate(zip(drawn, every, strict=True)):
        place, mean, low, high = series.T
        look = line_of(k)
        panel.fill_between(place, low, high, color=look["color"], alpha=BANDED, lw=0)
        entries += [(line, course.row.name) for line in panel.plot(place, mean, **look)]
        mark_clipped(panel, place, low, high, look["color"])
    if real is not None:
        entries.append(real_line(panel, real))
    if empty:
        look = {"color": REAL_COLOUR, "ls": EMPTY_DASHES, "lw": 1.0, "zorder": 1}
        line = panel.axhline(empty.score, label=empty.name, **look)
        entries.append((line, empty.name))
    entries += [(mark, VERDICT) for mark in _verdicts(panel, drawn, by_time)[:1]]
    panel.set_xlim(left=0)
    round_numbers(panel.xaxis)
    panel.set_xlabel(MINUTES if by_time else KIMG)
    evaluation = board.protocol.evaluation
    label = metric_label(evaluation.at_ticks, evaluation.tick_samples, HEIGHT)
    panel.set_ylabel(label)
    arrange(figure, HEIGHT, beside(panel, label), below(KIMG), entries)
    return figure


def _make_room(panel: Axes, board: Board) -> EmptyLine | None:
    """The line of images with nothing in them, for which the axis then has room."""
    low, high = panel.get_ylim()
    empty = empty_on(board, low, high, panel.get_yscale() == "log")
    if empty and not low <= empty.score <= high:
        fit(panel, [min(low, empty.score), max(high, empty.score)])
    return empty


def metric_label(metric: MetricSpec, n: int, room: float) -> str:
    """The name of a metric with what a reader of the axis must know, in lines of `room` inches."""
    better = "higher" if metric.higher_is_better else "lower"
    name, more = plain(metric.name), f"({better} is better, n = {n:,})"
    line = f"{name} {more}"
    if width_of(line, TEXT) <= room:
        return line
    return "\n".join(wrapped(part, room, TEXT) for part in (name, more))


def real_line(panel: Axes, score: float, across: bool = False) -> Entry:
    """What other real images score: a line, or a triangle at the edge if it lies beyond."""
    low, high = panel.get_xlim() if across else panel.get_ylim()
    if low <= score <= high:
        draw = panel.axvline if across else panel.axhline
        return draw(score, color=REAL_COLOUR, ls=":", lw=1.2, zorder=1), REAL
    edge, markers = (0.02, "<v") if score < low else (0.98, ">^")
    place = (edge, 0.04) if across else (0.02, edge)
    look: dict[str, Any] = {
        "marker": markers[not across],
        "color": REAL_COLOUR,
        "markersize": 4,
        "linestyle": "",
    }
    (mark,) = panel.plot(*place, transform=panel.transAxes, **look)
    return mark, f"{REAL}: {number(score)}, beyond the axis"


def _verdicts(panel: Axes, drawn: Sequence[Course], by_time: bool) -> list[Line2D]:
    """A cross at the tick nearest to each verdict."""
    low, high = panel.get_ylim()
    ticks = [event.tick for course in drawn for event in course.events()]
    if not ticks:
        return []
    places = [tick[by_time] for tick in ticks]
    scores = [min(high, max(low, tick[2])) for tick in ticks]
    return panel.plot(places, scores, **CROSS)
