"""Which files of a results folder are its own, so that no command writes its output over them."""

from __future__ import annotations

import os
from pathlib import Path

from gan_bench.contract import own_names
from gan_bench.contract.errors import UsageError
from gan_bench.results import layout
from gan_bench.results.finding import is_cell

OF_CELL = (
    layout.CELL,
    layout.CURVE,
    layout.TICKS,
    layout.SPEED,
    layout.STARTS,
    layout.GENERATOR,
    layout.BEST_GENERATOR,
    layout.CODE,
    layout.INFLUENCE,
    layout.LOG,
    layout.OUTCOME,
    layout.RECORD,
)
FOLDERS_OF_CELL = (
    layout.SAMPLES,
    layout.SHOWN,
    layout.CHECKPOINTS,
    layout.KEPT_TICKS,
    layout.BRANCHES,
    layout.EVALUATIONS,
    layout.TRACKERS,
)
OF_AUDIT, FOLDERS_OF_AUDIT = (layout.AUDIT,), (layout.BLOCKS,)
OF_STUDY = (layout.STUDY,)
FOLDERS_OF_STUDY = (layout.FIGURES, layout.BEST_SETTINGS, layout.ENGINES)


def check_not_own(out: Path) -> None:
    """UsageError if this is a file of a cell or a protocol, or lies in a folder of one.

    It need not be there yet: a new record would end a training, a new sample grid add a tick.
    """
    path = Path(os.path.realpath(out))
    for home in path.parents:
        below = path.relative_to(home).parts
        if is_cell(home) and _is_of(below, OF_CELL, FOLDERS_OF_CELL):
            raise UsageError(f"{out} belongs to the cell in {home}: give another --out")
        if os.path.lexists(home / layout.PROTOCOL) and _is_of(
            below, own_names.FILES, own_names.FOLDERS
        ):
            raise UsageError(f"{out} belongs to the results in {home}: give another --out")
        if layout.is_study(home) and _is_of(below, OF_STUDY, FOLDERS_OF_STUDY):
            raise UsageError(f"{out} belongs to the study in {home}: give another --out")
        if os.path.lexists(home / layout.AUDIT) and _is_of(below, OF_AUDIT, FOLDERS_OF_AUDIT):
            raise UsageError(f"{out} belongs to the audit in {home}: give another --out")


def check_outside(folder: Path) -> None:
    """UsageError if this folder is, or lies in, the folder of a protocol or of a cell."""
    path = Path(os.path.realpath(folder))
    for home in (path, *path.parents):
        if is_cell(home) or os.path.lexists(home / layout.PROTOCOL):
            raise UsageError(f"{folder} is inside the results in {home}: give another --out")


def _is_of(below: tuple[str, ...], files: tuple[str, ...], folders: tuple[str, ...]) -> bool:
    """Whether this path, as its parts below the home, is one of these files or in a folder."""
    name = below[0]
    return name in folders or (len(below) == 1 and name in (*files, *layout.HOUSEKEEPING))
