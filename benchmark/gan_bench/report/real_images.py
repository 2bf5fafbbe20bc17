"""A few training images of a leaderboard, to hold beside those of its generators."""

from __future__ import annotations

import errno
import io
from typing import TYPE_CHECKING

from gan_bench.contract.errors import StorageError
from gan_bench.report.leaderboard import Board
from gan_bench.results.layout import CONTACT_SHEET
from gan_bench.results.reading import read_bytes

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 2**26  # of a contact sheet
MOST_BYTES = 3 * MOST_PIXELS  # of its file: noise is not compressed
NONE = errno.ENOENT, errno.ENOTDIR, errno.EISDIR  # of a system that says: there is no such file


def contact_sheet(board: Board, kept: bool = False) -> Image.Image | None:
    """The contact sheet of the data, in RGB; None if the results have none that can be read.

    `kept`: what is drawn of it is a file that stays, so StorageError if the disk does not give it.
    """
    from PIL import Image

    try:
        content = read_bytes(board.folder / CONTACT_SHEET, MOST_BYTES)
        with Image.open(io.BytesIO(content), formats=["PNG"]) as sheet:
            return sheet.convert("RGB") if sheet.width * sheet.height <= MOST_PIXELS else None
    except StorageError as error:
        if kept and isinstance(cause := error.__cause__, OSError) and cause.errno not in NONE:
            raise
        return None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def real_images(board: Board, most: int, kept: bool = False) -> list[Image.Image]:
    """Images of the contact sheet, evenly spread; it is read as `contact_sheet` says."""
    from gan_bench.data.reporting.contact_sheet import some_images

    sheet = contact_sheet(board, kept)
    return some_images(sheet, board.protocol.data, most) if sheet else []
