"""Which frames of an animation, and which pages of a file with several, are images of the set."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from PIL.MpoImagePlugin import MpoImageFile
from PIL.PngImagePlugin import PngImageFile

from gan_bench.data.decoding.tiff import Tiff
from gan_bench.data.reasons import Reason, Refused

MOST_FRAMES = 10_000  # of a file
MOST_FRAME_PIXELS = 10**9  # of all frames of a file: a minute to decode


def pages_of(image: Image.Image, content: bytes, size: tuple[int, int]) -> Sequence[int]:
    """The indices of the frames that are images of their own, for Image.seek.

    `size` is that of the first, which the decoder may reduce. Thumbnails, pyramids, masks and
    the small second pictures of phones are none. Refused if a TIFF has nothing else: such are
    the raw files of cameras.
    """
    if isinstance(image, GifImageFile):
        return range(_gif_frames(content))
    if isinstance(image, Tiff | MpoImageFile):
        return _full_pages(image, size)
    count: int = min(getattr(image, "n_frames", 1), MOST_FRAMES)
    if isinstance(image, PngImageFile) and getattr(image, "default_image", False) and count > 1:
        return range(1, count)  # the first is for programs that know no animation
    return range(max(count, 1))


def most_frames(count: int, width: int, height: int) -> int:
    """How many of the frames of a file may be used, 1 to `count`."""
    return max(1, min(count, MOST_FRAMES, MOST_FRAME_PIXELS // (width * height)))


def _full_pages(image: Tiff | MpoImageFile, size: tuple[int, int]) -> Sequence[int]:
    if not getattr(image, "is_animated", False):
        if isinstance(image, Tiff) and image.reduced:
            raise Refused(Reason.RAW)
        return (0,)
    sizes: dict[int, tuple[int, int]] = {}
    for page in range(MOST_FRAMES):
        try:
            image.seek(page)
        except EOFError:
            break
        except Exception:  # this page will be dropped with its reason, when it is decoded
            sizes[page] = (0, 0)
            continue
        if not (isinstance(image, Tiff) and image.reduced):
            sizes[page] = image.size if page else size
    if not sizes:
        raise Refused(Reason.RAW)
    width, height = next(iter(sizes.values()))
    return [
        page
        for page, (wide, high) in sizes.items()
        if (wide, high) == (0, 0) or 2 * wide > width or 2 * high > height
    ]


def _gif_frames(content: bytes) -> int:
    """Count the frames of a GIF without decoding them; Pillow takes its time over it."""
    file = io.BytesIO(content)
    flags = file.read(13)[10]
    file.seek(_colours(flags), io.SEEK_CUR)
    count = 0
    while count < MOST_FRAMES and (kind := file.read(1)) in (b"!", b",", b"\0"):
        if kind == b",":
            count += 1
            file.seek(_colours((file.read(9) or b"\0")[-1]), io.SEEK_CUR)
        if kind != b"\0":
            file.seek(1, io.SEEK_CUR)  # label of an extension, or the least size of a code
            while length := int.from_bytes(file.read(1), "little"):
                file.seek(length, io.SEEK_CUR)
    return max(count, 1)


def _colours(flags: int) -> int:
    """Bytes of a table of colours."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
