"""Curves of a leaderboard as pictures: losses and scores of D."""

from __future__ import annotations

import io
from collections.abc import Iterable
from itertools import islice
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gan_bench.base.escape import plain
from gan_bench.base.numbers import column, number
from gan_bench.base.pictures import fewest_gaps
from gan_bench.report.drawn import DRAWN
from gan_bench.report.leaderboard import Board
from gan_bench.report.palette import D_COLOUR, G_COLOUR
from gan_bench.report.rows import Row
from gan_bench.report.selection import BEST, first_seeds, rows_in_order, what_is_shown
from gan_bench.results.layout import CURVE, TICKS
from gan_bench.results.reading import read_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOSSES = {"loss_d": ("loss of D", D_COLOUR), "loss_g": ("loss of G", G_COLOUR)}
SCORES = {
    "real_score": ("real score, mean sigmoid(D(x))", D_COLOUR),
    "fake_score": ("fake score, mean sigmoid(D(G(z)))", G_COLOUR),
}
KIMG = "kimg (thousand real images shown)"
SEEDS = 6  # lines in the panel of a row: more could not be followed by eye
COMPRESSION = 2  # zlib level: a third of the usual time for a twentieth more bytes
BEYOND = "values beyond the axis are drawn at its edge"
WIDER = 2  # times an axis may grow to show the extreme values, too
LINE = 0.25  # inches of a line of text above the panels
A_SEED = "a line for each seed"


def curves(board: Board, lines: dict[str, tuple[str, str]], what: str) -> bytes | None:
    """One panel a row of the table, all on the same axes; a thin line for each seed."""
    read = (
        (row, [curve_of(folder, lines) for folder in first_seeds(row, SEEDS)])
        for row in rows_in_order(board)
    )
    drawn = list(islice((each for each in read if any(map(_has_a_value, each[1]))), BEST))
    if not drawn:
        return None
    every = [seed for _, seeds in drawn for seed in seeds]
    ends = limits(every)
    left_out = what_is_shown(board, [row for row, _ in drawn], SEEDS)
    several = A_SEED if any(sum(map(_has_a_value, seeds)) > 1 for _, seeds in drawn) else ""
    notes = [*filter(None, [left_out, several, BEYOND if lie_beyond(every, ends) else ""])]
    figure, panels = _panels(len(drawn), 0.55 + LINE * len(notes))
    for panel, (row, seeds) in zip(panels, drawn, strict=True):
        _panel(panel, row, seeds, lines, ends)
    panels[0].locator_params(nbins=5)
    panels[0].set_ylim(*ends)
    _name(figure, panels[0], notes, what)
    return png_of(figure)


