"""The states that a cell saves; of a branch also the one of its parent that it begins with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gan_bench.catalogue import Catalogue
from gan_bench.contract.protocol import Cell
from gan_bench.results.atomic import copy_file, make_folder
from gan_bench.results.layout import (
    CELL,
    KEPT_TICKS,
    parent_of,
    protocol_of,
    sample_grid_path,
    sample_grids,
)
from gan_bench.results.reading import read_model
from gan_bench.run.parts import identity
from gan_bench.run.task import Task
from gan_bench.train.checkpoint import Checkpoints
from gan_bench.train.saved import Change, States
from gan_bench.train.state import Training


def states_of(task: Task, directory: Path, training: Training) -> States:
    """The states of the cell in this folder, whose training has not taken a step yet."""
    checkpoints = task.checkpoints(directory)
    ticks = Checkpoints(directory / KEPT_TICKS, checkpoints.identity, kept=None)
    branch = task.cell.branch

    def origin(device: str) -> dict[str, Any]:
        assert branch is not None
        source = parent_of(directory) / branch.source
        state = kept_ticks(source, task.catalogue).at(branch.step, device)
        _copy_grids(source, directory, branch.kimg)
        return _change(source, task).of(state, training)

    return States(
        checkpoints,
        ticks if task.cell.environment.keep_ticks else None,
        origin if branch is not None and branch.step else None,
    )


def kept_ticks(cell: Path, catalogue: Catalogue) -> Checkpoints:
    """The states that the cell in this folder kept at its ticks."""
    described = read_model(cell / CELL, Cell)
    belongs_to = identity(described, protocol_of(cell), catalogue)
    return Checkpoints(cell / KEPT_TICKS, belongs_to, kept=None)


def _change(source: Path, task: Task) -> Change:
    then = read_model(source / CELL, Cell)
    schedule = then.recipe.applied_to(protocol_of(source).schedule)
    return Change(schedule, task.schedule, then.loss == task.cell.loss)


def _copy_grids(source: Path, directory: Path, until: float) -> None:
    """Give a branch the sample grids of its parent up to this kimg: they are its past too."""
    for kimg, path in sample_grids(source):
        if kimg <= until + 1e-6:
            copy = sample_grid_path(directory, kimg)
            make_folder(copy.parent)
            copy_file(path, copy)
