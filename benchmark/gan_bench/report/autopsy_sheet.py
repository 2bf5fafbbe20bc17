"""One picture of an autopsy: the samples of a cell at its verdict beside each branch at its end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench.base import pictures
from gan_bench.base.escape import plain
from gan_bench.base.text import number
from gan_bench.contract.protocol import Sides
from gan_bench.report.autopsy import Autopsy, Patient, Tried
from gan_bench.report.branches import ended, verdict_kimg
from gan_bench.report.page.samples import tile_of
from gan_bench.results.atomic import write_bytes
from gan_bench.results.layout import autopsy_path, protocol_of, sample_grids
from gan_bench.results.records import Record

if TYPE_CHECKING:
    from PIL import Image

COLUMNS = 4
TILE_PX = 150  # smaller tiles are enlarged to about this side
MARGIN = 14  # pixels
TITLE_PX, NAME_PX, STATUS_PX = 36, 24, 22
NEAR = 1e-3  # kimg: names of sample grids have three digits after the point
GOOD, BAD = "#1a7f37", "#b42318"


def write_sheets(autopsy: Autopsy) -> list[Path]:
    """Write the sheet of each cell beside its branches; the paths of those that can be made."""
    paths = []
    for patient in autopsy.patients:
        sides = protocol_of(patient.folder).data.shape[1:]
        if (sheet := autopsy_sheet(autopsy, patient, sides)) is not None:
            write_bytes(path := autopsy_path(patient.folder), sheet)
            paths.append(path)
    return paths


def autopsy_sheet(autopsy: Autopsy, patient: Patient, sides: Sides) -> bytes | None:
    """The sheet of one cell; None if it has no sample grid that can be read."""
    own: list[tuple[str, str, str, float | None]] = [
        (f"forked at {number(patient.kimg, 6)} kimg", "", pictures.GREY, patient.kimg),
        (
            f"verdict at {number(patient.verdict.kimg, 6)} kimg",
            patient.verdict.kind,
            BAD,
            patient.verdict.kimg,
        ),
        ("the end of the cell", _status_text(ended(patient.folder)), BAD, None),
    ]
    grids: dict[Path | None, list[tuple[str, str, str]]] = {}
    for name, status, colour, kimg in own:
        grids.setdefault(_grid(patient.folder, kimg), []).append((name, status, colour))
    parts = [
        _part(", ".join(name for name, _, _ in of), *of[-1][1:], path, sides)  # each grid once
        for path, of in grids.items()
    ]
    for remedy in autopsy.remedies:
        parts += [_branch(each, sides) for each in autopsy.of(remedy, patient.folder)[:1]]
    shown = [part for part in parts if part is not None]
    if not shown:
        return None
    title = pictures.words(plain(patient.label), TITLE_PX, colour="black")
    return pictures.png(pictures.stacked([title, _rows(shown)], MARGIN))


def _branch(each: Tried, sides: Sides) -> Image.Image | None:
    colour, status = GOOD if each.saved else BAD, _status_text(each.record)
    return _part(each.remedy, status, colour, _grid(each.folder, None), sides)


def _status_text(record: Record | None) -> str:
    """`collapsed at 6`."""
    if record is None:
        return "unfinished"
    when = verdict_kimg(record)
    return record.status if when is None else f"{record.status} at {number(when, 6)}"


def _grid(folder: Path, kimg: float | None) -> Path | None:
    """The sample grid at or before this kimg, or the last one."""
    grids = sample_grids(folder)
    found = [path for at, path in grids if kimg is None or at <= kimg + NEAR]
    return found[-1] if found else None


def _part(
    name: str, status: str, colour: str, path: Path | None, sides: Sides
) -> Image.Image | None:
    """Samples under their name and status."""
    from PIL import Image

    tile = tile_of(path, sides) if path else None
    if tile is None:
        return None
    tile = pictures.enlarged(tile, max(1, round(TILE_PX / max(tile.size))))
    lines = [
        pictures.words(plain(name), NAME_PX, pictures.SMALL, "black"),
        pictures.words(status or " ", STATUS_PX, pictures.SMALL, colour),
    ]
    width = max(tile.width, *(line.width for line in lines))
    whole = Image.new("RGB", (width, tile.height + NAME_PX + STATUS_PX), "white")
    whole.paste(lines[0], (0, 0))
    whole.paste(lines[1], (0, NAME_PX))
    whole.paste(tile, (0, NAME_PX + STATUS_PX))
    return whole


def _rows(parts: Sequence[Image.Image]) -> Image.Image:
    from PIL import Image

    width = max(part.width for part in parts) + MARGIN
    height = max(part.height for part in parts) + MARGIN
    rows = -(-len(parts) // COLUMNS)
    whole = Image.new("RGB", (width * min(COLUMNS, len(parts)), height * rows), "white")
    for k, part in enumerate(parts):
        whole.paste(part, (k % COLUMNS * width, k // COLUMNS * height))
    return whole
