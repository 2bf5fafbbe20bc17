"""The story of each verdict: what was seen, when, and the samples before, then and at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Sides
from gan_bench.report.curves import tick_scores
from gan_bench.report.leaderboard import Board
from gan_bench.report.page.kept import fitting, left_out
from gan_bench.report.page.samples import Picture, cell_name, picture_of, tile_of
from gan_bench.report.rows import Row
from gan_bench.report.selection import rows_in_order
from gan_bench.results.layout import sample_grids
from gan_bench.results.records import Verdict

if TYPE_CHECKING:
    from PIL import Image

MOST = 2 * 10**6  # bytes of the pictures of all stories
UNFOLDED = 12
LONGEST = 100  # stories on a page
GAP = 16  # the gap between two scenes is this part of the width of one
NEAR = 1e-3  # kimg: names of sample grids have three digits after the point


@dataclass(frozen=True)
class Scene:
    """The samples of one tick, and the score of that tick."""

    when: str
    kimg: float
    score: float | None  # by the metric of the ticks, None if it is not known


@dataclass(frozen=True)
class Story:
    """One verdict of a cell."""

    name: str
    verdict: Verdict
    scenes: list[Scene]  # from left to right in the picture
    picture: Picture | None  # None if no sample grid can be read, or there is no room


@dataclass(frozen=True)
class Stories:
    """Those of a leaderboard, the best row first."""

    metric: str  # of the scores
    stories: list[Story]
    note: str  # what is left out, "" if nothing is

    @property
    def unfolded(self) -> list[Story]:
        """The first ones."""
        return self.stories[:UNFOLDED]

    @property
    def folded(self) -> list[Story]:
        """All others."""
        return self.stories[UNFOLDED:]

    @property
    def size(self) -> int:
        """Bytes of the pictures."""
        return sum(len(story.picture.webp) for story in self.stories if story.picture)


def stories(board: Board, room: int) -> Stories | None:
    """The stories with as many pictures as `room` bytes hold; None if there is no verdict."""
    every = [found for row in rows_in_order(board) for found in _verdicts(row)]
    if not every:
        return None
    metric, sides = board.protocol.evaluation.at_ticks.name, board.protocol.data.shape[1:]
    made = [_story(*found, metric, sides) for found in every[:LONGEST]]
    count = fitting([story.picture for story in made], min(room, MOST))
    shown = [*made[:count], *(replace(story, scenes=[], picture=None) for story in made[count:])]
    unseen = sum(story.picture is not None for story in made[count:])
    parts = [left_out(unseen, "picture"), left_out(len(every) - len(made), "verdict")]
    return Stories(metric, shown, "; ".join(filter(None, parts)))


def _verdicts(row: Row) -> Iterator[tuple[str, Path, Verdict]]:
    """The cell's name, its folder and the verdict, for each verdict of a row."""
    columns = (row.done[name] for name in ("folder", "verdicts"))
    for folder, verdicts in zip(*columns, strict=True):
        for verdict in verdicts:
            yield cell_name(row, folder), folder, verdict


def _story(name: str, folder: Path, verdict: Verdict, metric: str, sides: Sides) -> Story:
    scores = _scores(folder, metric)
    scenes, tiles = [], []
    for when, kimg, path in _scenes(sample_grids(folder), verdict.kimg):
        if tile := tile_of(path, sides):
            scenes.append(Scene(when, kimg, scores.get(kimg)))
            tiles.append(_with_gap(tile))
    return Story(name, verdict, scenes, picture_of(tiles) if tiles else None)


def _with_gap(tile: Image.Image) -> Image.Image:
    """The tile with white on its right, so that the scenes are seen to be several."""
    from PIL import ImageOps

    return ImageOps.expand(tile, (0, 0, tile.width // GAP, 0), "white")


def _scores(folder: Path, metric: str) -> dict[float, float]:
    """kimg -> score of the ticks, none if they cannot be read: the page says so at its figures."""
    try:
        return dict(tick_scores(folder, metric))
    except StorageError:
        return {}


def _scenes(grids: Sequence[tuple[float, Path]], kimg: float) -> list[tuple[str, float, Path]]:
    """The ticks before, at and after a verdict that have samples: when, kimg, path."""
    before = [grid for grid in grids if grid[0] < kimg - NEAR]
    then = [grid for grid in grids if abs(grid[0] - kimg) <= NEAR]
    after = [grid for grid in grids if grid[0] > kimg + NEAR]
    chosen = [("before", before[-1:]), ("then", then[-1:]), ("at the end", after[-1:])]
    return [(when, *grid) for when, found in chosen for grid in found]
