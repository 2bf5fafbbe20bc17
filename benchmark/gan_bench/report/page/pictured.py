"""The parts of a chapter that show what its generators know."""

from __future__ import annotations

import io
from dataclasses import dataclass

from gan_bench.base.text import plural
from gan_bench.report.leaderboard import Board
from gan_bench.report.page.evidence import Evidence, evidence
from gan_bench.report.page.kept import read_kept
from gan_bench.report.page.samples import (
    CELLS,
    QUALITY,
    Picture,
    cell_name,
    shown_cells,
)
from gan_bench.report.page.verdicts import Stories, stories
from gan_bench.report.page.walk import Walk, walk
from gan_bench.report.real_images import contact_sheet
from gan_bench.report.selection import first_seeds, rows_in_order

WALKERS = 12  # of more cells, the first seed of each row walks: no one could follow all of them
SHEET_WIDTH = 1000  # pixels of the contact sheet, at most
SHEET_HEIGHT = 4000


@dataclass(frozen=True)
class ContactSheet:
    """A sample of the data, and its odd images."""

    picture: Picture
    about: str


@dataclass(frozen=True)
class Pictured:
    """A walk through z, what scores are made of, the data, the stories of the verdicts."""

    walk: Walk | None
    evidence: list[Evidence]
    sheet: ContactSheet | None
    stories: Stories | None
    faults: list[str]  # why something is not shown

    @property
    def size(self) -> int:
        """Bytes of the pictures."""
        sheet = len(self.sheet.picture.webp) if self.sheet else 0
        parts = [self.walk, *self.evidence, self.stories]
        return sheet + sum(part.size for part in parts if part)


def pictured(board: Board, room: int) -> Pictured:
    """These parts of a leaderboard, with pictures of at most `room` bytes."""
    rows = rows_in_order(board)[:CELLS]
    firsts = [(row, folder) for row in rows for folder in first_seeds(row, 1)]
    walkers = shown_cells(board)[0]
    if len(walkers) > WALKERS:
        walkers = firsts
    cells = dict.fromkeys((cell_name(row, folder), folder) for row, folder in [*walkers, *firsts])
    kept, faults = read_kept(cells)
    first, walking = ({folder for _, folder in each} for each in (firsts, walkers))
    walked, unwalked = walk([each for each in kept if each.folder in walking], room)
    room -= walked.size if walked else 0
    metrics = [metric.name for metric in board.protocol.evaluation.metrics]
    shown, unshown = evidence([each for each in kept if each.folder in first], metrics, room)
    room -= sum(each.size for each in shown)
    sheet = _contact_sheet(board, room)
    room -= len(sheet.picture.webp) if sheet else 0
    return Pictured(walked, shown, sheet, stories(board, room), [*faults, *unwalked, *unshown])


def _contact_sheet(board: Board, room: int) -> ContactSheet | None:
    """The contact sheet of the data; None if there is none that can be read, or no room."""
    small = contact_sheet(board)
    if small is None:
        return None
    small.thumbnail((SHEET_WIDTH, SHEET_HEIGHT))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=QUALITY, method=4)
    picture = Picture(buffer.getvalue(), *small.size)
    if len(picture.webp) > room:
        return None
    data = board.protocol.data
    about = (
        f"contact sheet of {data.name}: a sample of its {plural(data.train, 'training image')} as "
        "they are trained on, and below it those that are odd, if any were found"
    )
    return ContactSheet(picture, about)
