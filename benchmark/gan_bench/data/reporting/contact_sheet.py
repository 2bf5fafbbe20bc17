"""The contact sheet: a sample of a set as it is trained on, and below it the odd images."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from gan_bench.base import pictures
from gan_bench.base.escape import plain
from gan_bench.contract.protocol import Data
from gan_bench.data.choosing.odd import SHOWN, TILE, reduced
from gan_bench.data.reporting.lines import colours
from gan_bench.data.reporting.report import Odd

if TYPE_CHECKING:
    from PIL import Image

    from gan_bench.data.cache import Prepared

ACROSS, DOWN = 2 * SHOWN, 5  # images of the sample
LEAST_PX = 64  # smaller images are enlarged by a whole number until a side is as long
GAP, MARGIN = 8, 24  # pixels
RULE = pictures.RULE  # above each title too
HEAD_PX, COUNTS_PX, TITLE_PX, CAPTION_PX = 34, 28, 28, 17  # heights of the lines of text
HEAD, CAPTION = 24, 12  # font sizes


def contact_sheet(prepared: Prepared) -> bytes:
    """The sheet as a PNG file."""
    data, report = prepared.data, prepared.report
    rows = np.linspace(0, len(prepared.train) - 1, min(ACROSS * DOWN, len(prepared.train)))
    sample = _tiles(prepared.train[rows.round().astype(int)])
    counts = f"{data.train:,} training images, {data.held_out:,} held out"
    pixels = f"{colours(data.shape[0])}, pixels {report.pixels or 'none'}"
    parts = [
        pictures.words(f"{plain(data.name)}, {data.size} px", HEAD_PX, HEAD, "black"),
        pictures.words(f"{counts}; {pixels}", COUNTS_PX),
        _gap(),
        _titled("a sample of the training images, as they are trained on", _mosaic(sample)),
    ]
    blocks = _odd_blocks(report.odd, prepared.tiles, sample[0].width)
    for k in range(0, len(blocks), 2):
        parts += [_gap(), _beside(blocks[k : k + 2], SHOWN * (sample[0].width + GAP))]
    return pictures.png(pictures.stacked(parts, MARGIN))


def some_images(sheet: Image.Image, data: Data, most: int) -> list[Image.Image]:
    """Images of the sample of a contact sheet, evenly spread; none if it is no sheet of such data.

    The first ones would be of one class where the classes are folders.
    """
    blank = np.zeros((1, *data.shape), np.uint8)
    width, height = _tiles(blank)[0].size
    top = MARGIN + HEAD_PX + COUNTS_PX + GAP + 1 + TITLE_PX
    boxes = []
    count = min(ACROSS * DOWN, data.train)
    for k in np.linspace(0, count - 1, min(most, count)).round().astype(int).tolist():
        left, above = MARGIN + k % ACROSS * (width + GAP), top + k // ACROSS * (height + GAP)
        boxes.append((left, above, left + width, above + height))
    corners = [corner for box in boxes for corner in (box[:2], (box[2] - 1, box[3] - 1))]
    rule = tuple(int(RULE[k : k + 2], 16) for k in (1, 3, 5))
    inside = all(x < sheet.width and y < sheet.height for x, y in corners)
    if not inside or any(sheet.getpixel(corner) != rule for corner in corners):
        return []
    return [sheet.crop((x + 1, y + 1, right - 1, low - 1)) for x, y, right, low in boxes]


def _odd_blocks(odd: tuple[Odd, ...], tiles: np.ndarray, width: int) -> list[Image.Image]:
    """A block for each kind of odd images: its title, its images, and below each what was seen."""
    blocks, start = [], 0
    for kind in odd:
        images = _tiles(tiles[start : start + len(kind.names)])
        start += len(kind.names)
        captioned = [
            _captioned(image, (name.rpartition("/")[2], seen), width)
            for image, name, seen in zip(images, kind.names, kind.seen, strict=True)
        ]
        blocks.append(_titled(plain(f"{kind.title}: {kind.about}"), _mosaic(captioned)))
    return blocks


def _tiles(images: np.ndarray) -> list[Image.Image]:
    """(n, C, H, W) uint8 as people see them, enlarged or reduced to the size of a tile."""
    from PIL import Image, ImageOps

    small = pictures.shown(reduced(images))
    zoom = max(1, min(ceil(LEAST_PX / max(small.shape[2:])), TILE // max(small.shape[2:])))
    drawn = (Image.fromarray(each.transpose(1, 2, 0)) for each in small)
    return [ImageOps.expand(pictures.enlarged(each, zoom), 1, RULE) for each in drawn]


def _mosaic(images: list[Image.Image]) -> Image.Image:
    """Images of one size in rows of as many as a sheet or half of it has."""
    from PIL import Image

    width, height = images[0].width + GAP, images[0].height + GAP
    across = min(len(images), ACROSS)
    whole = Image.new("RGB", (across * width, ceil(len(images) / across) * height), "white")
    for k, image in enumerate(images):
        whole.paste(image, (k % across * width, k // across * height))
    return whole


def _captioned(image: Image.Image, lines: tuple[str, ...], width: int) -> Image.Image:
    """The image with lines of small text below it, cut to its width."""
    from PIL import Image

    whole = Image.new("RGB", (width, image.height + CAPTION_PX * len(lines)), "white")
    whole.paste(image, (0, 0))
    for k, line in enumerate(lines):
        words = pictures.words(_fitting(plain(line), width), CAPTION_PX, CAPTION, top=1)
        whole.paste(words, (0, image.height + k * CAPTION_PX))
    return whole


def _fitting(line: str, width: int) -> str:
    """The line, or its end after three dots where it is wider: names differ at their ends."""
    from PIL import ImageFont

    font = ImageFont.load_default(CAPTION)
    for start in range(len(line)):
        part = f"…{line[start:]}" if start else line
        if font.getlength(part) <= width:
            return part
    return ""


def _titled(title: str, picture: Image.Image) -> Image.Image:
    from PIL import Image

    rule = Image.new("RGB", (picture.width - GAP, 1), RULE)
    words = pictures.words(title, TITLE_PX, pictures.SMALL, "black", top=5)
    return pictures.stacked([rule, words, picture], 0)


def _beside(blocks: list[Image.Image], width: int) -> Image.Image:
    """One or two blocks, the second one `width` pixels to the right of the first one."""
    from PIL import Image

    whole = Image.new("RGB", (2 * width, max(block.height for block in blocks)), "white")
    for k, block in enumerate(blocks):
        whole.paste(block.crop((0, 0, min(block.width, width), block.height)), (k * width, 0))
    return whole


def _gap() -> Image.Image:
    from PIL import Image

    return Image.new("RGB", (1, GAP), "white")
