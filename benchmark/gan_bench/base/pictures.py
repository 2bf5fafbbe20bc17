"""Parts of the pictures that gan-bench draws: images as people see them, words, the PNG file."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from math import ceil
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

SOFTWARE = {"Software": "gan-bench"}  # text in every PNG, which tells it from images of the user's
NO_TEXTS: Mapping[str, str] = MappingProxyType({})
TITLE, SMALL = 18, 14  # font sizes in pixels
GRID_PX = 400  # smaller grids of samples are enlarged to about this side where they are looked at
GREY = "#555555"
RULE = "#cccccc"  # a line around an image, which may be white
COMPRESSION = 2  # zlib level: a third of the usual time for a twentieth more bytes
QUALITIES = 80, 60, 40, 20, 5  # of a WebP file: the first one that is small enough
BYTES_PER_PIXEL = 0.3  # of a WebP file: noise would take 1
WEBP_EFFORT = 4  # of 6: more takes three times as long for a twentieth fewer bytes
SQUARES = 8  # of the checkerboard behind transparency, across the shorter side
LIGHT, LIGHTER = 225, 255


def shown(images: np.ndarray) -> np.ndarray:
    """(N, C, H, W) uint8 as people see them, (N, 3, H, W): grey, colour, or over a checkerboard.

    Four channels are colour and opacity.
    """
    colour = images[:, :3] if images.shape[1] >= 3 else images[:, :1].repeat(3, axis=1)
    if images.shape[1] != 4:
        return np.ascontiguousarray(colour)
    opacity = images[:, 3:].astype(np.uint16)
    board = _checkerboard(*images.shape[2:])
    return ((colour * opacity + board * (255 - opacity) + 127) // 255).astype(np.uint8)


def _checkerboard(height: int, width: int) -> np.ndarray:
    side = max(1, min(height, width) // SQUARES)
    rows, columns = np.ogrid[:height, :width]
    return np.where((rows // side + columns // side) % 2, LIGHT, LIGHTER).astype(np.uint16)


def words(
    text: str, height: int, size: int = TITLE, colour: str = GREY, top: int = 2
) -> Image.Image:
    """A line of text on white, as wide as the text and `height` pixels high, `top` above it."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size)
    line = Image.new("RGB", (max(1, ceil(font.getlength(text))), height), "white")
    ImageDraw.Draw(line).text((0, top), text, colour, font)
    return line


def enlarged(picture: Image.Image, zoom: int) -> Image.Image:
    """The picture with each pixel as a square of `zoom` pixels."""
    from PIL import Image

    size = picture.width * zoom, picture.height * zoom
    return picture.resize(size, Image.Resampling.NEAREST)


def enlarged_to(picture: Image.Image, least: int) -> Image.Image:
    """The picture enlarged by a whole number until its longer side has `least` pixels."""
    return enlarged(picture, ceil(least / max(picture.size)))


def stacked(parts: list[Image.Image], margin: int) -> Image.Image:
    """The parts one below another on white, with a margin around all of them."""
    from PIL import Image

    width = max(part.width for part in parts) + 2 * margin
    whole = Image.new("RGB", (width, sum(part.height for part in parts) + 2 * margin), "white")
    top = margin
    for part in parts:
        whole.paste(part, (margin, top))
        top += part.height
    return whole


def fewest_gaps(count: int, columns: Iterable[int]) -> int:
    """In which of these numbers of columns so many pictures leave the fewest places empty.

    Of several, the first one.
    """
    return min(columns, key=lambda each: -count % each)


def tiled(images: np.ndarray, columns: int, space: int = 0) -> Image.Image:
    """(N, C, H, W) uint8 in rows of so many images, with `space` white pixels between and around.

    What the last row lacks is white. torchvision's make_grid draws the same; importing it takes
    over a second, in each process that trains.
    """
    from PIL import Image

    colour = shown(images)
    count, _, height, width = colour.shape
    columns = min(columns, count)
    rows, down, across = -(-count // columns), height + space, width + space
    tiles = np.full((rows * columns, 3, down, across), 255, np.uint8)
    tiles[:count, :, space:, space:] = colour
    table = tiles.reshape(rows, columns, 3, down, across).transpose(0, 3, 1, 4, 2)
    sheet = table.reshape(rows * down, columns * across, 3)
    return Image.fromarray(np.pad(sheet, ((0, space), (0, space), (0, 0)), constant_values=255))


def reduced(images: np.ndarray, side: int) -> np.ndarray:
    """(N, C, H, W) uint8 with the longer side of at most `side` pixels, averaged."""
    from PIL import Image

    height, width = images.shape[2:]
    if max(height, width) <= side:
        return images
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    planes = [
        np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BOX))
        for plane in images.reshape(-1, height, width)
    ]
    return np.stack(planes).reshape(*images.shape[:2], size[1], size[0])


def webp(picture: Image.Image) -> bytes:
    """The picture as a WebP file of at most BYTES_PER_PIXEL, if a lower quality can do that."""
    most = BYTES_PER_PIXEL * picture.width * picture.height
    for quality in QUALITIES:
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=quality, method=WEBP_EFFORT)
        if buffer.tell() <= most:
            break
    return buffer.getvalue()


def png(picture: Image.Image, more: Mapping[str, str] = NO_TEXTS) -> bytes:
    """The picture as a PNG file, with `SOFTWARE` in it, and `more` texts."""
    from PIL.PngImagePlugin import PngInfo

    info, buffer = PngInfo(), io.BytesIO()
    for key, text in (SOFTWARE | dict(more)).items():
        info.add_text(key, text)
    picture.save(buffer, "PNG", compress_level=COMPRESSION, pnginfo=info)
    return buffer.getvalue()


def plain_png(pixels: np.ndarray) -> bytes:
    """One image (C, H, W) uint8 as a PNG of as many channels, for other programs to read."""
    from PIL import Image

    buffer = io.BytesIO()
    if len(pixels) == 2:  # of which no image format is
        pixels = shown(pixels[None])[0]
    image = Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0))
    image.save(buffer, "PNG", compress_level=COMPRESSION)
    return buffer.getvalue()
