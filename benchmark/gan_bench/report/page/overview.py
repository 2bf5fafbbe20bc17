"""A card for each row of a long leaderboard: its last samples, its score and how it came there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_bench.base.text import number
from gan_bench.report.curves import tick_scores
from gan_bench.report.first_table import ranks
from gan_bench.report.leaderboard import Board
from gan_bench.report.page.axes import Axis, axis
from gan_bench.report.page.figures import path_of
from gan_bench.report.page.samples import Picture, picture_of, tile_of
from gan_bench.report.rows import Row
from gan_bench.report.section import NOTHING
from gan_bench.report.selection import first_seeds
from gan_bench.results.layout import sample_grids
from gan_bench.results.scale import REAL

FEW_CELLS = 30  # up to these, a page begins with the table
FEW_PROTOCOLS = 3  # up to these, a page shows them one after another
MOST = 30  # cards, of the best rows: more would be over three screens of a phone
SIDE = 136  # pixels of a picture: 4 x 4 images of 32 pixels
WIDTH, HEIGHT, EDGE = 120, 40, 3  # of a curve
Ticks = list[tuple[float, float]]  # kimg, score


@dataclass(frozen=True)
class Curve:
    """The scores of one training at its ticks, in pixels."""

    path: str
    real: float | None  # where the line of other real images is
    about: str  # what is seen, in words
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class Card:
    """What is seen of one row before anything is opened."""

    name: str
    rank: str  # "" if the score does not compare the rows
    score: str
    ended: str  # how cells went wrong, "" if none did
    picture: Picture | None
    curve: Curve | None


@dataclass(frozen=True)
class Overview:
    """The cards, the best row first."""

    cards: list[Card]
    caption: str

    @property
    def size(self) -> int:
        """Bytes of the pictures."""
        return sum(len(card.picture.webp) for card in self.cards if card.picture)


def overview(board: Board) -> Overview | None:
    """None for a leaderboard that is short enough to begin with its table."""
    if len(board.cells) <= FEW_CELLS:
        return None
    caption = (
        f"A card for each row, in the order of the table: its mean {board.ranking.name} "
        f"({_better(board.ranking.higher_is_better)}), and the last samples of its first seed. "
        f"{_about_curves(board)}"
    )
    if len(board.rows) > MOST:
        caption += f" These are the best {MOST} of {len(board.rows):,} rows."
    return Overview(cards(board, board.rows[:MOST]), caption)


def best_card(board: Board) -> Card | None:
    """That of the best row, if there is one: of those that were trained here if some were."""
    return next(iter(cards(board, (board.trained or board.rows)[:1])), None)


def cards(board: Board, rows: Sequence[Row]) -> list[Card]:
    """The cards of these rows, their curves on the same axes."""
    every = ranks(board) or [""] * len(board.rows)
    places = [every[board.rows.index(row)] for row in rows]
    seeds = [next(iter(first_seeds(row, 1)), None) if not row.entry else None for row in rows]
    metric = board.protocol.evaluation.at_ticks.name
    ticks = [tick_scores(seed, metric) if seed else [] for seed in seeds]
    curves = _curves(ticks, board)
    return [
        Card(row.name, rank, _score(row, board), _ended(row), _picture(board, seed), curve)
        for row, rank, seed, curve in zip(rows, places, seeds, curves, strict=True)
    ]


def _curves(every: Sequence[Ticks], board: Board) -> list[Curve | None]:
    known = [tick for ticks in every for tick in ticks]
    if not known:
        return [None] * len(every)
    real = board.real_at_ticks
    scores = [score for _, score in known]
    low, high = (float(end) for end in np.percentile(scores, [5, 95]))  # others are at the edge
    ends = [low, high, *([real] if real is not None else [])]
    x = axis([kimg for kimg, _ in known], EDGE, WIDTH - EDGE, from_zero=True)
    y = Axis(min(ends), max(ends) + (min(ends) == max(ends)), HEIGHT - EDGE, EDGE)
    return [_curve(ticks, board, x, y) if ticks else None for ticks in every]


def _curve(ticks: Ticks, board: Board, x: Axis, y: Axis) -> Curve:
    real, metric = board.real_at_ticks, board.protocol.evaluation.at_ticks.name
    (start, first), (end, last) = ticks[0], ticks[-1]
    about = (
        f"{metric} goes from {number(first)} at {number(start, 3)} kimg "
        f"to {number(last)} at {number(end, 3)} kimg"
    )
    if real is not None:
        about += f"; {REAL}: {number(real)}"
    return Curve(path_of(ticks, x, y), None if real is None else y(real), about)


def _picture(board: Board, seed: Path | None) -> Picture | None:
    """The last samples that can be read."""
    for _, path in reversed(sample_grids(seed)) if seed else ():
        if tile := tile_of(path, board.protocol.data.shape[1:]):
            tile.thumbnail((SIDE, SIDE))
            return picture_of([tile])
    return None


def _score(row: Row, board: Board) -> str:
    mean = row.mean(board.ranking.name)
    return NOTHING if mean is None else number(mean)


def _ended(row: Row) -> str:
    """How many cells did not end well, and in which way."""
    total = sum(row.status().values())
    wrong = {each: count for each, count in row.status().items() if each != "finished"}
    if row.entry:
        return ""
    return ", ".join(
        each if count == total == 1 else f"{count:,} of {total:,} {each}"
        for each, count in wrong.items()
    )


def _better(higher: bool) -> str:
    return f"{'higher' if higher else 'lower'} is better"


def _about_curves(board: Board) -> str:
    metric = board.protocol.evaluation.at_ticks
    real = "" if board.real_at_ticks is None else f"; dotted: {REAL}"
    return (
        f"The line is {metric.name} over the ticks of that seed "
        f"({_better(metric.higher_is_better)}){real}; all lines have the same axes."
    )
