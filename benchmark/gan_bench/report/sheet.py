"""One sheet of samples: every cell at every tick."""

from __future__ import annotations

import io
from itertools import islice
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench.base.escape import plain
from gan_bench.report.leaderboard import Board
from gan_bench.report.selection import BEST, PACKED, first_seeds, rows_in_order, what_is_shown

if TYPE_CHECKING:
    from PIL import Image

STRIPS = 24  # of the sheet, each as high as a few images
FACES = (2, 3)  # images across and down for each tick of the sheet
FACE_PX = 64  # smaller images are enlarged to about this
MARGIN = 12
ACROSS = 10  # a sample grid is no larger than so many images each way


# The sheet
def sample_sheet(board: Board) -> bytes | None:
    """Rows are cells, columns are ticks; the same z in every row of a seed."""
    told = (
        (row, [seed for seed in first_seeds(row, STRIPS) if _grids(seed)])
        for row in rows_in_order(board)
    )
    drawn = list(islice(((row, seeds) for row, seeds in told if seeds), BEST))
    if not drawn:
        return None
    most, side = max(1, STRIPS // len(drawn)), board.protocol.data.shape[1]
    strips = [
        _strip(plain(f"{row.name} / {seed.name}"), _grids(seed), side)
        for row, seeds in drawn
        for seed in seeds[:most]
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
    sheet.save(buffer, "PNG", compress_level=PACKED)
    return buffer.getvalue()


def _grids(folder: Path) -> list[Path]:
    """The sample grids of a cell, a tick each."""
    return sorted(path for path in (folder / "samples").glob("*.png") if path.is_file())


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

    across, down = FACES
    with Image.open(path) as grid:
        if max(grid.size) > ACROSS * (side + 2):
            raise ValueError(f"{path} is {grid.width} x {grid.height}: no grid of {side} px")
        box = (2, 2, 2 + across * (side + 2) - 2, 2 + down * (side + 2) - 2)
        tile = Image.new("RGB", (box[2] - 2, box[3] - 2), "white")  # there may be fewer images
        tile.paste(grid.convert("RGB"), (-2, -2))
    zoom = max(1, FACE_PX // side)
    return tile.resize((tile.width * zoom, tile.height * zoom), Image.Resampling.NEAREST)
