"""One cell as an idempotent command over a directory: python -m gan_bench.cell DIR."""

from __future__ import annotations

import io
import sys
import time
import traceback
from dataclasses import asdict
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
from gan_bench.protocol import Cell, Place, Protocol
from gan_bench.trainer import Diverged, Point, Tick, Training

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


def _outcome(directory: Path, cell: Cell) -> store.Record:
    protocol, place = store.protocol_of(directory), cell.place
    catalogue = catalogues.load(map(Path, place.plugins))
    source = _source(catalogue, protocol, place)
    prepared = _prepared(source, protocol)
    arch = catalogue.find(Architecture, cell.architecture)
    training = trainer.begin(arch, protocol.data.shape, protocol.schedule, cell.seed, place.device)
    z = streams.normal(cell.seed, "z-eval", protocol.evaluation.samples, training.z_dim)

    started = time.perf_counter()
    diverged = None
    try:
        _train(directory, training, catalogue.find(Loss, cell.loss), prepared, protocol, cell, z)
    except Diverged as outcome:
        diverged = str(outcome)
    trained = time.perf_counter()
    store.write_bytes(directory / "generator.safetensors", _weights(training.ema, arch, protocol))
    scores = {}
    if diverged is None:
        fakes = trainer.generate(training, z, protocol.schedule.batch)
        weights = Path(place.weights) if place.weights else None
        scores = score(catalogue, protocol, source.dataset, prepared, fakes, place.device, weights)
    seconds = trained - started
    return store.Record(
        architecture=cell.architecture,
        loss=cell.loss,
        seed=cell.seed,
        status="diverged" if diverged else "finished",
        reason=diverged,
        scores=scores,
        cost=store.Cost(
            train_seconds=round(seconds, 3),
            images_per_second=round(_shown(training.step, protocol) / seconds, 2),
            evaluate_seconds=round(time.perf_counter() - trained, 3),
            peak_memory_mib=round(_peak_memory(place.device), 1),
            g_parameters=_parameters(training.G),
            d_parameters=_parameters(training.D),
        ),
        device=_device_name(place.device),
        versions=catalogues.versions(),
        ended=_now(),
    )


def _source(catalogue: catalogues.Catalogue, protocol: Protocol, place: Place) -> Source:
    root = Path(place.root) if place.root else None
    if place.named or root is None:
        return Source(catalogue.find(Dataset, protocol.data.name), root)
    return files_at(root)


def _prepared(source: Source, protocol: Protocol) -> Prepared:
    """The protocol's images, pixel for pixel."""
    prepared = prepare(source, protocol.data.shape[1])
    if prepared.data != protocol.data:
        raise DataError(
            f"the data set {protocol.data.name} has changed since this protocol was planned "
            f"({protocol.data.train} then, {prepared.data.train} training images now): "
            "run the same command again to begin a new protocol"
        )
    return prepared


def _train(
    directory: Path,
    training: Training,
    loss: Loss,
    prepared: Prepared,
    protocol: Protocol,
    cell: Cell,
    z: np.ndarray,
) -> None:
    """Write down what the loop yields.

    Wall-clock times go into speed.jsonl, so that curve.jsonl is the same bytes in every run.
    """
    for name in ("curve.jsonl", "speed.jsonl"):
        (directory / name).unlink(missing_ok=True)
    started = time.perf_counter()
    for event in trainer.train(training, loss, prepared.train, protocol.schedule, cell.seed):
        if isinstance(event, Point):
            seconds = time.perf_counter() - started
            speed = _shown(event.step, protocol) / seconds
            store.append_line(directory / "curve.jsonl", asdict(event))
            store.append_line(
                directory / "speed.jsonl",
                {
                    "kimg": event.kimg,
                    "seconds": round(seconds, 3),
                    "images_per_second": round(speed, 2),
                },
            )
        elif isinstance(event, Tick):
            images = trainer.generate(training, z[:GRID], protocol.schedule.batch)
            path = directory / "samples" / f"{event.kimg:010.3f}.png"
            store.write_bytes(path, grid(images))


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
    state = {name: tensor.cpu().contiguous() for name, tensor in G.state_dict().items()}
    shape = "x".join(map(str, protocol.data.shape))
    metadata = {"architecture": arch.name, "z_dim": str(arch.z_dim), "shape": shape}
    return to_safetensors(state, metadata)


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