def columns_of(count: int, most: int = 3) -> int:
    """How many panels stand beside each other: up to `most`, and the fewest places stay empty."""
    return count if count <= most else fewest_gaps(count, range(most, most // 2, -1))


def _panels(count: int, top: float) -> tuple[Figure, list[Axes]]:
    """A figure with `count` panels, and `top` inches above them."""
    from matplotlib.figure import Figure

    columns = columns_of(count)
    rows = ceil(count / columns)
    width, height = 3.3 * columns + 0.6, 2.3 * rows + 0.15 + top
    figure = Figure(figsize=(width, height))
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    # computed here: matplotlib's own layouts take as long as all the rest
    left, right, bottom = 0.7 / width, 1 - 0.1 / width, 0.5 / height
    figure.subplots_adjust(left, bottom, right, 1 - top / height, wspace=0.06, hspace=0.22)
    panels = list(grid.ravel())
    for panel in panels[count:]:
        panel.remove()
    for panel in panels[max(0, count - columns) : count]:
        panel.tick_params(labelbottom=True)  # there may be no panel below it
    return figure, panels[:count]


def _panel(
    panel: Axes,
    row: Row,
    seeds: list[np.ndarray],
    lines: dict[str, tuple[str, str]],
    ends: tuple[float, float],
) -> None:
    """One row: a line for each seed, at the edge of the axis where it lies beyond its `ends`."""
    thin = max(0.4, len(seeds) ** -0.5)  # so that no line hides the others
    gap = np.full((1, 1 + len(lines)), np.nan)  # between seeds: one plot draws them all
    joined = np.concatenate([part for seed in seeds for part in (seed, gap)])
    for k, (label, colour) in enumerate(lines.values(), start=1):
        values = joined[:, k].clip(*ends)
        panel.plot(joined[:, 0], values, color=colour, lw=thin, label=label, clip_on=False)
    panel.set_title(label_text(row.name), fontsize=9)
    panel.grid(alpha=0.25)
    panel.tick_params(labelsize=8)


def _name(figure: Figure, panel: Axes, notes: list[str], what: str) -> None:
    """Write the texts around the panels: notes, the legend, the axes."""
    box, (width, height) = figure.subplotpars, figure.get_size_inches()
    across, up = (box.left + box.right) / 2, (box.bottom + box.top) / 2
    figure.supxlabel(KIMG, x=across, y=0.05 / height, fontsize=9)
    figure.supylabel(what, x=0.05 / width, y=up, fontsize=9)
    figure.suptitle(label_text("\n".join(notes)), x=across, y=1 - 0.08 / height, fontsize=9)
    legend = figure.legend(
        *panel.get_legend_handles_labels(),
        loc="upper center",
        bbox_to_anchor=(across, 1 - LINE * len(notes) / height),
        ncols=2,
        frameon=False,
        fontsize=9,
    )
    for line in legend.get_lines():
        line.set_linewidth(1.5)


def tick_scores(folder: Path, metric: str) -> list[tuple[float, float]]:
    """(kimg, score) of the ticks that have a score."""
    ticks = read_lines(folder / TICKS)
    points = [(number(tick, "kimg"), number(tick, "scores", metric)) for tick in ticks]
    return [point for point in points if np.isfinite(point).all()]


def png_of(figure: Figure) -> bytes:
    """The bytes of a figure that stands beside the results."""
    buffer = io.BytesIO()
    compressed = {"compress_level": COMPRESSION}
    figure.savefig(buffer, format="png", dpi=150, metadata=DRAWN, pil_kwargs=compressed)
    return buffer.getvalue()


def label_text(name: str) -> str:
    r"""A name in which matplotlib does not read $...$ as mathematics."""
    return plain(name).replace("$", r"\$")


def curve_of(folder: Path, columns: Iterable[str]) -> np.ndarray:
    """(points, 1 + columns): kimg and the columns, NaN for a gap."""
    points = read_lines(folder / CURVE)
    return np.stack([column(points, name) for name in ("kimg", *columns)], axis=1)


def _has_a_value(curve: np.ndarray) -> bool:
    return bool(np.isfinite(curve[:, 1:]).any())


def limits(seeds: list[np.ndarray]) -> tuple[float, float]:
    """The range of the axes of all panels, without a few extreme points."""
    return range_of(np.concatenate([seed[:, 1:] for seed in seeds]))


def range_of(values: np.ndarray) -> tuple[float, float]:
    """The range of an axis with room for all values but the lowest and highest 0.5 %.

    Of fewer than 200 values none is left out, and none where all take little more.
    """
    low = np.nanpercentile(values, 0.5, method="lower")
    high = np.nanpercentile(values, 99.5, method="higher")
    known = values[np.isfinite(values)]
    if np.ptp(known) < WIDER * (high - low):
        low, high = known.min(), known.max()
    room = 0.05 * (high - low) or 0.5
    return float(low - room), float(high + room)


def lie_beyond(seeds: list[np.ndarray], ends: tuple[float, float]) -> bool:
    """Whether some value lies beyond the ends of the axis."""
    low, high = ends
    return any(bool(((seed[:, 1:] < low) | (seed[:, 1:] > high)).any()) for seed in seeds)
