"""One sheet of samples: a strip of real images, and below it every cell at every tick."""

from __future__ import annotations

from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench.base import pictures, text
from gan_bench.base.escape import plain
from gan_bench.contract.protocol import Sides
from gan_bench.report.drawn import DRAWN
from gan_bench.report.leaderboard import Board
from gan_bench.report.real_images import real_images
from gan_bench.report.selection import BEST, first_seeds, rows_in_order, what_is_shown
from gan_bench.results.layout import GRID_PADDING, GRID_SIDE, SAMPLES, grid_pixels

if TYPE_CHECKING:
    from PIL import Image

STRIPS = 24  # at most, each as high as a few images
REAL = 12  # images in the strip of real ones, at most
TILE = (2, 3)  # images across and down that show one tick
IMAGE_PX = 64  # smaller images are enlarged to about this side
MARGIN = 12  # pixels
NOTE_PX, NAME_PX, KIMG_PX = 38, 26, 20  # heights of the lines of text


def sample_sheet(board: Board) -> bytes | None:
    """Rows are cells, columns are ticks; the same z in every row of a seed. Real images on top.

    StorageError if the disk does not give them.
    """
    found = (
        (row, [folder for folder in first_seeds(row, STRIPS) if _grids(folder)])
        for row in rows_in_order(board)
    )
    drawn = list(islice(((row, folders) for row, folders in found if folders), BEST))
    if not drawn:
        return None
    most, sides = max(1, STRIPS // len(drawn)), board.protocol.data.shape[1:]
    strips = [
        _strip(plain(f"{row.name} / {folder.name}"), _grids(folder), sides)
        for row, folders in drawn
        for folder in folders[:most]
    ]
    if real := real_images(board, REAL, kept=True):
        strips.insert(0, _real_strip(real, max(strip.width for strip in strips)))
    if note := what_is_shown(board, [row for row, _ in drawn], most):
        strips.insert(0, pictures.words(note, NOTE_PX))
    return pictures.png(pictures.stacked(strips, MARGIN), DRAWN)


def _real_strip(images: list[Image.Image], room: int) -> Image.Image:
    """Training images under their title, in as many rows as a tile has at most, `room` wide."""
    from PIL import Image, ImageOps

    framed = [ImageOps.expand(image, 1, pictures.RULE) for image in images]
    width, height = framed[0].width + GRID_PADDING, framed[0].height + GRID_PADDING
    across = max(1, min(len(framed), (room - MARGIN + GRID_PADDING) // width))
    down = min(TILE[1], -(-len(framed) // across))
    strip = Image.new("RGB", (width * across, height * down + MARGIN), "white")
    for k, image in enumerate(framed[: across * down]):
        strip.paste(image, (k % across * width, k // across * height))
    return pictures.stacked([pictures.words("real images", NAME_PX, colour="black"), strip], 0)


def _grids(folder: Path) -> list[Path]:
    """The sample grids of a cell, one for each tick."""
    return sorted(path for path in (folder / SAMPLES).glob("*.png") if path.is_file())


def _strip(name: str, ticks: list[Path], sides: Sides) -> Image.Image:
    """One cell: its name, then a few of its samples at every tick, each under its kimg."""
    from PIL import Image

    tiles = [_tile(path, sides) for path in ticks]
    width, height = tiles[0].size
    top = NAME_PX + KIMG_PX
    strip = Image.new("RGB", ((width + MARGIN) * len(tiles), top + height + 16), "white")
    strip.paste(pictures.words(name, NAME_PX, colour="black"), (0, 0))
    for k, (tile, path) in enumerate(zip(tiles, ticks, strict=True)):
        kimg = pictures.words(f"{float(path.stem):.3g} kimg", KIMG_PX, pictures.SMALL)
        strip.paste(kimg, (k * (width + MARGIN), NAME_PX))
        strip.paste(tile, (k * (width + MARGIN), top))
    return strip


def _tile(path: Path, sides: Sides) -> Image.Image:
    """The first few images of a sample grid, enlarged by a whole number, each framed."""
    from PIL import Image

    height, width = sides
    with Image.open(path) as grid:
        largest = grid_pixels(GRID_SIDE, width), grid_pixels(GRID_SIDE, height)
        if grid.width > largest[0] or grid.height > largest[1]:
            raise ValueError(
                f"{path} is {grid.width} x {grid.height} pixels, "
                f"which is no sample grid of {text.sides(*sides)} px images"
            )
        across, down = TILE
        size = (
            grid_pixels(across, width) - 2 * GRID_PADDING,
            grid_pixels(down, height) - 2 * GRID_PADDING,
        )
        tile = Image.new("RGB", size, "white")  # the grid may have fewer images
        tile.paste(grid.convert("RGB"), (-GRID_PADDING, -GRID_PADDING))
        there = grid.width // (width + GRID_PADDING), grid.height // (height + GRID_PADDING)
    zoom = max(1, min(IMAGE_PX // min(sides), 2 * IMAGE_PX // max(sides)))
    return _framed(pictures.enlarged(tile, zoom), sides, zoom, there)


def _framed(tile: Image.Image, sides: Sides, zoom: int, there: tuple[int, int]) -> Image.Image:
    """The tile with a line around each image that is there, across and down: it may be white."""
    from PIL import ImageDraw, ImageOps

    height, width = sides
    whole = ImageOps.expand(tile, 1, "white")
    draw = ImageDraw.Draw(whole)
    for k, j in product(range(min(TILE[0], there[0])), range(min(TILE[1], there[1]))):
        left, top = k * (width + GRID_PADDING) * zoom, j * (height + GRID_PADDING) * zoom
        right, low = left + width * zoom + 1, top + height * zoom + 1
        draw.rectangle((left, top, right, low), outline=pictures.RULE)
    return whole
