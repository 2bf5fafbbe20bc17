"""What a cell will take in time, memory and disk: from records, or from a few timed steps."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np
import torch

from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import StorageError
from gan_bench.contract.offers import Architecture, Augmentation, Dataset, Loss
from gan_bench.contract.protocol import Plan, Protocol, Schedule
from gan_bench.measure.weights import weights_of
from gan_bench.results.layout import GRID_SIDE, PROTOCOL, STARTS, grid_pixels
from gan_bench.results.reading import last_line, read_model
from gan_bench.results.records import Cost, Record, read_record
from gan_bench.run.time_measuring import TIMED_IMAGES, Measuring, seconds_of, time_measuring
from gan_bench.train.cost import device_name, parameters, peak_memory
from gan_bench.train.loop import train
from gan_bench.train.samples import generate, latents
from gan_bench.train.state import Training, begin

Basis = Literal["records", "timed steps"]
WARM_UP = {"cpu": 2, "mps": 2, "cuda": 8}  # steps before the clock starts: a graph is recorded
SECONDS, STEPS = 1.0, 50  # how long a pair is timed, whichever comes first
SOME_CLASSES = 10  # where it is not known how many there are: it changes no time
ENDLESS = 1e6  # kimg of a schedule that is only timed, so that no Point and no Tick is due
LINES = 200_000  # bytes of a cell's text files, about


@dataclass(frozen=True)
class Estimate:
    """What one cell of a pair will take."""

    architecture: str
    loss: str
    basis: Basis
    train_seconds: float
    measure_seconds: float
    memory_bytes: int  # the peak of its process, or of the GPU
    checkpoint_bytes: int  # of one checkpoint
    kept_bytes: int  # of what stays when it is done


@dataclass(frozen=True)
class Estimates:
    """An estimate for each pair of architecture and loss, and what all of them share."""

    pairs: tuple[Estimate, ...]
    once_seconds: float  # for the features of the real images and the scale of the protocol


def estimate(plan: Plan, dataset: Dataset, catalogue: Catalogue, results: Path) -> Estimates:
    """Estimate each pair of the plan.

    From records of this machine with the same architecture, loss, image size, batch and precision
    in `results`; if a pair has none, a few of its steps are timed on random images.
    """
    protocol, environment = plan.protocol, plan.cells[0].environment
    device = environment.device
    similar = list(_similar(protocol, results))
    measuring: Measuring | None = None
    pairs = []
    for architecture, loss in dict.fromkeys((c.architecture, c.loss) for c in plan.cells):
        costs = [
            (other, cost)
            for other, folder in similar
            for cost in _costs(folder / architecture / loss, device)
        ]
        if costs:
            pairs.append(_from_records(architecture, loss, protocol, costs))
            continue
        measuring = measuring or time_measuring(
            protocol, dataset, catalogue, device, weights_of(environment)
        )
        arch, offer = catalogue.find(Architecture, architecture), catalogue.find(Loss, loss)
        augment = [catalogue.find(Augmentation, name) for name in protocol.schedule.augment]
        classes = dataset.modes or SOME_CLASSES
        training = begin(arch, protocol.data.shape, protocol.schedule, 0, device, augment, classes)
        pairs.append(_timed(training, arch, offer, protocol, measuring, classes))
    return Estimates(tuple(pairs), measuring.once_seconds if measuring else 0)


# From records


def _similar(protocol: Protocol, results: Path) -> Iterator[tuple[Protocol, Path]]:
    """Protocols in the results under which a step takes as long as under this one."""
    for path in sorted(results.glob(f"*/{PROTOCOL}")):
        try:
            other = read_model(path, Protocol)
        except StorageError:  # which the report shows
            continue
        if _work(other) == _work(protocol):
            yield other, path.parent


def _work(protocol: Protocol) -> tuple[object, ...]:
    schedule = protocol.schedule
    shape, precision = protocol.data.shape, schedule.precision
    return shape, schedule.batch, schedule.d_steps, precision, schedule.augment


def _costs(pair: Path, device: str) -> Iterator[Cost]:
    """The costs in the records of a pair's cells that ran on this machine and device."""
    for folder in sorted(pair.glob("seed*")):
        try:
            record: Record = read_record(folder)
        except StorageError:  # there is none yet, or none that can be read
            continue
        here = last_line(folder / STARTS).get("host") == socket.gethostname()
        if here and record.device == device_name(device) and record.cost:
            yield record.cost


