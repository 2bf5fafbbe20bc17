"""The content of a file -> an image of which only the header has been read, by the safe decoders.

The list of decoders is closed. What each allocates is bounded before it is called.
"""

from __future__ import annotations

import importlib
import io
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import Image, ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.IcoImagePlugin import IcoImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile, jpeg_factory
from PIL.MpoImagePlugin import MpoImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TgaImagePlugin import TgaImageFile
from PIL.WebPImagePlugin import WebPImageFile

from gan_bench.contract.protocol import Sides
from gan_bench.data.decoding import jpeg, netpbm
from gan_bench.data.decoding.depth import Deep
from gan_bench.data.decoding.layers import is_deep, read_deep, refuse_signed_bytes
from gan_bench.data.decoding.tiff import Tiff
from gan_bench.data.files.formats import HEAD, image_format
from gan_bench.data.reasons import MOST_PIXELS, Reason, Refused

FORMATS = "PNG, JPEG, WEBP, BMP, GIF, TIFF, PNM, AVIF, JPEG 2000, TGA, ICO or HEIF"
HEIF = "pillow_heif.as_plugin"
ICON = struct.Struct("<BBBBHHII")  # an entry of an ICO
MOST_ICON = 1024  # pixels of a side
JPEG2000_COST = 3  # times: OpenJPEG holds four bytes for each value, beside Pillow's layer
SIZ = b"\xff\x4f\xff\x51"  # the start of a JPEG 2000 codestream
Layer = Image.Image | Deep


@dataclass(frozen=True, slots=True)
class Opened:
    """An image whose header has been read."""

    image: Image.Image | None  # None for Netpbm, which Pillow does not read as it is meant
    width: int  # of the file, even if the decoder reduces it, and before it is turned
    height: int
    mode: str
    cost: int  # pixels that decoding holds, up to eight bytes each
    decode: Callable[[], Layer]
    area: tuple[float, float] | None = None  # the part of a reduced JPEG that has pixels

    @property
    def profile(self) -> bytes | None:
        """The ICC profile of its colours; None if they are said to be sRGB, or nothing is said."""
        info = self.image.info if self.image else {}
        return None if "srgb" in info else info.get("icc_profile")

    @property
    def gamma(self) -> float | None:
        """The gAMA of a PNG without a profile: its values are those of light to this power."""
        info = self.image.info if self.image else {}
        return None if "srgb" in info or "icc_profile" in info else info.get("gamma")


def open_image(content: bytes, sides: Sides, page: int = 0) -> Opened:
    """Read the header, and check what it claims. Refused, or whatever a decoder raises."""
    kind = image_format(content[:HEAD])
    if kind is None:
        raise Refused(Reason.UNREADABLE, f"{_what(content)}no {FORMATS}")
    if kind == "ICO":
        kind, content = _largest_icon(content)
    if kind == "PPM":
        return _opened_netpbm(content)
    if kind == "WEBP":
        _check(*_webp_size(content))  # its decoder allocates as it opens
    image = _at(content, kind, page)
    width, height = image.size
    cost = _cost(image, content, kind, sides)
    deep = kind != "JPEG" and is_deep(image)
    mode = f"{image.mode};16" if deep and image.mode in ("LA", "RGB", "RGBA") else image.mode

    def decode() -> Layer:
        if deep:
            return read_deep(image, lambda: _at(content, kind, page))
        image.load()
        refuse_signed_bytes(image)
        if isinstance(image, TgaImageFile):
            _forget_alpha(image, content)
        return image

    area = jpeg.area(image, width, height) if isinstance(image, JpegImageFile) else None
    return Opened(image, width, height, mode, 2 * cost if deep else cost, decode, area)


def turned_to(opened: Opened, content: bytes, sides: Sides, page: int) -> Opened:
    """Another page of the same file, or a later frame: as a viewer shows it, on those before."""
    image = opened.image
    if image is None or image.tell() == page == 0:
        return opened
    if apart(opened):
        return open_image(content, sides, page)
    image.seek(page)
    return replace(opened, mode=image.mode, decode=image.copy)


def apart(opened: Opened) -> bool:
    """Whether the pages of a file do not depend on each other."""
    return isinstance(opened.image, Tiff | MpoImageFile)


