"""A training as a moving picture: its sample grids, which show the same z at every tick."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench.base import pictures
from gan_bench.contract.errors import DataError, StorageError
from gan_bench.results.finding import check_cell
from gan_bench.results.layout import SAMPLES, label_of, sample_grids

if TYPE_CHECKING:
    from PIL import Image

TICK_SECONDS, LAST_SECONDS = 0.4, 2.0  # how long a tick is shown
LINE_PX = 26
MARGIN = 8  # pixels
MOST_PIXELS = 2**26  # of a sample grid


def timelapse(cell: Path) -> tuple[list[Image.Image], list[float]]:
    """A frame for each tick of the cell, with its kimg above it, and the seconds to show each.

    Raises UsageError if this is no cell, DataError if it has no sample grids yet, StorageError if
    one of them cannot be read.
    """
    check_cell(cell)
    grids = sample_grids(cell)
    if not grids:
        raise DataError(
            f"{cell} has no sample grids: its {SAMPLES} folder is where a training leaves one at "
            "every tick"
        )
    label = label_of(cell.resolve())
    decimals = max(_decimals(kimg) for kimg, _ in grids)
    frames = [_frame(f"{label}: {kimg:.{decimals}f} kimg", path) for kimg, path in grids]
    size = max(each.width for each in frames), max(each.height for each in frames)
    seconds = [TICK_SECONDS] * (len(frames) - 1) + [LAST_SECONDS]
    return [_padded(each, size) for each in frames], seconds


def _decimals(kimg: float) -> int:
    """How many decimals the kimg of a grid has, of three: all frames show as many."""
    return len(f"{kimg:.3f}".rstrip("0").partition(".")[2])


def _frame(title: str, path: Path) -> Image.Image:
    from PIL import Image

    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise StorageError(f"{path} is no sample grid: it is too large")
            grid = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise StorageError(f"cannot read {path}, a sample grid: {error}") from error
    zoomed = pictures.enlarged_to(grid, pictures.GRID_PX)
    return pictures.stacked([pictures.words(title, LINE_PX), zoomed], MARGIN)


def _padded(frame: Image.Image, size: tuple[int, int]) -> Image.Image:
    from PIL import Image

    whole = Image.new("RGB", size, "white")
    whole.paste(frame, (0, 0))
    return whole
