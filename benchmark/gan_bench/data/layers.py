"""The values of an image of more than 8 bits, of which Pillow shows no more than the upper 8."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageFile, ImageOps

from gan_bench.data.depth import Deep
from gan_bench.data.reasons import Reason, Refused
from gan_bench.data.tiff import Tiff

GREYS = ("I", "I;16", "I;16B", "I;16L", "F")
# raw mode -> the one that takes the other byte of each value
OTHER = {
    "RGB;16B": "RGB;16L", "RGB;16L": "RGB;16B", "RGB;16N": "RGB;16B",
    "RGBX;16B": "RGBX;16L", "RGBX;16L": "RGBX;16B", "RGBX;16N": "RGBX;16B",
    "RGBA;16B": "RGBA;16L", "RGBA;16L": "RGBA;16B", "RGBA;16N": "RGBA;16B",
    "LA;16B": "",
}  # fmt: skip
Again = Callable[[], Image.Image]  # opens the same image once more


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
    values = np.stack(list(_colours(image, again)), axis=-1)
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


def _colours(image: ImageFile.ImageFile, again: Again) -> Iterator[np.ndarray]:
    """(H, W) uint16 of each colour."""
    if isinstance(image, Tiff) and image.planes:
        for index in range(len(image.planes)):
            plane = again()
            assert isinstance(plane, Tiff)
            plane.only_plane(index)
            yield np.asarray(_upright(plane)).astype(np.uint16)
    elif _raw_mode(image) == "LA;16B":  # four bytes a pixel
        _unpack_as(image, "RGBA")
        grey, grey_low, alpha, alpha_low = _upright(image).split()
        for upper, lower in ((grey, grey_low), (alpha, alpha_low)):
            yield np.asarray(upper, np.uint16) << 8 | np.asarray(lower)
    else:
        low = again()
        assert isinstance(low, ImageFile.ImageFile)
        _unpack_as(low, OTHER[_raw_mode(image)])
        high, low_bytes = _upright(image), _upright(low)
        for band in range(len(high.getbands())):
            values = np.asarray(high.getchannel(band), np.uint16) << 8
            yield values | np.asarray(low_bytes.getchannel(band))


def _unpack_as(image: ImageFile.ImageFile, rawmode: str) -> None:
    image.tile = [
        tile._replace(args=(rawmode, *tile.args[1:]) if isinstance(tile.args, tuple) else rawmode)
        for tile in image.tile
    ]


def _upright(image: Image.Image) -> Image.Image:
    ImageOps.exif_transpose(image, in_place=True)
    return image


def refuse_signed_bytes(image: Image.Image) -> None:
    """Refused if a TIFF has negative bytes, which Pillow takes for large ones."""
    if isinstance(image, Tiff) and image.signed_bytes and np.asarray(image).max() > 127:
        raise Refused(Reason.NEGATIVE, "bytes with a sign")
