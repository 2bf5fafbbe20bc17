"""Plan -> cells through an engine. Everything that can be refused is refused before training."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import filelock

from gan_bench import store
from gan_bench.catalogue import Catalogue
from gan_bench.contract import (
    Architecture,
    DataError,
    Dataset,
    Engine,
    Features,
    Loss,
    Metric,
    NotHere,
    Preset,
    StorageError,
    UsageError,
)
from gan_bench.images import Prepared, Progress, Source, files_at, prepare
from gan_bench.protocol import Cell, Evaluation, Place, Plan, Protocol, Schedule

LOG_TAIL = 2000  # characters of cell.log that are looked through for a reason


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user typed; None and () where nothing was said and the preset decides."""

    architectures: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    data: str | None = None
    data_root: Path | None = None
    download: bool = False
    size: int | None = None
    preset: str | None = None
    kimg: float | None = None
    batch: int | None = None
    seeds: int = 1
    features: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    samples: int | None = None
    device: str = "auto"
    precision: str | None = None
    on_collapse: str | None = None
    engine: str | None = None
    plugins: tuple[Path, ...] = ()
    weights: Path | None = None


@dataclass(frozen=True)
class Planned:
    """A plan, what it runs with, and what was decided on the way, in words."""

    plan: Plan
    prepared: Prepared
    engine: Engine
    notes: list[str] = field(default_factory=list)


def make_plan(
    request: Request, catalogue: Catalogue, progress: Progress = lambda *_: None
) -> Planned:
    """Names -> a plan. Raises a GanBenchError for whatever could not run."""
    device = pick_device(request.device)
    preset, why = _pick_preset(request, catalogue, device)
    notes = [why]
    losses = [catalogue.find(Loss, name).name for name in request.losses or preset.losses]
    asked = [catalogue.find(Architecture, name) for name in request.architectures]
    engine = catalogue.find(Engine, request.engine or preset.engine)
    schedule = _schedule(request, preset)
    source = _source(request, catalogue, preset)
    evaluation = _evaluation(request, catalogue, preset, source.dataset, notes)
    size = request.size or source.dataset.size or preset.size
    prepared = prepare(source, size, progress)
    _enough(prepared, schedule)
    defaults = [catalogue.find(Architecture, name) for name in preset.architectures]
    architectures = _suited(asked, defaults, prepared, notes)
    place = Place(
        device=device,
        named=source.named,
        root=str(source.root) if source.root else None,
        plugins=tuple(str(path.absolute()) for path in request.plugins),
        weights=str(request.weights.absolute()) if request.weights else None,
    )
    cells = tuple(
        Cell(architecture=architecture, loss=loss, seed=seed, place=place)
        for architecture in dict.fromkeys(architectures)
        for loss in dict.fromkeys(losses)
        for seed in range(request.seeds)
    )
    evaluation = _as_many(evaluation, request, prepared, notes)
    protocol = Protocol(data=prepared.data, schedule=schedule, evaluation=evaluation)
    return Planned(Plan(protocol=protocol, cells=cells), prepared, engine, notes)


def pick_device(asked: str) -> str:
    """The device that `auto` means here, or the one asked for if it is here."""
    import torch

    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.mps.is_available()}
    if asked == "auto":
        return next(device for device in ("cuda", "mps", "cpu") if here[device])
    if not here[asked]:
        present = " and ".join(device for device, is_here in here.items() if is_here)
        raise UsageError(f"there is no {asked} device here, only {present}: leave --device out")
    return asked


def _pick_preset(request: Request, catalogue: Catalogue, device: str) -> tuple[Preset, str]:
    if request.preset is not None:
        return catalogue.find(Preset, request.preset), f"preset {request.preset}, as asked"
    fitting = [preset.name for preset in catalogue.all(Preset) if device in preset.devices]
    if len(fitting) != 1:
        names = ", ".join(catalogue.names(Preset)) or "none"
        raise UsageError(
            f"{len(fitting)} presets are meant for {device}: choose one with --preset ({names})"
        )
    preset = catalogue.find(Preset, fitting[0])
    return preset, f"preset {preset.name}, because the device is {device}"


