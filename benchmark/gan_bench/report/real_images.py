"""A few training images of a leaderboard, to hold beside those of its generators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench.report.leaderboard import Board
from gan_bench.results.layout import CONTACT_SHEET

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 2**26  # of a contact sheet


def real_images(board: Board, most: int) -> list[Image.Image]:
    """The first images of the data's contact sheet; none if the results have none to be read."""
    from PIL import Image

    from gan_bench.data.reporting.contact_sheet import first_images

    try:
        with Image.open(board.folder / CONTACT_SHEET) as sheet:
            if sheet.width * sheet.height > MOST_PIXELS:
                return []
            return first_images(sheet.convert("RGB"), board.protocol.data, most)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return []
