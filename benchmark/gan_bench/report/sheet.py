"""One sheet of samples: every cell at every tick."""

from __future__ import annotations

import io
from itertools import islice
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench.base.escape import plain
from gan_bench.report.leaderboard import Board
from gan_bench.report.selection import BEST, first_seeds, rows_in_order, what_is_shown
from gan_bench.results.layout import GRID_PADDING, GRID_SIDE, SAMPLES, grid_pixels

if TYPE_CHECKING:
    from PIL import Image

STRIPS = 24  # at most, each as high as a few images
TILE = (2, 3)  # images across and down that show one tick
IMAGE_PX = 64  # smaller images are enlarged to about this side
MARGIN = 12  # pixels
COMPRESSION = 2  # zlib level: a third of the usual time for a twentieth more bytes


def sample_sheet(board: Board) -> bytes | None:
    """Rows are cells, columns are ticks; the same z in every row of a seed."""
    found = (
        (row, [folder for folder in first_seeds(row, STRIPS) if _grids(folder)])
        for row in rows_in_order(board)
    )
    drawn = list(islice(((row, folders) for row, folders in found if folders), BEST))
    if not drawn:
        return None
    most, side = max(1, STRIPS // len(drawn)), board.protocol.data.shape[1]
    strips = [
        _strip(plain(f"{row.name} / {folder.name}"), _grids(folder), side)
        for row, folders in drawn
        for folder in folders[:most]
    ]
    if note := what_is_shown(board, [row for row, _ in drawn], most):
        strips.insert(0, _words(note))
    from PIL import Image

    width = max(strip.width for strip in strips) + 2 * MARGIN
    sheet = Image.new("RGB", (width, sum(s.height for s in strips) + 2 * MARGIN), "white")
    top = MARGIN
    for strip in strips:
        sheet.paste(strip, (MARGIN, top))
        top += strip.height
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", compress_level=COMPRESSION)
    return buffer.getvalue()


def _grids(folder: Path) -> list[Path]:
    """The sample grids of a cell, one for each tick."""
    return sorted(path for path in (folder / SAMPLES).glob("*.png") if path.is_file())


def _words(text: str) -> Image.Image:
    """A line above the strips."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(18)
    line = Image.new("RGB", (ceil(font.getlength(text)), 38), "white")
    ImageDraw.Draw(line).text((0, 2), text, "#555555", font)
    return line


def _strip(name: str, ticks: list[Path], side: int) -> Image.Image:
    """One cell: its name, then a few of its samples at every tick, each under its kimg."""
    from PIL import Image, ImageDraw, ImageFont

    tiles = [_tile(path, side) for path in ticks]
    width, height = tiles[0].size
    strip = Image.new("RGB", ((width + MARGIN) * len(tiles), height + 62), "white")
    draw = ImageDraw.Draw(strip)
    draw.text((0, 2), name, "black", ImageFont.load_default(18))
    for k, (tile, path) in enumerate(zip(tiles, ticks, strict=True)):
        left = k * (width + MARGIN)
        draw.text((left, 26), f"{float(path.stem):.3g} kimg", "#555555", ImageFont.load_default(14))
        strip.paste(tile, (left, 46))
    return strip


def _tile(path: Path, side: int) -> Image.Image:
    """The first few images of a sample grid, enlarged by a whole number."""
    from PIL import Image

    with Image.open(path) as grid:
        if max(grid.size) > grid_pixels(GRID_SIDE, side):
            raise ValueError(
                f"{path} is {grid.width} x {grid.height} pixels, "
                f"which is no sample grid of {side} px images"
            )
        width, height = (grid_pixels(count, side) - 2 * GRID_PADDING for count in TILE)
        tile = Image.new("RGB", (width, height), "white")  # the grid may have fewer images
        tile.paste(grid.convert("RGB"), (-GRID_PADDING, -GRID_PADDING))
    zoom = max(1, IMAGE_PX // side)
    return tile.resize((tile.width * zoom, tile.height * zoom), Image.Resampling.NEAREST)
