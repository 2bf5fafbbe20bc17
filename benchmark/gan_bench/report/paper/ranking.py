"""A figure of the ranking scores: a dot for each row with its 95 % interval, and its seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gan_bench.base.text import plural
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.leaderboard import Board
from gan_bench.report.palette import COLOURS, REAL_COLOUR
from gan_bench.report.paper.axes import fit, mark_clipped
from gan_bench.report.paper.layout import EDGE, RIGHT, Entry, arrange, below
from gan_bench.report.paper.quality import CROSS, metric_label, real_line
from gan_bench.report.paper.style import SMALL
from gan_bench.report.paper.words import height_of, width_of, wrapped
from gan_bench.report.rows import Row, ranked
from gan_bench.results.frame import metric_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES = 0.42  # of the width: as much a name may take before it is wrapped
GAP = 0.06  # inches between two rows
TALLEST = 8.0  # inches of rows: a page has no more
MEAN, ENTRY = COLOURS[:2]
SEED: dict[str, Any] = {
    "linestyle": "",
    "marker": "|",
    "color": REAL_COLOUR,
    "markersize": 5,
    "alpha": 0.7,
}


def rows_of_ranking(board: Board, width: float) -> list[tuple[Row, str]]:
    """The best rows, as many as a page has room for, with their names in lines."""
    total = 0.0
    shown: list[tuple[Row, str]] = []
    for row in ranked(board.rows, board.ranking):
        name = wrapped(_name(row, board.ranking), width * NAMES)
        total += height_of(name) + GAP
        if total > TALLEST and shown:
            break
        shown.append((row, name))
    return shown


def _name(row: Row, metric: MetricSpec) -> str:
    """The name of a row, and how many of its seeds have no score."""
    missing = row.missing(metric.name)
    return f"{row.name} ({plural(missing, 'seed')} without a score)" if missing else row.name


def ranking(board: Board, width: float) -> Figure:
    """The best row on top; the rows below each other, other real images as a line."""
    from matplotlib.figure import Figure

    metric = board.ranking
    rows = rows_of_ranking(board, width)
    heights = [height_of(name) + GAP for _, name in rows]
    places = [sum(heights[:k]) + each / 2 for k, each in enumerate(heights)]
    figure = Figure(figsize=(width, 1))
    panel = figure.subplots()
    panel.set_ylim(sum(heights), 0)
    panel.set_yticks(places, [name for _, name in rows])
    panel.tick_params(axis="y", length=0)
    real = board.real(metric)
    values = [value for row, _ in rows for value in _span(row, metric.name)]
    fit(panel, values, real.value if real else None, across=True)
    entries = _draw(panel, list(zip(places, (row for row, _ in rows), strict=True)), metric.name)
    if real:
        entries.append(real_line(panel, real.value, across=True))
    left = EDGE + max(width_of(line, SMALL) for _, name in rows for line in name.split("\n")) + 0.06
    label = metric_label(metric, board.protocol.evaluation.samples, width - left - RIGHT)
    panel.set_xlabel(label)
    arrange(figure, sum(heights), left, below(label), entries)
    return figure


def _span(row: Row, metric: str) -> list[float]:
    """All numbers that are drawn of a row."""
    return [*row.values(metric), *(row.interval(metric) or ())]


def _draw(panel: Axes, rows: Sequence[tuple[float, Row]], metric: str) -> list[Entry]:
    """Seeds, intervals and means of the rows, each at its place; the entries of the legend."""
    entries: dict[str, Entry] = {}
    several = any(len(row.values(metric)) > 1 for _, row in rows)
    dots = "mean of the seeds" if several else "the only seed of a row"
    for place, row in rows:
        values, mean, interval = row.values(metric), row.mean(metric), row.interval(metric)
        if mean is None:
            panel.text(0.02, place, "no score", transform=panel.get_yaxis_transform(), va="center")
            continue
        if interval:
            (bar,) = panel.plot(interval, [place] * 2, color=MEAN, lw=1.6, solid_capstyle="butt")
            entries.setdefault("bar", (bar, "95 % interval of the mean"))
        if len(values) > 1:
            seeds = panel.plot(values, [place] * len(values), **SEED)
            entries.setdefault("seed", (seeds[0], "one seed"))
        look = ("D", ENTRY) if row.entry else ("o", MEAN)
        (dot,) = panel.plot(
            mean, place, look[0], color=look[1], markersize=4, zorder=7, clip_on=False
        )
        name = "scored here, not trained here" if row.entry else dots
        entries.setdefault(look[0], (dot, name))
        if bad := list(_went_wrong(row, metric)):
            crosses = panel.plot(bad, [place] * len(bad), **CROSS)
            entries.setdefault("bad", (crosses[0], "a seed that went wrong"))
        span = _span(row, metric)
        mark_clipped(panel, [place], [min(span)], [max(span)], look[1], across=True)
    return list(entries.values())


def _went_wrong(row: Row, metric: str) -> Iterator[float]:
    """The scores of the seeds with a verdict."""
    scores = row.done.get(metric_column(metric), [])
    for score, verdicts in zip(scores, row.done["verdicts"], strict=False):
        if verdicts and math.isfinite(score):
            yield score
