"""Moving pictures: frames of one size become a GIF or an MP4."""

from __future__ import annotations

import io
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from gan_bench.base import pictures
from gan_bench.contract.errors import NotHere, StorageError, UsageError

if TYPE_CHECKING:
    from PIL import Image

ENDINGS = (".gif", ".mp4")
FPS = 20
LEAST_PX = 96  # smaller images are enlarged to about this side
MARGIN = 8  # pixels
LINE_PX = 20  # height of a line of text


def check_ending(out: Path) -> None:
    """UsageError if there is no such kind of picture; NotHere if what writes it is missing."""
    if out.suffix.lower() not in ENDINGS:
        raise UsageError(f"{out}: the name of a moving picture ends in {' or '.join(ENDINGS)}")
    if out.suffix.lower() == ".mp4":
        _ffmpeg()


def moving(frames: Sequence[Image.Image], ending: str, seconds: Sequence[float]) -> bytes:
    """The bytes of a GIF, which repeats without end, or an MP4; `seconds` to show each frame."""
    return (_gif if ending.lower() == ".gif" else _mp4)(frames, seconds)


def _gif(frames: Sequence[Image.Image], seconds: Sequence[float]) -> bytes:
    buffer = io.BytesIO()
    first, *rest = frames
    shown = [round(1000 * each) for each in seconds]
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=shown, loop=0)
    return buffer.getvalue()


def _mp4(frames: Sequence[Image.Image], seconds: Sequence[float]) -> bytes:
    """H.264, which every browser plays, at FPS frames a second. It needs even sides."""
    width, height = (side + side % 2 for side in frames[0].size)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "frames.mp4")
        writer = _ffmpeg().write_frames(
            str(path), (width, height), fps=FPS, quality=8, macro_block_size=2
        )
        try:
            writer.send(None)
            for frame, shown in zip(frames, seconds, strict=True):
                even = np.full((height, width, 3), 255, np.uint8)
                even[: frame.height, : frame.width] = np.asarray(frame.convert("RGB"))
                for _ in range(max(1, round(shown * FPS))):
                    writer.send(even)
            writer.close()
            return path.read_bytes()
        except OSError as error:
            raise StorageError(f"ffmpeg cannot write its frames to {folder}: {error}") from error


def _ffmpeg() -> ModuleType:
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise NotHere(
            "to write an MP4, imageio-ffmpeg is needed: pip install 'gan-bench[mp4]', or let the "
            "name end in .gif"
        ) from error
    module: ModuleType = imageio_ffmpeg
    return module


def walk_frames(cells: Sequence[tuple[str, np.ndarray]]) -> list[Image.Image]:
    """A frame for each step: the cells side by side, each with its label above its images.

    cells: (label, images (steps, count, C, H, W) uint8); all have the same steps.
    """
    columns = [_column(label, images) for label, images in cells]
    return [_beside([column[k] for column in columns]) for k in range(len(columns[0]))]


def _column(label: str, images: np.ndarray) -> list[Image.Image]:
    """The frames of one cell; the parts of its label stand one below another."""
    lines = [pictures.words(part, LINE_PX, pictures.SMALL) for part in label.split(" / ")]
    sheets = [_sheet(each) for each in images]
    return [pictures.stacked([*lines, sheet], MARGIN) for sheet in sheets]


def _sheet(images: np.ndarray) -> Image.Image:
    """(count, C, H, W) uint8 in a table with few gaps, enlarged by a whole number."""
    from PIL import Image

    shown = pictures.shown(images).transpose(0, 2, 3, 1)
    height, width = shown.shape[1:3]
    zoom = max(1, math.ceil(LEAST_PX / max(height, width)))
    square = math.ceil(math.sqrt(len(shown)))
    across = pictures.fewest_gaps(len(shown), range(square, 2 * square + 1))
    down = math.ceil(len(shown) / across)
    sheet = Image.new("RGB", (across * (width + 1) - 1, down * (height + 1) - 1), "white")
    for k, image in enumerate(shown):
        place = (k % across) * (width + 1), (k // across) * (height + 1)
        sheet.paste(Image.fromarray(image), place)
    return pictures.enlarged(sheet, zoom)


def _beside(parts: Sequence[Image.Image]) -> Image.Image:
    from PIL import Image

    size = sum(part.width for part in parts), max(part.height for part in parts)
    whole = Image.new("RGB", size, "white")
    left = 0
    for part in parts:
        whole.paste(part, (left, 0))
        left += part.width
    return whole
