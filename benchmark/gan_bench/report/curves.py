"""Curves of a leaderboard as pictures: losses, scores of D, the score at every tick."""

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
from gan_bench.report.leaderboard import Board
from gan_bench.report.palette import D_COLOUR, G_COLOUR, REAL_COLOUR, colour_of, is_dashed
from gan_bench.report.rows import Row
from gan_bench.report.selection import BEST, first_seeds, rows_in_order, what_is_shown
from gan_bench.results.layout import CURVE, TICKS
from gan_bench.results.reading import read_lines
from gan_bench.results.scale import REAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOSSES = {"loss_d": ("loss of D", D_COLOUR), "loss_g": ("loss of G", G_COLOUR)}
SCORES = {
    "real_score": ("real score, mean s(D(x))", D_COLOUR),
    "fake_score": ("fake score, mean s(D(G(z)))", G_COLOUR),
}
KIMG = "kimg (thousand real images shown)"
SEEDS = 6  # lines in the panel of a row: more could not be followed by eye
COMPRESSION = 2  # zlib level: a third of the usual time for a twentieth more bytes


def curves(board: Board, lines: dict[str, tuple[str, str]], what: str) -> bytes | None:
    """One panel a row of the table, all on the same axes; a thin line for each seed."""
    read = (
        (row, [curve_of(folder, lines) for folder in first_seeds(row, SEEDS)])
        for row in rows_in_order(board)
    )
    drawn = list(islice((each for each in read if any(map(_has_a_value, each[1]))), BEST))
    if not drawn:
        return None
    note = what_is_shown(board, [row for row, _ in drawn], SEEDS)
    figure, panels = _panels(len(drawn), 0.8 if note else 0.55)
    for panel, (row, seeds) in zip(panels, drawn, strict=True):
        _panel(panel, row, seeds, lines)
    panels[0].locator_params(nbins=5)
    panels[0].set_ylim(*limits([seed for _, seeds in drawn for seed in seeds]))
    _name(figure, panels[0], note, what)
    return png_of(figure)


def _panels(count: int, top: float) -> tuple[Figure, list[Axes]]:
    """A figure with `count` panels, three beside each other, and `top` inches above them."""
    from matplotlib.figure import Figure

    columns = min(3, count)
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
    panel: Axes, row: Row, seeds: list[np.ndarray], lines: dict[str, tuple[str, str]]
) -> None:
    thin = max(0.4, len(seeds) ** -0.5)  # so that no line hides the others
    gap = np.full((1, 1 + len(lines)), np.nan)  # between seeds: one plot draws them all
    joined = np.concatenate([part for seed in seeds for part in (seed, gap)])
    for k, (label, colour) in enumerate(lines.values(), start=1):
        panel.plot(joined[:, 0], joined[:, k], color=colour, lw=thin, label=label)
    panel.set_title(label_text(row.name), fontsize=9)
    panel.grid(alpha=0.25)
    panel.tick_params(labelsize=8)


def _name(figure: Figure, panel: Axes, note: str, what: str) -> None:
    """Write the texts around the panels: what is left out, the legend, the axes."""
    box, (width, height) = figure.subplotpars, figure.get_size_inches()
    across, up = (box.left + box.right) / 2, (box.bottom + box.top) / 2
    figure.supxlabel(KIMG, x=across, y=0.05 / height, fontsize=9)
    figure.supylabel(what, x=0.05 / width, y=up, fontsize=9)
    figure.suptitle(label_text(note), x=across, y=1 - 0.08 / height, fontsize=9)
    legend = figure.legend(
        *panel.get_legend_handles_labels(),
        loc="upper center",
        bbox_to_anchor=(across, 1 - (0.25 if note else 0) / height),
        ncols=2,
        frameon=False,
        fontsize=9,
    )
    for line in legend.get_lines():
        line.set_linewidth(1.5)


def quality(board: Board) -> bytes | None:
    """The score at every tick: one colour a row, one line a seed, and other real images."""
    metric = board.protocol.evaluation.at_ticks
    read = (
        (row, [tick_scores(folder, metric.name) for folder in first_seeds(row, SEEDS)])
        for row in rows_in_order(board)
    )
    drawn = list(islice(((row, seeds) for row, seeds in read if any(seeds)), BEST))
    if not drawn:
        return None
    from matplotlib.figure import Figure

    legend = 0.2 * max(0, ceil((len(drawn) + 1) / 2) - 2)  # inches for a long one
    figure = Figure(figsize=(7, 3.6 + legend), layout="constrained")
    panel = figure.subplots()
    for k, (row, seeds) in enumerate(drawn):
        colour, style = colour_of(k), "--" if is_dashed(k) else "-"
        for n, points in enumerate(filter(None, seeds)):
            label = None if n else label_text(row.name)
            panel.plot(*zip(*points, strict=True), color=colour, ls=style, lw=1.2, label=label)
    if (real := board.real_at_ticks) is not None:
        panel.axhline(real, color=REAL_COLOUR, ls=":", lw=1.5, label=REAL)
    better = "higher" if metric.higher_is_better else "lower"
    samples = board.protocol.evaluation.tick_samples
    panel.set_ylabel(f"{metric.name}\n({better} is better, n = {samples:,})", fontsize=9)
    panel.set_xlabel(KIMG, fontsize=9)
    panel.set_title(label_text(what_is_shown(board, [row for row, _ in drawn], SEEDS)), fontsize=9)
    panel.grid(alpha=0.25)
    panel.tick_params(labelsize=8)
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    return png_of(figure)


def tick_scores(folder: Path, metric: str) -> list[tuple[float, float]]:
    """(kimg, score) of the ticks that have a score."""
    ticks = read_lines(folder / TICKS)
    points = [(number(tick, "kimg"), number(tick, "scores", metric)) for tick in ticks]
    return [point for point in points if np.isfinite(point).all()]


def png_of(figure: Figure) -> bytes:
    """The bytes of a figure that stands beside the results."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150, pil_kwargs={"compress_level": COMPRESSION})
    return buffer.getvalue()


def label_text(text: str) -> str:
    r"""A name in which matplotlib does not read $...$ as mathematics."""
    return plain(text).replace("$", r"\$")


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

    Of fewer than 200 values none is left out.
    """
    low = np.nanpercentile(values, 0.5, method="lower")
    high = np.nanpercentile(values, 99.5, method="higher")
    room = 0.05 * (high - low) or 0.5
    return float(low - room), float(high + room)
