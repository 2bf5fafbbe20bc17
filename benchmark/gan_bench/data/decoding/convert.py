"""A decoded image -> uint8 pixels of the set's sides, by one rule for all files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from gan_bench.contract.protocol import Sides
from gan_bench.data.decoding.colour import Colours, of_gamma, over_white
from gan_bench.data.decoding.depth import BYTE, Deep, Scale

Box = tuple[float, float, float, float]
QUARTER = 5  # the least orientation of EXIF that turns an image by a quarter
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Look:
    """What an image is to become, and what its file says of how it looks."""

    sides: Sides
    alpha: bool  # whether transparency is kept
    profile: bytes | None = None
    gamma: float | None = None  # the gAMA of a PNG without a profile
    orientation: int = 1  # as EXIF counts
    area: tuple[float, float] | None = None  # the part of a reduced JPEG that has pixels


def convert(image: Image.Image, look: Look, colours: Colours) -> np.ndarray:
    """An image of 8 bits -> (C, H, W) uint8; C is 4 if alpha is kept, else 3.

    Colours in sRGB, over white unless alpha is kept, the centre crop, Lanczos, the turn by EXIF.
    """
    layer = of_gamma(colours.srgb(image, look.profile), look.gamma)
    layer = layer if look.alpha else over_white(layer)
    height, width = look.sides
    if look.orientation >= QUARTER:
        height, width = width, height
    wide, high = look.area or layer.size
    box = centre(wide, high, (height, width))
    fitted = layer
    if layer.size != (width, height):  # Pillow would copy it
        fitted = layer.resize((width, height), Image.Resampling.LANCZOS, box)
    turn = TURNS.get(look.orientation)
    return _channels(fitted if turn is None else fitted.transpose(turn), look.alpha)


def convert_deep(image: Deep, scale: Scale, look: Look, colours: Colours) -> np.ndarray:
    """As `convert`, of an upright image of more than 8 bits. It is resized before it is scaled.

    What is transparent has no weight when the image becomes smaller.
    """
    weight = None if image.alpha is None else _fit(image.alpha.astype(np.float32), look.sides)
    bands = []
    for band in np.moveaxis(image.values, -1, 0):
        values = band.astype(np.float32)
        if image.alpha is None or weight is None:
            bands.append(_fit(values, look.sides))
        else:
            values *= image.alpha
            bands.append(_fit(values, look.sides) / np.maximum(weight, 1e-3))
    shown = np.stack(bands, -1) * (BYTE / scale.white(image))
    if image.inverted:
        shown = BYTE - shown
    layer = of_gamma(colours.srgb(_image(shown), look.profile), look.gamma)
    if weight is not None:
        layer.putalpha(_image(weight[..., None]))
    return _channels(layer if look.alpha else over_white(layer), look.alpha)


def _image(values: np.ndarray) -> Image.Image:
    """(H, W, C) floats, 0 to 255 and somewhat beyond, as L or RGB."""
    rounded = values.round().clip(0, BYTE).astype(np.uint8)
    return Image.fromarray(rounded[..., 0] if rounded.shape[-1] == 1 else rounded)


def _channels(layer: Image.Image, alpha: bool) -> np.ndarray:
    """(C, H, W) of an image that has its final size."""
    if alpha:
        layer = layer if layer.mode == "RGBA" else layer.convert("RGBA")
    width, height = layer.size
    if layer.mode == "L":
        return np.broadcast_to(np.asarray(layer), (3, height, width))
    lines = layer.tobytes("raw", f"{layer.mode};L")  # each line: all R, then all G, then all B
    return np.frombuffer(lines, np.uint8).reshape(height, -1, width).transpose(1, 0, 2)


def _fit(values: np.ndarray, sides: Sides) -> np.ndarray:
    """Resize the centre of (H, W) float32."""
    height, width = sides
    image = Image.fromarray(values)
    box = centre(image.width, image.height, sides)
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS, box))


def centre(width: float, height: float, sides: Sides) -> Box:
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
