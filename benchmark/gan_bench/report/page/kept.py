"""Pictures that cells keep for the page: read and checked, for nothing in them is trusted."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from gan_bench.base.text import plural
from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.report.page.samples import Picture
from gan_bench.results.layout import SHOWN
from gan_bench.results.reading import read_bytes
from gan_bench.results.shown import TILE, Shown, read_shown

LARGEST = 2**21  # bytes of a picture: 1,024 x 1,024 pixels of noise have 1,000,000


@dataclass(frozen=True)
class Kept:
    """A cell, and what it keeps for the page."""

    name: str
    folder: Path
    shown: Shown


def read_kept(cells: Iterable[tuple[str, Path]]) -> tuple[list[Kept], list[str]]:
    """The cells (name, folder) that keep something, and why others cannot be read."""
    kept, faults = [], []
    for name, folder in cells:
        try:
            shown = read_shown(folder)
        except StorageError as error:
            faults.append(f"{name}: {error}")
            continue
        if shown:
            kept.append(Kept(name, folder, shown))
    return kept, faults


def read_picture(kept: Kept, name: str, rows: int, columns: int) -> Picture:
    """A WebP file of so many rows and columns of images. StorageError if it is none."""
    from PIL import Image

    path = kept.folder / SHOWN / name
    content = read_bytes(path, LARGEST)
    try:
        with Image.open(io.BytesIO(content), formats=["WEBP"]) as image:
            width, height = image.size
            whole = width % columns == 0 and height % rows == 0
            fits = width <= columns * TILE and height <= rows * TILE
            if usable := whole and fits and getattr(image, "n_frames", 1) == 1:
                image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise StorageError(f"unreadable {path}: it is no WebP picture") from error
    if not usable:
        raise StorageError(
            f"unreadable {path}: it has {width} x {height} pixels, which is no picture of "
            f"{columns} x {rows} images of up to {TILE} pixels"
        )
    return Picture(content, width, height)


def fault_of(kept: Kept, error: StorageError | UsageError) -> str:
    """Why a picture of a cell is not on the page."""
    return f"{kept.name}: {error}"


def fitting(pictures: Sequence[Picture | None], room: int) -> int:
    """How many of the first pictures have at most `room` bytes together."""
    sizes = (len(picture.webp) if picture else 0 for picture in pictures)
    return sum(total <= room for total in accumulate(sizes))


def left_out(count: int, noun: str) -> str:
    """Says how many were left out because a page has a limit, "" if none was."""
    return f"{plural(count, noun)} left out: this page would become too large" if count else ""
