"""A figure of losses, or of scores of D: a panel for each row, the mean of its seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from gan_bench.report.courses import verdicts
from gan_bench.report.curves import KIMG, columns_of, curve_of, limits
from gan_bench.report.leaderboard import Board
from gan_bench.report.paper.axes import mark_clipped, round_numbers
from gan_bench.report.paper.layout import EDGE, RIGHT, Entry, arrange, below, beside
from gan_bench.report.paper.quality import BANDED, CROSS
from gan_bench.report.paper.style import TEXT, WIDTHS
from gan_bench.report.paper.words import height_of, wrapped
from gan_bench.report.rows import Row
from gan_bench.report.selection import BEST, rows_in_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

BINS = 80  # parts of a training: each shows the mean of its points
PANEL, GAP = 0.85, 0.13  # inches: the height of a panel without its name, and between two
ACROSS = dict(zip(WIDTHS.values(), (2, 4), strict=True))  # panels beside each other, at most
VERDICT = "when a training went wrong"
DASHES = ("-", (0, (3, 1)))  # of D and of G


@dataclass(frozen=True)
class Curve:
    """A row and the curves of its seeds: (points, kimg and columns) each."""

    row: Row
    seeds: list[np.ndarray]


def read_curves(board: Board, columns: Sequence[str]) -> list[Curve]:
    """The best rows of whose curves something is known, the best first as in the table."""
    known = []
    for row in rows_in_order(board):
        read = [curve_of(folder, columns) for folder in row.folders]
        seeds = [seed[np.isfinite(seed[:, 0])] for seed in read]
        if any(np.isfinite(seed[:, 1:]).any() for seed in seeds):
            known.append(Curve(row, seeds))
        if len(known) == BEST:
            break
    return known


def curves(
    drawn: Sequence[Curve], lines: dict[str, tuple[str, str]], what: str, width: float
) -> Figure:
    """All panels have the same axes. `lines`: column -> name and colour."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, 1))
    across = columns_of(len(drawn), ACROSS[width])
    panels = _panels(figure, len(drawn), across)
    panels[0].set_ylim(*limits([seed for curve in drawn for seed in curve.seeds]))
    last = max(float(seed[:, 0].max(initial=0)) for curve in drawn for seed in curve.seeds)
    panels[0].set_xlim(0, last * 1.03 or 1)
    round_numbers(panels[0].yaxis)
    round_numbers(panels[0].xaxis)
    left = beside(panels[0], what)
    room = (width - left - RIGHT - GAP * (across - 1)) / across
    names = [wrapped(curve.row.name, room) for curve in drawn]
    entries, crosses = [], []
    for panel, curve, name in zip(panels, drawn, names, strict=True):
        entries = _draw(panel, curve, lines, last)
        panel.set_title(name, pad=4)
        crosses += _verdicts(panel, curve)
    entries += [(cross, VERDICT) for cross in crosses[:1]]
    title, down = max(map(height_of, names)) + 0.08, ceil(len(drawn) / across)
    inner = down * PANEL + (down - 1) * (title + GAP)
    gaps = GAP / room, (title + GAP) / PANEL
    legend = arrange(figure, inner, left, below(KIMG), entries, title, gaps)
    height = float(figure.get_size_inches()[1])
    middle = (left + (width - left - RIGHT) / 2) / width
    figure.supxlabel(KIMG, x=middle, y=(legend + EDGE) / height, va="bottom", fontsize=TEXT)
    up = 1 - (title + inner / 2) / height
    figure.supylabel(what, x=EDGE / width, y=up, ha="left", va="center", fontsize=TEXT)
    return figure


def _panels(figure: Figure, count: int, across: int) -> list[Axes]:
    """So many panels that share their axes; only the outer ones have numbers beside them."""
    grid = figure.subplots(ceil(count / across), across, sharex=True, sharey=True, squeeze=False)
    panels = list(grid.ravel())
    for panel in panels[count:]:
        panel.remove()
    for panel in panels[max(0, count - across) : count]:
        panel.tick_params(labelbottom=True)  # there may be no panel below it
    return panels[:count]


def _draw(panel: Axes, curve: Curve, lines: dict[str, tuple[str, str]], last: float) -> list[Entry]:
    """Mean and range of the seeds in one panel; the entries of its legend."""
    place, mean, low, high = banded(curve.seeds, last)
    entries: list[Entry] = []
    for k, (label, colour) in enumerate(lines.values()):
        known = np.isfinite(mean[:, k])
        at, ours, least, most = (each[known] for each in (place, mean[:, k], low[:, k], high[:, k]))
        panel.fill_between(at, least, most, color=colour, alpha=BANDED, lw=0)
        drawn = panel.plot(at, ours, color=colour, linestyle=DASHES[k])
        entries.append((drawn[0], label))
        mark_clipped(panel, at, least, most, colour)
    return entries


def _verdicts(panel: Axes, curve: Curve) -> list[Line2D]:
    """A cross at the bottom for each verdict about a training of this row."""
    found = [each for folder in curve.row.folders for each in verdicts(curve.row, folder)]
    if not found:
        return []
    kimg = [verdict.kimg for _, verdict in found]
    return panel.plot(kimg, [0.0] * len(kimg), transform=panel.get_xaxis_transform(), **CROSS)


def banded(seeds: Sequence[np.ndarray], last: float) -> tuple[np.ndarray, ...]:
    """The curves of seeds in equal parts of the training until `last` kimg.

    Gives kimg (parts,), and of each column the mean over the seeds, the lowest and the highest:
    (parts, columns) each, NaN where no seed has a value. Of each seed, the mean of the part counts.
    """
    parts = parts_of(seeds)
    binned = np.stack([_binned(seed, last, parts) for seed in seeds])  # (seeds, parts, 1 + columns)
    some = np.isfinite(binned[:, :, 0]).any(axis=0)
    known = np.ma.masked_invalid(binned[:, some])
    mean, low, high = (
        each.filled(np.nan) for each in (known.mean(axis=0), known.min(axis=0), known.max(axis=0))
    )
    return mean[:, 0], mean[:, 1:], low[:, 1:], high[:, 1:]


def parts_of(seeds: Sequence[np.ndarray]) -> int:
    """In how many parts of the training these curves are shown: BINS, or as they have points."""
    return min(BINS, max(len(seed) for seed in seeds))


def _binned(curve: np.ndarray, last: float, parts: int) -> np.ndarray:
    """(points, columns) -> (parts, columns): the mean in each part, NaN without a value."""
    place = np.ceil(curve[:, 0] / (last or 1) * parts - 1e-6).astype(int) - 1
    known = np.isfinite(curve)
    sums, counts = np.zeros((2, parts, curve.shape[1]))
    np.add.at(sums, place.clip(0, parts - 1), np.where(known, curve, 0))
    np.add.at(counts, place.clip(0, parts - 1), known)
    return np.divide(sums, counts, np.full_like(sums, np.nan), where=counts > 0)
