"""Names of features and metrics -> an evaluation of cells that are trained already."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from gan_bench.base.text import plural
from gan_bench.catalogue import Catalogue
from gan_bench.contract.engine import Engine, Resources
from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.contract.offers import Features, Metric
from gan_bench.contract.protocol import (
    Cell,
    Evaluation,
    Plan,
    Protocol,
    RunEnvironment,
    Split,
)
from gan_bench.data.source import Source
from gan_bench.data.stream import Progress
from gan_bench.measure.judging.judge_file import judge_warnings
from gan_bench.measure.weights import NO_WEIGHTS, Weights, check_read, known_weights
from gan_bench.results.layout import (
    CELL,
    PROTOCOL,
    RECORD,
    cells_in,
    evaluation_dir,
    label_of,
    protocol_dir,
)
from gan_bench.results.measurements import ask_for, read_measurement, take_back, waiting
from gan_bench.results.reading import read_model
from gan_bench.results.records import WITHOUT_SCORES, read_record
from gan_bench.results.scale import has_scale
from gan_bench.run.plan import Planned, pick_device, pick_preset
from gan_bench.run.plan_evaluation import (
    find_metric,
    judge_unused,
    metric_name,
    plan_evaluation,
    reference_notes,
    with_partners,
)
from gan_bench.run.request import Request
from gan_bench.run.resources import check_engine, settled, threads_of
from gan_bench.run.task import prepared_for, source_of_cell
from gan_bench.run.whereabouts import GIVE_THEM, check_there, moved, with_plugins


@dataclass(frozen=True, kw_only=True)
class MeasureRequest:
    """What the user typed; where nothing was said, it is as when the cells were trained."""

    features: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    samples: int | None = None
    reference: Split | None = None
    device: str = "auto"
    engine: str | None = None
    resources: Resources = field(default_factory=Resources)
    plugins: tuple[Path, ...] = ()
    weights: Weights | None = None
    judge: Path | None = None
    data: Path | None = None  # where the images are now: a folder, a zip or a --data-root
    timeout: float | None = None  # seconds


@dataclass(frozen=True)
class PlannedMeasuring:
    """Cells of one protocol, and the evaluation that they are to be measured by."""

    folder: Path  # of the protocol
    protocol: Protocol  # with that evaluation
    cells: dict[Path, RunEnvironment]  # where each of them is measured
    engine: Engine
    resources: Resources  # what the engine is given
    notes: tuple[str, ...]

    @property
    def slug(self) -> str:
        """The name of the evaluation."""
        return self.protocol.evaluation.slug

    @property
    def board(self) -> str:
        """The slug of the board that shows the scores."""
        return f"{self.folder.absolute().name}/{self.slug}"

    def failed(self) -> int:
        """How many cells could not be measured."""
        return sum(_failed(cell, self.slug) for cell in self.cells)

    def standing(self) -> str:
        """How far the cells are: `6 cells, 2 measured`."""
        measured = sum(self.slug not in waiting(cell) for cell in self.cells)
        return f"{plural(len(self.cells), 'cell')}, {measured} measured"

    def lay_out(self, again: bool = False) -> None:
        """Ask for the scores of every cell; with `again`, also where there are some.

        The scale is measured together with a cell: if it is missing, one is measured once more.
        """
        scaled = has_scale(evaluation_dir(self.folder, self.slug))
        for k, (cell, environment) in enumerate(self.cells.items()):
            if again or _failed(cell, self.slug) or (k == 0 and not scaled):
                take_back(cell, self.slug)
            ask_for(cell, self.protocol.evaluation, environment)


def plan_measuring(
    folder: Path, request: MeasureRequest, progress: Progress = lambda *_: None
) -> PlannedMeasuring:
    """Plan to measure the trained cells of one protocol, with its images prepared.

    UsageError if none is trained, a name is unknown, or the evaluation is the protocol's own;
    DataError if the images are not those of the training. A cell that does not say where it was
    trained is left out, and a note says so.
    """
    protocol = read_model(folder / PROTOCOL, Protocol)
    cells, faults = _environments(folder, request)
    if not cells:
        why = (
            f"can be measured: {faults[0]}"
            if faults
            else "is trained: `gan-bench run` trains them, and --retry-failed those that failed"
        )
        raise UsageError(f"no cell of {folder} {why}")
    environment = next(iter(cells.values()))
    if request.data is None:
        check_there(environment, protocol.data.name)
    catalogue, source = source_of_cell(environment, protocol)
    evaluation, notes = _evaluation(request, protocol, catalogue, source)
    notes += judge_warnings(request.judge)
    if evaluation.slug == protocol.evaluation.slug and request.judge:
        raise UsageError(judge_unused(catalogue))
    if evaluation.slug == protocol.evaluation.slug:
        raise UsageError(
            f"{folder} was measured in this way when it was trained: name another --metric, "
            "--features, --samples or --reference"
        )
    engine = engine_like(request.engine, environment, catalogue)
    check_engine(engine, request.resources, catalogue)
    prepared_for(protocol, source, progress, GIVE_THEM)
    resources = settled(engine, request.resources, environment.device, len(cells))
    threads = {"threads": threads_of(engine, resources)}
    return PlannedMeasuring(
        folder=folder,
        protocol=protocol.measured_by(evaluation),
        cells={cell: here.model_copy(update=threads) for cell, here in cells.items()},
        engine=engine,
        resources=resources,
        notes=(*faults, *notes, *reference_notes(evaluation, protocol.data, catalogue)),
    )


def engine_like(asked: str | None, then: RunEnvironment, catalogue: Catalogue) -> Engine:
    """The engine asked for; else what started the cells then, or the preset's if it is not here."""
    if asked is not None:
        return catalogue.find(Engine, asked)
    if then.engine is not None and catalogue.canonical(Engine, then.engine):
        engine = catalogue.find(Engine, then.engine)
        if not engine.missing():
            return engine
    preset, _ = pick_preset(Request(), catalogue, then.device)
    return catalogue.find(Engine, preset.engine)


