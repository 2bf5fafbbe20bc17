"""A walk through latent space: a square of z, and what the G of each cell makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gan_bench.contract.errors import StorageError
from gan_bench.report.page.kept import Kept, fault_of, fitting, left_out, read_picture
from gan_bench.report.page.samples import Picture
from gan_bench.results.data_summary import class_names
from gan_bench.results.layout import protocol_folder_of
from gan_bench.results.shown import WALK, WALK_SIDE

MOST = 4 * 10**6  # bytes of the walks of a page


@dataclass(frozen=True)
class Square:
    """WALK_SIDE x WALK_SIDE images of one G; those at the corners are of four random z."""

    name: str
    picture: Picture
    of_class: str | None  # the class of all images, None if G is given none


@dataclass(frozen=True)
class Walk:
    """The squares of the cells, which one point moves through."""

    squares: list[Square]
    note: str  # what is left out, "" if nothing is
    side: int = WALK_SIDE

    @property
    def size(self) -> int:
        """Bytes of the pictures."""
        return sum(len(square.picture.webp) for square in self.squares)


def walk(cells: Sequence[Kept], room: int) -> tuple[Walk | None, list[str]]:
    """The walk in at most `room` bytes, None if no cell has one; why some cannot be read."""
    squares, faults = [], []
    for kept in cells:
        if not kept.shown.walk:
            continue
        try:
            picture = read_picture(kept, WALK, WALK_SIDE, WALK_SIDE)
        except StorageError as error:
            faults.append(fault_of(kept, error))
            continue
        squares.append(Square(kept.name, picture, _class_of(kept)))
    count = fitting([square.picture for square in squares], min(room, MOST))
    note = left_out(len(squares) - count, "cell")
    return (Walk(squares[:count], note) if squares else None), faults


def _class_of(kept: Kept) -> str | None:
    """The number of the class of all images, and its name if that is known."""
    number = kept.shown.walk_class
    if number is None:
        return None
    names = class_names(protocol_folder_of(kept.folder))
    return f"{number} {names[number]}" if number < len(names) else str(number)
