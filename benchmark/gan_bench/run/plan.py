"""A request -> a plan. Whatever cannot be run is refused here, before anything is trained."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from gan_bench.base.escape import plain
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import DataError, UsageError
from gan_bench.contract.offers import Architecture, Dataset, Engine, Loss, Preset
from gan_bench.contract.protocol import Cell, Plan, Protocol, RunEnvironment, Schedule
from gan_bench.data.cache import Prepared, check_bad, prepare
from gan_bench.data.source import Source, files_at
from gan_bench.data.split import Progress
from gan_bench.run.plan_evaluation import choose_evaluation, fit_to_data
from gan_bench.run.request import Request

Say = Callable[[str], None]


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
    precision, why = pick_precision(request.precision, device)
    notes.append(why)
    schedule = _schedule(replace(request, precision=precision), preset)
    source = _source(request, catalogue, preset)
    evaluation = choose_evaluation(request, catalogue, preset, source.dataset, notes)
    size = request.size or source.dataset.size or preset.size
    prepared = prepare(source, size, progress)
    check_bad(prepared, request.max_bad)
    _enough(prepared, schedule)
    defaults = [catalogue.find(Architecture, name) for name in preset.architectures]
    architectures = _suited(asked, defaults, prepared, notes)
    environment = RunEnvironment(
        device=device,
        named=source.named,
        root=str(source.root) if source.root else None,
        plugins=tuple(str(path.absolute()) for path in request.plugins),
        weights=str(request.weights.absolute()) if request.weights else None,
        timeout=request.timeout,
    )
    cells = tuple(
        Cell(architecture=architecture, loss=loss, seed=seed, environment=environment)
        for architecture in dict.fromkeys(architectures)
        for loss in dict.fromkeys(losses)
        for seed in range(request.seeds)
    )
    evaluation = fit_to_data(evaluation, request, prepared, notes)
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


def pick_precision(asked: str, device: str) -> tuple[str, str]:
    """What `auto` means on this device, or what was asked for, and the reason in words."""
    if asked != "auto":
        return asked, f"precision {asked}, as asked"
    from gan_bench.base.precision import computes_bf16

    if computes_bf16(device):
        return "bf16", f"precision bf16, which this {device} computes itself; or --precision fp32"
    return "fp32", f"precision fp32: this {device} does not compute bf16 itself"


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
        f"--data {plain(name)}: no such folder or zip, and no data set is called so."
        f"{catalogue.instead(Dataset, name)}"
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {str(path)!r}: {error}") from error


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
