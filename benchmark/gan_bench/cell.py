"""One cell as an idempotent command over a directory: python -m gan_bench.cell DIR."""

from __future__ import annotations

import json
import sys
import time
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil
import torch
from safetensors.torch import save as to_safetensors
from torch import nn

from gan_bench import catalogue as catalogues
from gan_bench import store, streams, trainer
from gan_bench.contract import Architecture, DataError, Dataset, GanBenchError, Loss
from gan_bench.course import Course
from gan_bench.evaluate import Measured, Ruler
from gan_bench.images import Prepared, Source, files_at, prepare
from gan_bench.protocol import Cell, Protocol
from gan_bench.store import Verdict
from gan_bench.trainer import Diverged, Training

FAILED = 3


def run_cell(directory: Path) -> int:
    """Train, measure, and write the record; nothing to do if there is one. The exit code."""
    if not (directory / "record.json").exists():
        cell = store.read_model(directory / "cell.json", Cell)
        try:
            record = _outcome(directory, cell)
        except Exception as error:  # a failed cell is a record, and the others go on
            traceback.print_exc()
            record = failure(cell, _sentence(error))
        store.write_record(directory, record)
    return FAILED if store.read_record(directory).status == "failed" else 0


def failure(cell: Cell, reason: str) -> store.Record:
    """The record of a cell that has no outcome."""
    return store.Record(
        architecture=cell.architecture,
        loss=cell.loss,
        seed=cell.seed,
        status="failed",
        reason=reason,
        device=cell.place.device,
        versions=catalogues.versions(),
        ended=_now(),
    )


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, GanBenchError) else f"{type(error).__name__}: {error}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Task:
    """All that one cell reads."""

    directory: Path
    cell: Cell
    protocol: Protocol
    catalogue: catalogues.Catalogue
    dataset: Dataset
    prepared: Prepared


def _task(directory: Path, cell: Cell) -> Task:
    protocol, place = store.protocol_of(directory), cell.place
    catalogue = catalogues.load(map(Path, place.plugins))
    root = Path(place.root) if place.root else None
    if place.named or root is None:
        source = Source(catalogue.find(Dataset, protocol.data.name), root)
    else:
        source = files_at(root)
    prepared = prepare(source, protocol.data.shape[1])
    if prepared.data != protocol.data:
        raise DataError(
            f"the data set {protocol.data.name} has changed since this protocol was planned "
            f"({protocol.data.train} then, {prepared.data.train} training images now): "
            "run the same command again to begin a new protocol"
        )
    return Task(directory, cell, protocol, catalogue, source.dataset, prepared)


def _outcome(directory: Path, cell: Cell) -> store.Record:
    task = _task(directory, cell)
    protocol, place = task.protocol, cell.place
    weights = Path(place.weights) if place.weights else None
    # before any training: a net that cannot measure must not cost an hour
    ruler = Ruler(task.catalogue, protocol, task.dataset, task.prepared, place.device, weights)
    arch = task.catalogue.find(Architecture, cell.architecture)
    loss = task.catalogue.find(Loss, cell.loss)
    training = trainer.begin(arch, protocol.data.shape, protocol.schedule, cell.seed, place.device)
    z = streams.normal(cell.seed, "z-eval", protocol.evaluation.samples, training.z_dim)

    course = Course(directory, protocol, ruler, z)
    course.follow(training, loss, task.prepared.train, cell.seed)
    trained, measuring = course.seconds(), time.perf_counter()
    store.write_bytes(directory / "generator.safetensors", _weights(training.ema, arch, protocol))
    measured, verdict = _measure(training, ruler, z, course)
    verdicts = [*course.verdicts, verdict] if verdict else course.verdicts
    holds = verdict or course.holds
    return store.Record(
        architecture=cell.architecture,
        loss=cell.loss,
        seed=cell.seed,
        status=holds.kind if holds else "finished",
        reason=holds.reason if holds else None,
        scores=measured.scores,
        unscored=measured.unscored,
        best=course.best(),
        verdicts=tuple(verdicts),
        rollbacks=course.rollbacks,
        diagnosis=course.diagnosis(),
        cost=_cost(task, training, trained, course.looking + time.perf_counter() - measuring),
        device=_device_name(place.device),
        versions=catalogues.versions(),
        ended=_now(),
    )


def _measure(
    training: Training, ruler: Ruler, z: np.ndarray, course: Course
) -> tuple[Measured, Verdict | None]:
    """The scores, and the verdict that the images themselves lead to; a diverged G has neither."""
    nothing = Measured({}, {}, None)
    if course.holds and course.holds.kind == "diverged":
        return nothing, None
    schedule = course.protocol.schedule
    kimg = schedule.shown(training.step) / 1000
    try:
        measured = ruler.measure(trainer.generate(training, z, schedule.batch))
    except Diverged as outcome:
        return nothing, Verdict(kind="diverged", kimg=kimg, reason=str(outcome))
    if measured.fault is None:
        return measured, None
    kind, reason = measured.fault
    return measured, Verdict(kind=kind, kimg=kimg, reason=reason)


def _cost(task: Task, training: Training, train: float, evaluate: float) -> store.Cost:
    z = torch.zeros(1, training.z_dim, device=training.device)
    x = torch.zeros(1, *task.protocol.data.shape, device=training.device)
    return store.Cost(
        train_seconds=round(train, 3),
        images_per_second=round(task.protocol.schedule.shown(training.step) / train, 2),
        evaluate_seconds=round(evaluate, 3),
        peak_memory_mib=round(_peak_memory(task.cell.place.device), 1),
        g_parameters=_parameters(training.G),
        d_parameters=_parameters(training.D),
        g_macs=trainer.macs(training.G, z),
        d_macs=trainer.macs(training.D, x),
    )


def _weights(G: nn.Module, arch: Architecture, protocol: Protocol) -> bytes:
    """The generator that was judged, to share: safetensors with what it takes to rebuild it."""
    # a copy of each: layers may share a tensor, which safetensors would refuse
    plain = torch.contiguous_format
    state = {k: v.cpu().clone(memory_format=plain) for k, v in G.state_dict().items()}
    shape = "x".join(map(str, protocol.data.shape))
    about = {"architecture": arch.name, "z_dim": arch.z_dim, "shape": shape}
    # one entry: safetensors writes several in random order, and the file would differ in every run
    return to_safetensors(state, {"gan_bench": json.dumps(about)})


def _parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def _peak_memory(device: str) -> float:
    """MiB: of the GPU where there is one, else of this process."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated() / 2**20
    try:
        import resource
    except ImportError:  # Windows keeps it elsewhere
        return float(psutil.Process().memory_info().peak_wset) / 2**20
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def _device_name(device: str) -> str:
    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({torch.get_num_threads()} threads)" if device == "cpu" else device


if __name__ == "__main__":
    sys.exit(run_cell(Path(sys.argv[1])))