def at_home(planned: Planned, results: Path) -> Planned:
    """The same cells in the folder where this training has begun with another evaluation, if any.

    They are trained there, under that protocol, and measured by both evaluations.
    """
    home = _home_of(planned.plan.protocol, results)
    if home is None:
        return planned
    evaluation = planned.plan.protocol.evaluation.beside(home.evaluation)
    note = (
        f"these cells are trained as {home.slug}, which is measured in another way: they get the "
        f"scores of this run as well, as {evaluation.slug}"
    )
    return replace(
        planned,
        plan=Plan(protocol=home, cells=planned.plan.cells),
        notes=(*planned.notes, note),
        evaluation=evaluation,
    )


def _home_of(protocol: Protocol, results: Path) -> Protocol | None:
    """The protocol in the results folder that trains the same cells; None: it has this one."""
    if (protocol_dir(results, protocol) / PROTOCOL).exists():
        return None
    for path in sorted(results.glob(f"*/{PROTOCOL}")):
        try:
            other = read_model(path, Protocol)
        except StorageError:  # which the report shows
            continue
        if other.slug == path.parent.name and other.trains_like(protocol):
            return other
    return None


def unscored(cell: Path, slug: str) -> bool:
    """Whether a run has yet to measure the cell by this evaluation, when it is trained."""
    try:
        if read_record(cell).status in WITHOUT_SCORES:
            return False
        return read_measurement(cell, slug) is None
    except StorageError:  # there is no record yet; damaged files are not measured again
        return not os.path.lexists(cell / RECORD)


def trained_in(folder: Path) -> list[Path]:
    """The cells of a protocol whose network can be measured.

    StorageError if there is none, and a record cannot be read.
    """
    trained, unreadable = [], []
    for cell in cells_in(folder):
        try:
            if read_record(cell).status not in WITHOUT_SCORES:
                trained.append(cell)
        except StorageError as error:  # it is not trained yet, or the report shows the damage
            unreadable += [error] if (cell / RECORD).exists() else []
    if unreadable and not trained:
        raise unreadable[0]
    return trained


def _failed(cell: Path, slug: str) -> bool:
    """Whether its measuring failed, or its scores are damaged."""
    try:
        measurement = read_measurement(cell, slug)
    except StorageError:
        return True
    return measurement is not None and measurement.seconds is None


def _environments(
    folder: Path, request: MeasureRequest
) -> tuple[dict[Path, RunEnvironment], list[str]]:
    """Where each trained cell is measured; a sentence for each that does not say it."""
    cells, faults = {}, []
    for cell in trained_in(folder):
        try:
            cells[cell] = environment_now(cell, request)
        except StorageError as error:
            faults.append(f"{label_of(cell)} is not measured: {error}")
    return cells, faults


def environment_now(cell: Path, request: MeasureRequest) -> RunEnvironment:
    """The environment of a cell's training, with what the user said. StorageError if unreadable."""
    trained = read_model(cell / CELL, Cell).environment
    there = moved(
        with_plugins(trained, request.plugins, label_of(cell)), request.data, request.weights
    )
    return there.model_copy(
        update={
            "device": pick_device(request.device),
            "judge": str(request.judge.absolute()) if request.judge else trained.judge,
            "timeout": request.timeout,
        }
    )


def _evaluation(
    request: MeasureRequest, protocol: Protocol, catalogue: Catalogue, source: Source
) -> tuple[Evaluation, list[str]]:
    home, dataset = protocol.evaluation, source.dataset
    features = catalogue.find(Features, (request.features or (home.features,))[0]).name
    metrics = request.metrics or _like(home, features, catalogue)
    for name in request.metrics:
        if reason := find_metric(catalogue, name, features).unsuited(dataset):
            raise UsageError(f"--metric {name}: {reason}")
    if not metrics:
        raise UsageError(f"no metric of the protocol reads {features}: choose one with --metric")
    metrics, notes = with_partners(metrics, features, catalogue, dataset)
    weights = known_weights(catalogue, request.weights or NO_WEIGHTS)
    evaluation = plan_evaluation(
        catalogue,
        dataset,
        features=features,
        metrics=metrics,
        samples=request.samples or home.samples,
        weights=weights,
        reference=request.reference or home.reference,
    ).beside(home)
    check_read(catalogue, weights, evaluation.digests)
    return evaluation, notes


def _like(home: Evaluation, features: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The protocol's metrics for these features; those that read a net of their own stay."""
    names = []
    for spec in home.metrics:
        family = spec.name.removesuffix(f"-{spec.features}")
        own = spec.name if spec.features != home.features else family
        name = metric_name(catalogue, own, features)
        if name in catalogue.names(Metric):
            names.append(name)
    return tuple(names)
