"""The figures of a page: what its vector graphics show, in pixels, in the colours of the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import ceil
from statistics import fmean

import numpy as np

from gan_bench.base.text import number, plural
from gan_bench.report.curves import (
    BEYOND,
    KIMG,
    LOSSES,
    SCORES,
    SEEDS,
    curve_of,
    lie_beyond,
    limits,
)
from gan_bench.report.leaderboard import Board
from gan_bench.report.page.axes import Axis, axis, room_beside
from gan_bench.report.page.grid import Grid, fits_a_grid, grid_of
from gan_bench.report.rows import Row
from gan_bench.report.selection import BEST, first_seeds, rows_in_order, what_is_shown

WIDTH, HEIGHT = 400, 250  # of the figure of the quality
SMALL = 220, 150  # of one panel of the losses
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 8, 34  # around the axes, at least
FONT, SMALL_FONT = 11, 13  # pixels of a number in a large and in a small panel, as in page.css
COLOURS = 6  # classes c0 to c5 of the style; the rows after them are dashed
POINTS = 120  # of a curve: more could not be seen
Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """A line in the colour of a class of the style, and the range of its seeds around it."""

    style: str
    path: str
    title: str
    band: str = ""


@dataclass(frozen=True)
class Dot:
    """A place in a figure with what is to be said about it."""

    style: str
    x: float
    y: float
    title: str


@dataclass(frozen=True)
class Panel:
    """Axes with what is drawn in them."""

    title: str
    about: str  # what is seen, in words
    x: Axis
    y: Axis
    lines: list[Line]
    dots: list[Dot] = field(default_factory=list)
    verdicts: list[Dot] = field(default_factory=list)
    real: float | None = None  # the pixel of the line of other real images
    empty: tuple[str, float] | None = None  # noise or one colour, and the pixel of its line
    width: int = WIDTH
    height: int = HEIGHT
    x_label: str = KIMG


@dataclass(frozen=True)
class Figure:
    """One or several panels with a legend."""

    name: str
    caption: str
    legend: list[tuple[str, str]]  # class of the style, text
    panels: list[Panel]
    grid: Grid | None = None  # where they stand; None: one after another

    @property
    def is_large(self) -> bool:
        """Whether its panels take the width of the page."""
        return all(panel.width == WIDTH for panel in self.panels)


def page_curves(board: Board) -> list[Figure]:
    """Losses and scores of D; without those of which nothing is known.

    All rows have a panel if they fit into a grid, else the best ones.
    """
    every, rows = [*LOSSES, *SCORES], rows_in_order(board)
    curves = ((row, [curve_of(at, every) for at in first_seeds(row, SEEDS)]) for row in rows)
    known = (each for each in curves if any(np.isfinite(seed[:, 1:]).any() for seed in each[1]))
    read = list(known if fits_a_grid([row.labels for row in rows]) else islice(known, BEST))
    figures = (
        _curves(board, read, "losses", LOSSES, "losses of D and G"),
        _curves(
            board, read, "scores", SCORES, "mean output of D for real and for generated images"
        ),
    )
    return [figure for figure in figures if figure]


def _curves(
    board: Board,
    curves: Sequence[tuple[Row, list[np.ndarray]]],
    name: str,
    columns: dict[str, tuple[str, str]],
    what: str,
) -> Figure | None:
    """A panel for each row, all on the same axes, the best row first as in the table.

    `curves`: (points, kimg and all columns) of the first seeds of each row.
    """
    places = [0, *(1 + [*LOSSES, *SCORES].index(column) for column in columns)]
    read = [(row, [_binned(seed[:, places]) for seed in seeds]) for row, seeds in curves]
    known = [
        (row, [seed for seed in seeds if np.isfinite(seed[:, 1:]).any()]) for row, seeds in read
    ]
    drawn = [(row, seeds) for row, seeds in known if seeds]
    if not drawn:
        return None
    every = [seed for _, seeds in drawn for seed in seeds]
    width, height, font = (WIDTH, HEIGHT, FONT) if len(drawn) == 1 else (*SMALL, SMALL_FONT)
    last = max(float(np.nanmax(seed[:, 0])) for seed in every)
    ends = limits(every)
    y = Axis(*ends, height - BOTTOM, TOP)
    x = axis([0, last], room_beside(y, font, LEFT), width - RIGHT, from_zero=True)
    labels = [label for label, _ in columns.values()]
    panels = [
        Panel(
            row.name,
            _about(labels, seeds),
            x,
            y,
            list(_seed_lines(labels, seeds, x, y)),
            width=width,
            height=height,
            x_label="kimg",
        )
        for row, seeds in drawn
    ]
    caption = f"{what}, a line for each seed"
    beyond = BEYOND if lie_beyond(every, ends) else ""
    left_out = what_is_shown(board, [row for row, _ in drawn], SEEDS)
    legend = [(style_of(k), label) for k, label in enumerate(labels)]
    placed = [row.labels for row, _ in drawn]
    grid = grid_of(placed) if fits_a_grid(placed) else None
    return Figure(name, "; ".join(filter(None, (caption, beyond, left_out))), legend, panels, grid)


def _seed_lines(
    labels: Sequence[str], seeds: Sequence[np.ndarray], x: Axis, y: Axis
) -> Iterator[Line]:
    for k, label in enumerate(labels):
        for seed in seeds:
            points = [(kimg, value) for kimg, value in seed[:, [0, k + 1]].tolist()]
            finite = [point for point in points if np.isfinite(point).all()]
            if finite:
                yield Line(style_of(k), path_of(finite, x, y), label)


def _about(labels: Sequence[str], seeds: Sequence[np.ndarray]) -> str:
    """From where to where each curve goes, as means over the seeds."""
    parts = []
    for k, label in enumerate(labels):
        values = [column[np.isfinite(column)] for column in (seed[:, k + 1] for seed in seeds)]
        known = [each for each in values if len(each)]
        if known:
            first, last = (number(fmean(float(each[at]) for each in known), 3) for at in (0, -1))
            parts.append(f"{label} goes from {first} to {last}")
    return f"{'; '.join(parts)}, in {plural(len(seeds), 'training')}."


def _binned(curve: np.ndarray) -> np.ndarray:
    """(points, columns) -> at most POINTS points, each the mean of as many, or of one less.

    Means of fewer points would look more restless.
    """
    if len(curve) <= POINTS:
        return curve
    means = []
    for part in np.array_split(curve, ceil(len(curve) / ceil(len(curve) / POINTS))):
        known = np.isfinite(part)
        sums = np.where(known, part, 0).sum(axis=0)
        means.append(
            np.divide(
                sums, known.sum(axis=0), np.full(part.shape[1], np.nan), where=known.any(axis=0)
            )
        )
    return np.stack(means)


def path_of(points: Points, x: Axis, y: Axis) -> str:
    """The points joined by straight lines, as an SVG path."""
    return "M" + "L".join(f"{x(at):g} {y(value):g}" for at, value in points)


def style_of(k: int) -> str:
    """The class of the k-th line: a colour, and dashes where the colours are used up."""
    return f"c{k % COLOURS}{' dashed' if k >= COLOURS else ''}"
