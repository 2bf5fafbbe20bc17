"""The samples of a page: one picture for each cell, its ticks beside each other."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gan_bench.base.text import number, plural
from gan_bench.contract.protocol import Sides
from gan_bench.report.leaderboard import Board
from gan_bench.report.real_images import real_images
from gan_bench.report.rows import Row
from gan_bench.report.selection import first_seeds, rows_in_order
from gan_bench.results.layout import (
    GRID_PADDING,
    GRID_SIDE,
    grid_pixels,
    sample_grids,
    seed_of,
)

if TYPE_CHECKING:
    from PIL import Image

CELLS = 30  # of more cells, one seed of each row is shown, and of more rows the best
TICKS = 24  # at most, of each cell
ACROSS = 4  # images in a row of a tick, and rows, of images up to SMALL pixels
SMALL = 64
FEWER = 2  # images in a row, and rows, of larger images
LARGEST = 400  # pixels of a side of a tick
QUALITY = 80  # of WebP, of 100
REAL = 8  # images in the strip above


@dataclass(frozen=True)
class Picture:
    """A WebP file and its size in pixels."""

    webp: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Strip:
    """One cell: the same z at every tick, the first tick on the left."""

    name: str
    kimg: list[float]
    picture: Picture
    verdicts: list[tuple[float, str]]  # kimg, what was found


@dataclass(frozen=True)
class Samples:
    """What the slider of a page moves through."""

    strips: list[Strip]
    real: Picture | None  # a few training images, None if the results have no contact sheet
    note: str  # what is left out, "" if nothing is

    @property
    def kimg(self) -> list[float]:
        """The ticks of all cells, each once."""
        return sorted({kimg for strip in self.strips for kimg in strip.kimg})

    @property
    def size(self) -> int:
        """Bytes of the pictures."""
        pictures = [strip.picture for strip in self.strips] + [self.real] * bool(self.real)
        return sum(len(picture.webp) for picture in pictures if picture)


def samples(board: Board) -> Samples | None:
    """The sample grids of a leaderboard's cells; None if there are none."""
    cells, left_out = shown_cells(board)
    grids = {folder: sample_grids(folder) for _, folder in cells}
    ticks = _some(sorted({kimg for found in grids.values() for kimg, _ in found}))
    strips, damaged = [], 0
    for row, folder in cells:
        last = grids[folder][-1:]
        chosen = [each for each in grids[folder] if each[0] in ticks or each in last]
        tiles = [(kimg, tile_of(path, board.protocol.data.shape[1:])) for kimg, path in chosen]
        known = [(kimg, tile) for kimg, tile in tiles if tile]
        damaged += len(tiles) - len(known)
        if known:
            picture = picture_of([tile for _, tile in known])
            kimg = [kimg for kimg, _ in known]
            strips.append(Strip(cell_name(row, folder), kimg, picture, _verdicts(row, folder)))
    if not strips:
        return None
    unread = [f"{plural(damaged, 'sample grid')} cannot be read"] * bool(damaged)
    return Samples(strips, _real(board), "; ".join([*left_out, *unread]))


def shown_cells(board: Board) -> tuple[list[tuple[Row, Path]], list[str]]:
    """The cells to show, in the order of the rows, and what is left out."""
    rows = rows_in_order(board)
    cells = [(row, folder) for row in rows for folder in row.folders]
    if len(cells) <= CELLS:
        return cells, []
    shown = [(row, folder) for row in rows[:CELLS] for folder in first_seeds(row, 1)]
    parts = [f"the best {CELLS} of {len(rows):,} rows"] if len(rows) > CELLS else []
    return shown, [", ".join([*parts, "the first seed of each row"])]


def _some(ticks: list[float]) -> set[float]:
    """At most TICKS of the ticks, with the first and the last."""
    if len(ticks) <= TICKS:
        return set(ticks)
    return {ticks[round(place)] for place in np.linspace(0, len(ticks) - 1, TICKS)}


def cell_name(row: Row, folder: Path) -> str:
    """Architecture / loss with its mark, and the seed."""
    seed = seed_of(folder)
    return f"{row.name} / {folder.name if seed is None else f'seed{seed}'}"


def _verdicts(row: Row, folder: Path) -> list[tuple[float, str]]:
    """What was found wrong with the training, and when."""
    places = [k for k, each in enumerate(row.done["folder"]) if each == folder]
    return [
        (verdict.kimg, f"{verdict.kind} at {number(verdict.kimg, 3)} kimg")
        for k in places
        for verdict in row.done["verdicts"][k]
    ]


def tile_of(path: Path, sides: Sides) -> Image.Image | None:
    """The first few rows and columns of a sample grid; None if it is none that can be read."""
    from PIL import Image

    height, width = sides
    count = ACROSS if max(sides) <= SMALL else FEWER
    size = grid_pixels(count, width), grid_pixels(count, height)
    try:
        with Image.open(path, formats=["PNG"]) as grid:
            if grid.width > grid_pixels(GRID_SIDE, width) or grid.height > grid_pixels(
                GRID_SIDE, height
            ):
                return None
            tile = Image.new("RGB", size, "white")  # the grid may have fewer images
            tile.paste(grid.convert("RGB"), (0, 0))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    tile.thumbnail((LARGEST, LARGEST))
    return tile


def picture_of(tiles: Iterable[Image.Image]) -> Picture:
    """Pictures of one size beside each other."""
    from PIL import Image

    tiles = list(tiles)
    width, height = tiles[0].size
    whole = Image.new("RGB", (width * len(tiles), height))
    for k, tile in enumerate(tiles):
        whole.paste(tile, (k * width, 0))
    buffer = io.BytesIO()
    whole.save(buffer, "WEBP", quality=QUALITY, method=4)
    return Picture(buffer.getvalue(), *whole.size)


def _real(board: Board) -> Picture | None:
    """A few training images from the contact sheet of the data; None if there is none."""
    images = real_images(board, REAL)
    return picture_of(list(_padded(images))) if images else None


def _padded(images: list[Image.Image]) -> Iterator[Image.Image]:
    """The images with white around them, as in a sample grid."""
    from PIL import ImageOps

    return (ImageOps.expand(image, GRID_PADDING, "white") for image in images)