def _schedule(request: Request, preset: Preset) -> Schedule:
    asked = {name: getattr(request, name, None) for name in Schedule.model_fields}
    given = {name: value for name, value in asked.items() if value is not None}
    return Schedule(**preset.schedule.model_dump() | given)


def _source(request: Request, catalogue: Catalogue, preset: Preset) -> Source:
    """--data is a name of the catalogue, else a path."""
    name = request.data or preset.dataset
    if name in catalogue.names(Dataset) or request.data is None:
        root = request.data_root.absolute() if request.data_root else None
        return Source(catalogue.find(Dataset, name), root, request.download)
    path = Path(os.path.expanduser(name))  # which leaves ~nobody as it is
    if _exists(path):
        if request.data_root or request.download:
            raise UsageError(f"--data {name} is a path: leave --data-root and --download out")
        return files_at(path)
    raise UsageError(
        f"--data {name}: no such folder or zip, and no data set is called so."
        f"{catalogue.instead(Dataset, name)}"
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {str(path)!r}: {error}") from error


def _evaluation(
    request: Request, catalogue: Catalogue, preset: Preset, dataset: Dataset, notes: list[str]
) -> Evaluation:
    from gan_bench.evaluate import find_metric, plan_evaluation

    own = request.features[:1] or ((dataset.features,) if dataset.features else ())
    features = own[0] if own else _first_that_works(preset.features, request, catalogue, notes)
    for name in request.metrics:
        reason = find_metric(catalogue, name, features).unsuited(dataset)
        if reason:
            raise UsageError(f"--metric {name}: {reason}")
    metrics = request.metrics or _fitting(preset.metrics, features, catalogue, dataset)
    if not metrics:
        raise UsageError(f"no metric of the preset reads {features}: choose one with --metric")
    for other in request.features[1:]:
        metrics += _of_family(request.metrics or preset.metrics, other, catalogue)
    evaluation = plan_evaluation(
        catalogue,
        dataset,
        features=features,
        metrics=metrics,
        samples=request.samples or preset.samples,
        weights=request.weights,
        tick_samples=preset.tick_samples,
        gauges=_fitting(preset.gauges, features, catalogue, dataset),
    )
    if request.weights and not any(
        catalogue.find(Features, net).takes_weights for net in evaluation.digests
    ):
        nets = ", ".join(evaluation.digests)
        raise UsageError(f"--feature-weights: none of {nets} takes weights from a file")
    return evaluation


def _first_that_works(
    names: tuple[str, ...], request: Request, catalogue: Catalogue, notes: list[str]
) -> str:
    """The preset's first choice whose weights are here or can be had; what is passed is told."""
    from gan_bench.evaluate import digest_of

    for name in names[:-1]:
        try:
            digest_of(catalogue, name, request.weights)
        except NotHere as error:  # weights that are here and altered are another matter
            notes.append(f"features {name} left out: {error}")
        else:
            return name
    return names[-1]


def _fitting(
    names: tuple[str, ...], features: str, catalogue: Catalogue, dataset: Dataset
) -> tuple[str, ...]:
    """The preset's metrics that read these features, or any, and suit the data set."""
    from gan_bench.evaluate import metric_name

    full = [metric_name(catalogue, name, features) for name in names]
    metrics = [catalogue.find(Metric, name) for name in full if name in catalogue.names(Metric)]
    return tuple(
        metric.name
        for metric in metrics
        if _readable(metric, features, catalogue) and not metric.unsuited(dataset)
    )


def _readable(metric: Metric, features: str, catalogue: Catalogue) -> bool:
    """It reads the chosen features, or a net of its own for which no weights are needed."""
    if metric.features in (None, features):
        return True
    return not catalogue.find(Features, metric.features or features).takes_weights


def _of_family(names: tuple[str, ...], other: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Those of the metrics that exist for another net as well: a second opinion."""
    from gan_bench.evaluate import metric_name

    catalogue.find(Features, other)
    full = [metric_name(catalogue, name, other) for name in names]
    found = tuple(
        name
        for name in full
        if name in catalogue.names(Metric) and catalogue.find(Metric, name).features == other
    )
    if not found:
        raise UsageError(f"--features {other}: none of the metrics {', '.join(names)} reads it")
    return found


def _as_many(
    evaluation: Evaluation, request: Request, prepared: Prepared, notes: list[str]
) -> Evaluation:
    """Not more samples than there are real images, unless asked: most metrics need N = M."""
    there = prepared.data.train
    if request.samples is not None or there >= evaluation.samples:
        return evaluation
    notes.append(f"{there:,} samples for {evaluation.samples:,}: there are no more training images")
    ticks = min(there, evaluation.tick_samples)
    return evaluation.model_copy(update={"samples": there, "tick_samples": ticks})


def _enough(prepared: Prepared, schedule: Schedule) -> None:
    data = prepared.data
    if data.train < schedule.batch:
        raise DataError(
            f"{data.name} has {data.train} training images, fewer than one batch of "
            f"{schedule.batch}: add images or lower --batch"
        )


def _suited(
    asked: list[Architecture], defaults: list[Architecture], prepared: Prepared, notes: list[str]
) -> list[str]:
    """The names asked for, all of which must suit the images, or the preset's that do."""
    shape, name = prepared.data.shape, prepared.data.name
    for architecture in asked:
        reason = architecture.unsuited(shape)
        if reason:
            raise UsageError(f"--arch {architecture.name} does not suit {name}: {reason}")
    if asked:
        return [architecture.name for architecture in asked]
    suited = []
    for architecture in defaults:
        reason = architecture.unsuited(shape)
        if reason:
            notes.append(f"{architecture.name} left out: {reason}")
        else:
            suited.append(architecture.name)
    if not suited:
        raise UsageError(f"no architecture of the preset suits {name}: choose one with --arch")
    return suited


# Running


def check_writable(results: Path) -> None:
    """StorageError, before anything is spent, if the results could not be kept."""
    try:
        results.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=results):
            pass
    except OSError as error:
        raise StorageError(
            f"cannot write the results folder {results}: {error.strerror or error}; "
            "choose another with --results"
        ) from error


def folders(planned: Planned, results: Path) -> list[Path]:
    """The folders of all cells, in the plan's order."""
    protocol = planned.plan.protocol
    return [store.cell_dir(results, protocol, cell) for cell in planned.plan.cells]


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other runs out of a protocol's folder; a killed process leaves no lock behind."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(folder / ".lock", timeout=0):
            yield
    except filelock.Timeout as error:
        raise StorageError(
            f"{folder} is being used by another run: wait for its end, or choose another --results"
        ) from error


def lay_out(planned: Planned, results: Path, retry_failed: bool = False) -> None:
    """Write the plan's folders; what has an outcome stays as it is."""
    protocol = planned.plan.protocol
    root = store.protocol_dir(results, protocol)
    store.write_json(root / "protocol.json", protocol.model_dump(mode="json"))
    store.write_json(root / "data-report.json", planned.prepared.report)
    for cell, folder in zip(planned.plan.cells, folders(planned, results), strict=True):
        record = folder / "record.json"
        if retry_failed and record.exists() and store.read_record(folder).status == "failed":
            record.unlink()
        if not record.exists():
            store.write_json(folder / "cell.json", cell.model_dump(mode="json"))


def run_cells(engine: Engine, folders: list[Path], slots: int = 1) -> Iterator[Path]:
    """Start what has no record; yield each folder as its cell ends, with a record in any case."""
    waiting = [folder for folder in folders if not (folder / "record.json").exists()]
    for folder, code in engine.start(waiting, slots):
        if not (folder / "record.json").exists():
            cell = store.read_model(folder / "cell.json", Cell)
            store.write_record(folder, _ended_without_record(folder, cell, code))
        yield folder


def _ended_without_record(folder: Path, cell: Cell, code: int) -> store.Record:
    from gan_bench.cell import failure

    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    lines = _tail(folder / "cell.log").strip().splitlines()
    said = f"; it said last: {lines[-1][:300]}" if lines else ""
    return failure(cell, f"the process ended with {how} and left no record{said}")


def _tail(path: Path) -> str:
    """The end of a log, if the engine keeps one."""
    if not path.exists():
        return ""
    with path.open("rb") as log:
        log.seek(0, os.SEEK_END)
        log.seek(max(0, log.tell() - LOG_TAIL))
        return log.read().decode(errors="replace")