def _from_records(
    architecture: str, loss: str, protocol: Protocol, costs: list[tuple[Protocol, Cost]]
) -> Estimate:
    shown = protocol.schedule.shown(protocol.schedule.updates)
    seconds = [
        cost.evaluate_seconds * _measured(protocol) / _measured(other) for other, cost in costs
    ]
    g, d = costs[0][1].g_parameters, costs[0][1].d_parameters
    return Estimate(
        architecture=architecture,
        loss=loss,
        basis="records",
        train_seconds=shown / median(cost.images_per_second for _, cost in costs),
        measure_seconds=median(seconds),
        memory_bytes=int(max(cost.peak_memory_mib for _, cost in costs) * 2**20),
        checkpoint_bytes=_checkpoint_bytes(g, d, protocol.schedule),
        kept_bytes=_kept_bytes(g, protocol),
    )


def _measured(protocol: Protocol) -> int:
    """Generated images of a cell that are measured, at its ticks and at its end."""
    evaluation = protocol.evaluation
    return evaluation.samples + protocol.schedule.looks * evaluation.tick_samples


# From timed steps


def _timed(
    training: Training,
    arch: Architecture,
    loss: Loss,
    protocol: Protocol,
    measuring: Measuring,
    classes: int,
) -> Estimate:
    schedule, evaluation = protocol.schedule, protocol.evaluation
    random, count = np.random.default_rng(0), max(schedule.batch, TIMED_IMAGES)
    pixels = random.integers(0, 256, (count, *protocol.data.shape), np.uint8)
    labels = random.integers(0, classes, count)
    step = _step_seconds(training, loss, pixels, labels, schedule)
    given = latents(training, 0, TIMED_IMAGES, labels)
    generate(training, given, schedule.batch)  # not timed: cudnn chooses its algorithms
    drawing = seconds_of(lambda: generate(training, given, schedule.batch)) / TIMED_IMAGES
    at_ticks = max(GRID_SIDE**2, evaluation.tick_samples)
    images = evaluation.samples + schedule.looks * at_ticks
    g, d = parameters(training.G), parameters(training.D)
    return Estimate(
        architecture=arch.name,
        loss=loss.name,
        basis="timed steps",
        train_seconds=step * schedule.updates,
        measure_seconds=images * drawing + measuring.cell_seconds,
        memory_bytes=int(peak_memory(training.device) * 2**20) + measuring.feature_bytes,
        checkpoint_bytes=_checkpoint_bytes(g, d, schedule),
        kept_bytes=_kept_bytes(g, protocol),
    )


def _step_seconds(
    training: Training, loss: Loss, pixels: np.ndarray, labels: np.ndarray, schedule: Schedule
) -> float:
    """Seconds of one step, after a few that are not timed."""
    clock: list[float] = []
    warm_up = WARM_UP[torch.device(training.device).type]

    def stopping() -> bool:
        if training.device.startswith("cuda"):
            torch.cuda.synchronize(training.device)
        clock.append(time.perf_counter())
        timed = clock[warm_up:]
        return len(timed) > 1 and (timed[-1] - timed[0] > SECONDS or len(timed) > STEPS)

    endless = schedule.model_copy(update={"kimg": ENDLESS})
    list(train(training, loss, pixels, endless, 0, stopping, labels))
    timed = clock[warm_up:]
    return (timed[-1] - timed[0]) / (len(timed) - 1)


# Disk


def _checkpoint_bytes(g: int, d: int, schedule: Schedule) -> int:
    """G, D, the two moments of Adam for each, and the moving average of G, in fp32."""
    return 4 * (3 * (g + d) + (g if schedule.ema_kimg else 0))


def _kept_bytes(g: int, protocol: Protocol) -> int:
    """The weights of G, a sample grid at every tick, and a few text files."""
    C, H, W = protocol.data.shape
    grid = C * grid_pixels(GRID_SIDE, H) * grid_pixels(GRID_SIDE, W)
    return 4 * g + protocol.schedule.looks * grid + LINES
