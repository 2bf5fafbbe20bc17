"""One cell as an idempotent command over a directory: python -m gan_bench.cell DIR."""

from __future__ import annotations

import io
import json
import sys
import time
import traceback
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil
import torch
from PIL import Image
from safetensors.torch import save as to_safetensors
from torch import nn
from torchvision.utils import make_grid

from gan_bench import catalogue as catalogues
from gan_bench import store, streams, trainer
from gan_bench.contract import Architecture, DataError, Dataset, GanBenchError, Loss
from gan_bench.evaluate import score
from gan_bench.images import Prepared, Source, files_at, prepare
from gan_bench.protocol import Cell, Protocol
from gan_bench.trainer import Diverged, Point, Training

GRID = 64  # images of a sample grid, 8 x 8
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
    protocol, device = task.protocol, cell.place.device
    arch = task.catalogue.find(Architecture, cell.architecture)
    training = trainer.begin(arch, protocol.data.shape, protocol.schedule, cell.seed, device)
    z = streams.normal(cell.seed, "z-eval", protocol.evaluation.samples, training.z_dim)

    began = time.perf_counter()
    diverged = _train(task, training, z)
    trained = time.perf_counter()
    store.write_bytes(directory / "generator.safetensors", _weights(training.ema, arch, protocol))
    scores = {} if diverged else _measure(task, training, z)
    ended = time.perf_counter()
    return store.Record(
        architecture=cell.architecture,
        loss=cell.loss,
        seed=cell.seed,
        status="diverged" if diverged else "finished",
        reason=diverged,
        scores=scores,
        cost=_cost(task, training, trained - began, ended - trained),
        device=_device_name(device),
        versions=catalogues.versions(),
        ended=_now(),
    )


def _train(task: Task, training: Training, z: np.ndarray) -> str | None:
    """Write down what the loop yields; why it diverged, if it did.

    Wall-clock times go into speed.jsonl, so that curve.jsonl is the same bytes in every run.
    """
    for name in ("curve.jsonl", "speed.jsonl"):
        (task.directory / name).unlink(missing_ok=True)
    loss = task.catalogue.find(Loss, task.cell.loss)
    schedule, seed = task.protocol.schedule, task.cell.seed
    began = time.perf_counter()
    try:
        for event in trainer.train(training, loss, task.prepared.train, schedule, seed):
            if isinstance(event, Point):
                _write_point(task, event, time.perf_counter() - began)
            else:
                images = trainer.generate(training, z[:GRID], schedule.batch)
                path = task.directory / "samples" / f"{event.kimg:010.3f}.png"
                store.write_bytes(path, grid(images))
    except Diverged as outcome:
        return str(outcome)
    return None


def _write_point(task: Task, point: Point, seconds: float) -> None:
    store.append_line(task.directory / "curve.jsonl", asdict(point))
    rate = _shown(point.step, task.protocol) / seconds
    speed = {"seconds": round(seconds, 3), "images_per_second": round(rate, 2)}
    store.append_line(task.directory / "speed.jsonl", {"kimg": point.kimg} | speed)


def _measure(task: Task, training: Training, z: np.ndarray) -> dict[str, store.Score]:
    fakes = trainer.generate(training, z, task.protocol.schedule.batch)
    place = task.cell.place
    weights = Path(place.weights) if place.weights else None
    return score(
        task.catalogue, task.protocol, task.dataset, task.prepared, fakes, place.device, weights
    )


def _cost(task: Task, training: Training, train: float, evaluate: float) -> store.Cost:
    return store.Cost(
        train_seconds=round(train, 3),
        images_per_second=round(_shown(training.step, task.protocol) / train, 2),
        evaluate_seconds=round(evaluate, 3),
        peak_memory_mib=round(_peak_memory(task.cell.place.device), 1),
        g_parameters=_parameters(training.G),
        d_parameters=_parameters(training.D),
    )


def _shown(step: int, protocol: Protocol) -> int:
    """Real images shown to D."""
    return step * protocol.schedule.batch * protocol.schedule.d_steps


def grid(images: np.ndarray) -> bytes:
    """(M, C, H, W) uint8 as the bytes of one PNG, eight in a row, two white pixels between."""
    sheet = make_grid(torch.from_numpy(images), nrow=8, padding=2, pad_value=255)
    buffer = io.BytesIO()
    Image.fromarray(sheet.permute(1, 2, 0).numpy()).save(buffer, "PNG")
    return buffer.getvalue()


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
