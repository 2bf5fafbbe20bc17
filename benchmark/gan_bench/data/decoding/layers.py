"""The values of an image of more than 8 bits, of which Pillow shows no more than the upper 8."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageFile, ImageOps

from gan_bench.data.decoding.depth import Deep
from gan_bench.data.decoding.tiff import Tiff
from gan_bench.data.reasons import Reason, Refused

GREYS = ("I", "I;16", "I;16B", "I;16L", "F")
# raw mode -> the one that takes the other byte of each value
OTHER = {
    "RGB;16B": "RGB;16L", "RGB;16L": "RGB;16B", "RGB;16N": "RGB;16B",
    "RGBX;16B": "RGBX;16L", "RGBX;16L": "RGBX;16B", "RGBX;16N": "RGBX;16B",
    "RGBA;16B": "RGBA;16L", "RGBA;16L": "RGBA;16B", "RGBA;16N": "RGBA;16B",
    "LA;16B": "",
}  # fmt: skip
Again = Callable[[], ImageFile.ImageFile]  # opens the same image once more


def is_deep(image: Image.Image) -> bool:
    """Whether an image that has been opened has more than 8 bits a value."""
    return image.mode in GREYS or _raw_mode(image) in OTHER or bool(getattr(image, "planes", ()))


def _raw_mode(image: Image.Image) -> str:
    """How Pillow will unpack the image; "" for formats that do it in another way."""
    tiles: Sequence[Any] = getattr(image, "tile", ())
    args = tiles[0].args if tiles else ""
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def read_deep(image: ImageFile.ImageFile, again: Again) -> Deep:
    """The values of a deep image, upright."""
    inverted = isinstance(image, Tiff) and image.inverted
    declared = _declared(image)
    if image.mode in GREYS:
        values = np.asarray(_upright(image))
        if isinstance(image, Tiff) and image.unsigned:
            values = values.view(np.uint32)
        if image.mode.startswith("I;16"):
            values = values.astype(np.uint16)
        bits = 32 if values.dtype.itemsize == 4 else 16
        if isinstance(image, Tiff):
            bits = image.bits
        return Deep(values[..., None], bits, _key(values[..., None], image), declared, inverted)
    values = _colours(image, again)
    if values.shape[-1] in (2, 4):
        return Deep(values[..., :-1], 16, (values[..., -1] >> 8).astype(np.uint8))
    return Deep(values, 16, _key(values, image))


def _declared(image: Image.Image) -> float | None:
    """The white that the file names. Files of 16 bits mostly hold fewer, and do not say it."""
    if isinstance(image, Tiff) and image.bits == 12:
        return 2**12 - 1
    precision = image.info.get("precision", 16)  # of a JPEG 2000, whose values Pillow shifts
    if image.format == "JPEG2000" and precision < 16:
        return float((2**precision - 1) << (16 - precision))
    return None


def _key(values: np.ndarray, image: Image.Image) -> np.ndarray | None:
    """Opacity where one colour of a PNG is transparent."""
    colour = image.info.get("transparency")
    if colour is None:
        return None
    return np.where((values == colour).all(-1), 0, 255).astype(np.uint8)


def _colours(image: ImageFile.ImageFile, again: Again) -> np.ndarray:
    """(H, W, C) uint16 with C 2 to 4. One layer of Pillow is in memory at a time."""
    if isinstance(image, Tiff) and image.planes:
        planes = [_plane(again(), index) for index in range(len(image.planes))]
        return np.stack(planes, axis=-1)
    rawmode = _raw_mode(image)
    if rawmode == "LA;16B":  # four bytes a pixel
        return _unpacked(again(), "RGBA").view(">u2").astype(np.uint16)
    values = _unpacked(again(), rawmode).astype(np.uint16)
    values <<= 8
    values |= _unpacked(again(), OTHER[rawmode])
    return values


def _plane(image: ImageFile.ImageFile, index: int) -> np.ndarray:
    assert isinstance(image, Tiff)
    image.only_plane(index)
    return np.asarray(_upright(image)).astype(np.uint16)


def _unpacked(image: ImageFile.ImageFile, rawmode: str) -> np.ndarray:
    """(H, W, C) uint8: the bytes of each value that this raw mode takes."""
    image.tile = [
        tile._replace(args=(rawmode, *tile.args[1:]) if isinstance(tile.args, tuple) else rawmode)
        for tile in image.tile
    ]
    return np.asarray(_upright(image))


def _upright(image: Image.Image) -> Image.Image:
    ImageOps.exif_transpose(image, in_place=True)
    return image


def refuse_signed_bytes(image: Image.Image) -> None:
    """Refused if a TIFF has negative bytes, which Pillow takes for large ones."""
    if isinstance(image, Tiff) and image.signed_bytes and np.asarray(image).max() > 127:
        raise Refused(Reason.NEGATIVE, "bytes with a sign")
