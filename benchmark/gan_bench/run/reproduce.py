"""Trained cells -> the same cells planned for another results folder, from what their files say."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gan_bench.catalogue import Catalogue
from gan_bench.contract.engine import Resources
from gan_bench.contract.errors import UsageError
from gan_bench.contract.protocol import Cell, Plan, Protocol, RunEnvironment
from gan_bench.data.source import Source
from gan_bench.data.stream import Progress
from gan_bench.measure.weights import Weights
from gan_bench.results.asked_plugins import asked_of
from gan_bench.results.finding import is_cell
from gan_bench.results.layout import (
    CELL,
    PROTOCOL,
    is_branch,
    label_of,
    protocol_dir,
    protocol_folder_of,
    protocol_of,
)
from gan_bench.results.reading import read_model
from gan_bench.results.records import read_record
from gan_bench.run.choice import Choice
from gan_bench.run.parts import edited_since
from gan_bench.run.plan import Planned, pick_device
from gan_bench.run.plan_measuring import engine_like, trained_in
from gan_bench.run.request import Request
from gan_bench.run.resources import check_engine, cores, threads_of
from gan_bench.run.task import prepared_for, source_of_cell
from gan_bench.run.whereabouts import GIVE_THEM, moved, published


@dataclass(frozen=True, kw_only=True)
class Where:
    """Where cells are trained again; what is not given is as it was."""

    results: Path
    data: Path | None = None  # a folder, a zip or a --data-root
    plugins: tuple[Path, ...] = ()
    weights: Weights | None = None
    device: str | None = None
    engine: str | None = None  # what starts the cells
    resources: Resources = field(default_factory=Resources)


def trained_cells(folder: Path) -> list[Path]:
    """The cell in this folder, or the trained cells of this protocol. UsageError if none is."""
    if is_cell(folder) and is_branch(folder):
        raise UsageError(
            f"{folder} is a branch, which does not begin at the beginning: `gan-bench branch` "
            "trains one again after `gan-bench remove`"
        )
    home = protocol_folder_of(folder) if is_cell(folder) else folder
    trained = trained_in(home)
    cells = [cell for cell in trained if cell == folder] if is_cell(folder) else trained
    if not cells:
        raise UsageError(f"{folder} has no scores to reproduce: `gan-bench run` trains it first")
    return cells


def plan_reproduction(
    cells: Sequence[Path], where: Where, progress: Progress = lambda *_: None
) -> tuple[Planned, Catalogue]:
    """Plan to train these cells of one protocol again, with its images prepared.

    UsageError if a plugin is missing or was edited since, or the results would lie where the
    cells are; DataError if the images are missing or are not those of the training.
    """
    home = protocol_folder_of(cells[0])
    protocol = read_model(home / PROTOCOL, Protocol)
    if _same(protocol_dir(where.results, protocol), home):
        raise UsageError(f"{where.results} has the cells to reproduce: choose another --out")
    again = [_again(folder, where) for folder in cells]
    catalogue, source = source_of_cell(again[0].environment, protocol)
    for cell, folder in zip(again, cells, strict=True):
        _check_code(cell, protocol, folder, catalogue)
    prepared = prepared_for(protocol, source, progress, GIVE_THEM)
    choice = _choice(protocol, source, again[0].environment, catalogue, where)
    alike = tuple(_with_threads(cell, choice, len(again)) for cell in again)
    return Planned(Plan(protocol=protocol, cells=alike), prepared, choice), catalogue


def _again(folder: Path, where: Where) -> Cell:
    """The cell with the environment in which it is trained again."""
    known = (folder / CELL).exists()
    cell = read_model(folder / CELL, Cell) if known else _published(folder, where)
    then = moved(cell.environment, where.data, where.weights)
    changed = {
        "device": pick_device(where.device) if where.device else _device_like(then.device),
        "plugins": asked_of(() if where.plugins else then.plugins, where.plugins, label_of(folder)),
        "keep": "last",
        "keep_ticks": False,
        "track": (),
    }
    return cell.model_copy(update={"environment": then.model_copy(update=changed)})


def _published(folder: Path, where: Where) -> Cell:
    """The cell of a record that came without cell.json, as published ones do.

    UsageError if its images are neither a named data set nor given.
    """
    record, data = read_record(folder), protocol_of(folder).data.name
    return Cell(
        architecture=record.architecture,
        loss=record.loss,
        seed=record.seed,
        recipe=record.recipe,
        environment=published(folder, data, where.data, where.plugins),
    )


def _device_like(then: str) -> str:
    """The device of then if it is here, else the best one that is."""
    try:
        return pick_device(then)
    except UsageError:
        return pick_device("auto")


def _check_code(cell: Cell, protocol: Protocol, folder: Path, catalogue: Catalogue) -> None:
    """UsageError if the cell was trained by other code than that which is installed."""
    if edited := edited_since(cell, protocol, folder, catalogue):
        raise UsageError(
            f"{label_of(folder)} was trained by other code: {', '.join(edited)} has been edited "
            "since, or is of another version; install that one, or give its file with --plugin"
        )


def _with_threads(cell: Cell, choice: Choice, cells: int) -> Cell:
    """The cell with as many threads as it had, if the cores suffice: it ends in the same bytes."""
    resources, then = choice.resources(cells), cell.environment.threads
    own = resources.cpus_per_cell is None and then and then * (resources.jobs or 1) <= cores()
    threads = then if own else threads_of(choice.engine, resources)
    environment = cell.environment.model_copy(
        update={"threads": threads, "engine": choice.engine.name}
    )
    return cell.model_copy(update={"environment": environment})


def _choice(
    protocol: Protocol,
    source: Source,
    environment: RunEnvironment,
    catalogue: Catalogue,
    where: Where,
) -> Choice:
    engine = engine_like(where.engine, environment, catalogue)
    check_engine(engine, where.resources, catalogue)
    _, height, width = protocol.data.shape
    return Choice(
        request=Request(samples=protocol.evaluation.samples, resources=where.resources),
        source=source,
        sides=(height, width),
        schedule=protocol.schedule,
        evaluation=protocol.evaluation,
        architectures=(),
        losses=(),
        engine=engine,
        device=environment.device,
        notes=(),
    )


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