def _check(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise Refused(Reason.TOO_MANY_PIXELS, f"{width} x {height}")


def _at(content: bytes, kind: str, page: int) -> ImageFile.ImageFile:
    """The image, at this page, as its own decoder opens it.

    Image.open would try all of Pillow's decoders, and has a limit of pixels that is not ours.
    """
    image = OPENERS[kind](io.BytesIO(content))
    if page:
        image.seek(page)
    if isinstance(image, PngImageFile):
        _scale_key(image, content)
    if isinstance(image, Jpeg2KImageFile):
        image.info["precision"] = _precision(content)
    return image


def _cost(image: ImageFile.ImageFile, content: bytes, kind: str, sides: Sides) -> int:
    width, height = image.size
    if isinstance(image, JpegImageFile):
        return jpeg.reduce(image, content, sides)
    _check(width, height)
    return width * height * (JPEG2000_COST if kind == "JPEG2000" else 1)


def _heif(file: io.BytesIO) -> ImageFile.ImageFile:
    try:
        plugin = importlib.import_module(HEIF)
    except ImportError:
        raise Refused(Reason.NOT_INSTALLED) from None
    image: ImageFile.ImageFile = plugin.HeifImageFile(file, "")
    return image


OPENERS: dict[str, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    "JPEG": lambda file: jpeg_factory(file, ""),
    "PNG": lambda file: PngImageFile(file, ""),
    "WEBP": lambda file: WebPImageFile(file, ""),
    "GIF": lambda file: GifImageFile(file, ""),
    "BMP": lambda file: BmpImageFile(file, ""),
    "TIFF": lambda file: Tiff(file, ""),
    "AVIF": lambda file: AvifImageFile(file, ""),
    "JPEG2000": lambda file: Jpeg2KImageFile(file, ""),
    "TGA": lambda file: TgaImageFile(file, ""),
    "ICO": lambda file: IcoImageFile(file, ""),
    "HEIF": _heif,
}


def _what(content: bytes) -> str:
    """What the file is, where a name often hides it."""
    start = content[:256].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page, "
    if start.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer (`git lfs pull` fetches the image), "
    return "an SVG, " if b"<svg" in start else ""


def _opened_netpbm(content: bytes) -> Opened:
    header = netpbm.header_of(content)
    _check(header.width, header.height)
    cost = header.width * header.height * header.channels
    return Opened(
        None,
        header.width,
        header.height,
        header.mode,
        cost,
        lambda: netpbm.decode(content, header),
    )


def _webp_size(content: bytes) -> tuple[int, int]:
    """Of the canvas; Pillow refuses a WebP whose header says something else."""
    kind = content[12:16]
    if kind == b"VP8X":
        width, height = content[24:27], content[27:30]
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = content[26:28], content[28:30]
    return int.from_bytes(width, "little") & 0x3FFF, int.from_bytes(height, "little") & 0x3FFF


def _scale_key(image: PngImageFile, content: bytes) -> None:
    """Pillow stretches greys of 2 and 4 bits to 8, but not the one that is transparent."""
    bits, colour = content[24:26]
    if colour == 0 and bits in (2, 4) and "transparency" in image.info:
        image.info["transparency"] *= 255 // (2**bits - 1)


def _forget_alpha(image: TgaImageFile, content: bytes) -> None:
    """Many programs write 32-bit TGAs whose fourth byte is not used, and is 0 everywhere."""
    if image.mode == "RGBA" and not content[17] & 15 and image.getchannel("A").getextrema()[1] == 0:
        image.putalpha(255)


def _precision(content: bytes) -> int:
    """Bits a value in a JPEG 2000, which Pillow shifts up to 16; 16 if that is not known."""
    start = content.find(SIZ)
    place = start + 42  # behind the sizes of image and tiles, and the number of components
    return (content[place] & 0x7F) + 1 if start >= 0 and place < len(content) else 16


def _largest_icon(content: bytes) -> tuple[str, bytes]:
    """The largest image of an ICO if it is a PNG; else the ICO. All its images are checked."""
    count = int.from_bytes(content[4:6], "little")
    entries: list[tuple[int, ...]] = [
        ICON.unpack_from(content, 6 + ICON.size * k) for k in range(min(count, 64))
    ]
    best, best_size = b"", 0
    for entry in entries:
        length, start = entry[6], entry[7]
        payload = content[start : start + length]
        if image_format(payload[:HEAD]) == "PNG":
            width, height = struct.unpack_from(">II", payload, 16)
        else:
            width, height = struct.unpack_from("<ii", payload, 4)
            height //= 2  # the colours, and a mask below them
        if not (0 < width <= MOST_ICON and 0 < height <= MOST_ICON):
            raise Refused(Reason.UNREADABLE, f"an icon of {width} x {height}")
        if width * height > best_size:
            best, best_size = payload, width * height
    return ("PNG", best) if image_format(best[:HEAD]) == "PNG" else ("ICO", content)
