"""The pictures of a leaderboard: which are out of date, and drawing these."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from gan_bench.base.text import plural
from gan_bench.contract.errors import StorageError
from gan_bench.report.curves import LOSSES, SCORES, curves
from gan_bench.report.drawn import is_current
from gan_bench.report.leaderboard import Board, Boards
from gan_bench.report.quality import quality
from gan_bench.report.selection import figure_paths
from gan_bench.report.sheet import sample_sheet
from gan_bench.results.atomic import make_folder, write_bytes
from gan_bench.results.layout import (
    CURVE,
    FIGURES,
    RECORD,
    SAMPLES,
    SCALE,
    TICKS,
)
from gan_bench.results.layout import SCORES as MEASURED

# Pictures of several protocols are drawn up to so many cells: more take longer than one waits.
CELLS = 300
DRAWINGS: dict[str, Callable[[Board], bytes | None]] = {
    "samples": sample_sheet,
    "quality": quality,
    "losses": lambda board: curves(board, LOSSES, "loss"),
    "scores": lambda board: curves(board, SCORES, "score"),
}
# What a cell has if there is something to draw.
SOURCES = {"samples": SAMPLES, "quality": TICKS, "losses": CURVE, "scores": CURVE}


def refresh(boards: Boards) -> tuple[list[Path], list[str]]:
    """Draw what is out of date; all pictures there are, and notes about those not drawn."""
    outdated = [board for board in boards.boards if stale(board)]
    notes = []
    if len(outdated) > 1 and sum(len(board.cells) for board in outdated) > CELLS:
        notes.append(
            f"the pictures of {plural(len(outdated), 'protocol')} are out of date; "
            "--protocol SLUG draws those of one"
        )
        outdated = []
    for board in outdated:
        try:
            draw(board)
        except StorageError as error:
            notes.append(f"no pictures: {error}")
    paths = [path for board in boards.boards for path in figure_paths(board).values()]
    return [path for path in paths if path.exists()], notes


def draw(board: Board) -> list[Path]:
    """Draw what is missing or older than the records; the paths of all pictures there are.

    StorageError, after all others are drawn, if a curve or a sample grid is damaged.
    """
    paths = figure_paths(board)
    faults: dict[str, list[str]] = {}
    for name in stale(board):
        try:
            picture = DRAWINGS[name](board)
        except Exception as error:  # pillow raises nearly anything on a damaged grid
            faults.setdefault(str(error), []).append(name)
            continue
        if picture is not None:
            make_folder(paths[name].parent)
            write_bytes(paths[name], picture)
    if faults:
        listed = "; ".join(f"{', '.join(names)}: {why}" for why, names in faults.items())
        raise StorageError(f"cannot draw {board.measured / FIGURES}: {listed}")
    return [path for path in paths.values() if path.exists()]


def stale(board: Board) -> list[str]:
    """The pictures older than what they show, and those to draw that are missing or of old kind."""
    cells = [str(folder) for folder in board.cells["folder"]]
    records = max((_changed(f"{cell}/{RECORD}") for cell in cells), default=0.0)
    newest = dict.fromkeys(DRAWINGS, records)
    # it shows scores and real images, which an evaluation that was added has of its own
    within = board.measured.relative_to(board.folder)
    shown = [Path(cell, within, MEASURED) for cell in cells]
    newest["quality"] = max(records, *map(_changed, [board.measured / SCALE, *shown]))
    return [
        name
        for name, path in figure_paths(board).items()
        if 0 < _changed(path) < newest[name]
        or (not is_current(path) and any(os.path.lexists(f"{c}/{SOURCES[name]}") for c in cells))
    ]


def _changed(path: str | Path) -> float:
    """When a file was last written, 0 if there is none."""
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
