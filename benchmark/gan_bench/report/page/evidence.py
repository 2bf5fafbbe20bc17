"""What scores are made of: modes that were found and lost, and images that a metric points at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.contract.names import safe_name
from gan_bench.report.page.kept import Kept, fault_of, fitting, left_out, read_picture
from gan_bench.report.page.modes import ModeMap, mode_map
from gan_bench.report.page.samples import Picture
from gan_bench.results.shown import Sheet, sheet_name

MOST = 2 * 10**6  # bytes of these pictures on a page
FEW = 3  # cells that are shown unfolded


@dataclass(frozen=True)
class Pointed:
    """A picture of one cell: rows of images that a metric points at."""

    name: str
    sheet: Sheet
    picture: Picture


@dataclass(frozen=True)
class Evidence:
    """What one metric shows of the cells, the best row first."""

    metric: str
    maps: tuple[ModeMap, ...] = ()
    sheets: tuple[Pointed, ...] = ()
    note: str = ""  # what is left out, "" if nothing is

    @property
    def count(self) -> int:
        """Pictures and maps."""
        return len(self.maps) + len(self.sheets)

    @property
    def folded(self) -> bool:
        """Whether there are so many that they are folded."""
        return self.count > FEW

    @property
    def size(self) -> int:
        """Bytes of the pictures."""
        return sum(len(sheet.picture.webp) for sheet in self.sheets)


def evidence(
    cells: Sequence[Kept], metrics: Sequence[str], room: int
) -> tuple[list[Evidence], list[str]]:
    """What the metrics show, maps of modes first, in at most `room` bytes; what cannot be read.

    `metrics` are their names in the order of the protocol. Each has an equal part of the room.
    """
    maps, faults = _maps(cells)
    sheets, unreadable = _sheets(cells)
    place = {name: k for k, name in enumerate(metrics)}
    names = sorted({**maps, **sheets}, key=lambda name: (name not in maps, place.get(name, 0)))
    share = min(room, MOST) // max(1, len(sheets))
    shown = [
        _within(Evidence(name, tuple(maps.get(name, ())), tuple(sheets.get(name, ()))), share)
        for name in names
    ]
    return shown, [*faults, *unreadable]


def _maps(cells: Sequence[Kept]) -> tuple[dict[str, list[ModeMap]], list[str]]:
    """The maps of the modes by metric, and why there are not more."""
    maps, faults = dict[str, list[ModeMap]](), list[str]()
    for kept in cells:
        for modes in kept.shown.modes:
            try:
                drawn = mode_map(kept.name, modes)
            except UsageError as error:
                faults.append(fault_of(kept, error))
            else:
                maps.setdefault(modes.metric, []).append(drawn)
    return maps, faults


def _sheets(cells: Sequence[Kept]) -> tuple[dict[str, list[Pointed]], list[str]]:
    """The pictures by metric, and why there are not more."""
    sheets, faults = dict[str, list[Pointed]](), list[str]()
    for kept in cells:
        for sheet in kept.shown.sheets:
            try:
                name = sheet_name(safe_name(sheet.metric))
                picture = read_picture(kept, name, sheet.rows, sheet.columns)
            except (StorageError, UsageError) as error:
                faults.append(fault_of(kept, error))
            else:
                pointed = Pointed(kept.name, sheet, picture)
                sheets.setdefault(sheet.metric, []).append(pointed)
    return sheets, faults


def _within(whole: Evidence, room: int) -> Evidence:
    """As many of its pictures as there is room for."""
    count = fitting([sheet.picture for sheet in whole.sheets], room)
    note = left_out(len(whole.sheets) - count, "picture")
    return replace(whole, sheets=whole.sheets[:count], note=note)
