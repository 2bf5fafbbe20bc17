"""A decoded image -> uint8 pixels of the set's sides, by one rule for all files."""

from __future__ import annotations

import numpy as np
from PIL import Image

from gan_bench.contract.protocol import Sides
from gan_bench.data.colour import Colours, over_white
from gan_bench.data.depth import BYTE, Deep, Scale

Box = tuple[float, float, float, float]


def convert(
    image: Image.Image, sides: Sides, colours: Colours, profile: bytes | None, alpha: bool
) -> np.ndarray:
    """An upright image of 8 bits -> (C, H, W) uint8; C is 4 with `alpha`, else 3.

    Colours in sRGB, over white unless alpha is kept, the centre crop, Lanczos.
    """
    layer = colours.srgb(image, profile)
    layer = layer if alpha else over_white(layer)
    return _channels(_fit(layer, sides), alpha)


def convert_deep(
    image: Deep, scale: Scale, sides: Sides, colours: Colours, profile: bytes | None, alpha: bool
) -> np.ndarray:
    """As `convert`, of an image of more than 8 bits. It is resized before it is scaled.

    What is transparent has no weight when the image becomes smaller.
    """
    opacity = None if image.alpha is None else image.alpha.astype(np.float32) / BYTE
    weight = None if opacity is None else _fit_values(opacity, sides).clip(0, 1)
    bands = []
    for band in np.moveaxis(image.values, -1, 0):
        values = band.astype(np.float32)
        if opacity is None or weight is None:
            bands.append(_fit_values(values, sides))
        else:
            values *= opacity
            bands.append(_fit_values(values, sides) / np.maximum(weight, 1e-6))
    shown = np.stack(bands, -1) * (BYTE / scale.white(image))
    if image.inverted:
        shown = BYTE - shown
    layer = colours.srgb(_image(shown), profile)
    if weight is not None:
        layer.putalpha(_image(BYTE * weight[..., None]))
    return _channels(layer if alpha else over_white(layer), alpha)


def _image(values: np.ndarray) -> Image.Image:
    """(H, W, C) floats, 0 to 255 and somewhat beyond, as L or RGB."""
    rounded = values.round().clip(0, BYTE).astype(np.uint8)
    return Image.fromarray(rounded[..., 0] if rounded.shape[-1] == 1 else rounded)


def _channels(layer: Image.Image, alpha: bool) -> np.ndarray:
    """(C, H, W) of an image that has its final size."""
    if alpha:
        layer = layer if layer.mode == "RGBA" else layer.convert("RGBA")
    pixels = np.asarray(layer)
    if pixels.ndim == 2:
        return np.broadcast_to(pixels, (3, *pixels.shape))
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _fit_values(values: np.ndarray, sides: Sides) -> np.ndarray:
    return np.asarray(_fit(Image.fromarray(values), sides))


def _fit(image: Image.Image, sides: Sides) -> Image.Image:
    """Resize the centre of an image to (H, W). Pillow weighs colours with their opacity."""
    height, width = sides
    box = centre(image.width, image.height, sides)
    return image.resize((width, height), Image.Resampling.LANCZOS, box)


def centre(width: int, height: int, sides: Sides) -> Box:
    """The largest box of the ratio of `sides` in the middle of an image: left, top, right, bottom.

    As PIL.ImageOps.fit computes it.
    """
    ratio = sides[1] / sides[0]
    if width / height == ratio:
        return 0, 0, width, height
    if width / height > ratio:
        wide, high = ratio * height, float(height)
    else:
        wide, high = float(width), width / ratio
    left, top = (width - wide) / 2, (height - high) / 2
    return left, top, left + wide, top + high
