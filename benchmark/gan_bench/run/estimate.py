"""What a cell will take in time, memory and disk: from records, or from a few timed steps."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np
import torch

from gan_bench.base.pictures import BYTES_PER_PIXEL
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.contract.offers import Architecture, Augmentation, Dataset, Loss, Optimizer
from gan_bench.contract.protocol import Cell, Plan, Protocol
from gan_bench.contract.schedule import Recipe, Schedule
from gan_bench.measure.weights import weights_of
from gan_bench.results.layout import GRID_SIDE, PROTOCOL, STARTS, grid_pixels
from gan_bench.results.reading import last_line, read_model
from gan_bench.results.records import Cost, Record, read_record
from gan_bench.results.shown import TILE, WALK_SIDE
from gan_bench.run.cell import failure_reason
from gan_bench.run.time_measuring import TIMED_IMAGES, Measuring, Timer, seconds_of
from gan_bench.train.cost import device_name, parameters, peak_memory
from gan_bench.train.first_step import FirstStep
from gan_bench.train.loop import train
from gan_bench.train.pair import checked
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
    measure_seconds: float  # at its ticks and at its end
    end_seconds: float  # of these, at its end: so long takes a trained cell that is measured anew
    memory_bytes: int  # the peak of its process, or of the GPU
    checkpoint_bytes: int  # of one checkpoint
    kept_bytes: int  # of what stays when it is done


@dataclass(frozen=True)
class Estimates:
    """An estimate for each pair of architecture and loss, and what all of them share."""

    pairs: tuple[Estimate, ...]
    once_seconds: float  # for the features of the real images and the scale of the protocol
    refused: tuple[str, ...] = ()  # a sentence for each pair that cannot take its first step


def estimate(
    plan: Plan, dataset: Dataset, catalogue: Catalogue, results: Path, timer: Timer
) -> Estimates:
    """Estimate each pair of the plan.

    From records in `results` of this machine with the same architecture and loss, whose steps were
    the same work; if a pair has none, a few of its steps are timed on random images. UsageError if
    no pair can be trained.
    """
    device = plan.cells[0].environment.device
    others = list(_others(results))
    measuring: Measuring | None = None
    pairs, refused = list[Estimate](), list[str]()
    for cell in {(each.architecture, each.loss): each for each in plan.cells}.values():
        protocol = _under(cell.recipe, plan.protocol)
        folder = Path(cell.architecture, cell.loss)
        known = [pair for other, home in others for pair in _costs(other, home / folder, device)]
        costs = [(other, cost) for other, cost in known if _work(other) == _work(protocol)]
        if costs:
            pairs.append(_from_records(cell, protocol, costs))
            continue
        measuring = measuring or _time_measuring(plan, dataset, catalogue, timer)
        classes = dataset.modes or SOME_CLASSES
        try:
            pairs.append(_timed(cell, protocol, catalogue, measuring, classes))
        except (Exception, SystemExit) as error:  # whatever a plugin raises
            reason = failure_reason(error, protocol.schedule.batch)
            refused.append(f"{cell.architecture} cannot be trained with {cell.loss}: {reason}")
    if refused and not pairs:
        raise UsageError("; ".join(refused))
    return Estimates(tuple(pairs), measuring.once_seconds if measuring else 0, tuple(refused))


def _under(recipe: Recipe, protocol: Protocol) -> Protocol:
    """The protocol as one cell is trained: with its own schedule."""
    return protocol.model_copy(update={"schedule": recipe.applied_to(protocol.schedule)})


# From records


def _others(results: Path) -> Iterator[tuple[Protocol, Path]]:
    """All protocols in the results, and their folders."""
    for path in sorted(results.glob(f"*/{PROTOCOL}")):
        try:
            yield read_model(path, Protocol), path.parent
        except StorageError:  # which the report shows
            continue


def _work(protocol: Protocol) -> tuple[object, ...]:
    """What decides how long a step takes."""
    schedule = protocol.schedule
    shape, precision = protocol.data.shape, schedule.precision
    work = shape, schedule.batch, schedule.d_steps, precision, schedule.augment
    return *work, schedule.optimizer


def _costs(other: Protocol, pair: Path, device: str) -> Iterator[tuple[Protocol, Cost]]:
    """The costs of a pair's cells that ran on this machine and device, and what each ran under."""
    for folder in sorted(pair.glob("seed*")):
        try:
            record: Record = read_record(folder)
        except StorageError:  # there is none yet, or none that can be read
            continue
        here = last_line(folder / STARTS).get("host") == socket.gethostname()
        if here and record.device == device_name(device) and record.cost:
            yield _under(record.recipe, other), record.cost


def _from_records(cell: Cell, protocol: Protocol, costs: list[tuple[Protocol, Cost]]) -> Estimate:
    shown = protocol.schedule.shown(protocol.schedule.updates)
    seconds = [
        cost.evaluate_seconds * _measured(protocol) / _measured(other) for other, cost in costs
    ]
    g, d = costs[0][1].g_parameters, costs[0][1].d_parameters
    return Estimate(
        architecture=cell.architecture,
        loss=cell.loss,
        basis="records",
        train_seconds=shown / median(cost.images_per_second for _, cost in costs),
        measure_seconds=median(seconds),
        end_seconds=median(seconds) * protocol.evaluation.samples / _measured(protocol),
        memory_bytes=int(max(cost.peak_memory_mib for _, cost in costs) * 2**20),
        checkpoint_bytes=_checkpoint_bytes(g, d, protocol.schedule),
        kept_bytes=_kept_bytes(g, protocol),
    )


def _measured(protocol: Protocol) -> int:
    """Generated images of a cell that are measured, at its ticks and at its end."""
    evaluation = protocol.evaluation
    return evaluation.samples + protocol.schedule.looks * evaluation.tick_samples


# From timed steps


def _time_measuring(plan: Plan, dataset: Dataset, catalogue: Catalogue, timer: Timer) -> Measuring:
    environment = plan.cells[0].environment
    weights = weights_of(environment)
    return timer.measuring(plan.protocol, dataset, catalogue, environment.device, weights)


def _begin(cell: Cell, protocol: Protocol, catalogue: Catalogue, classes: int) -> Training:
    schedule = protocol.schedule
    return begin(
        catalogue.find(Architecture, cell.architecture),
        protocol.data.shape,
        schedule,
        0,
        cell.environment.device,
        [catalogue.find(Augmentation, name) for name in schedule.augment],
        classes,
        optimizer=catalogue.find(Optimizer, schedule.optimizer),
        loss=catalogue.find(Loss, cell.loss),
    )


def _timed(
    cell: Cell, protocol: Protocol, catalogue: Catalogue, measuring: Measuring, classes: int
) -> Estimate:
    """An estimate from a few steps, after a first one that is checked as that of a run is."""
    schedule, evaluation = protocol.schedule, protocol.evaluation
    loss = catalogue.find(Loss, cell.loss)
    random, count = np.random.default_rng(0), max(schedule.batch, TIMED_IMAGES)
    pixels = random.integers(0, 256, (count, *protocol.data.shape), np.uint8)
    labels = random.integers(0, classes, count)
    start = partial(_begin, cell, protocol, catalogue, classes)
    FirstStep(start, checked(loss), pixels, schedule, 0, labels).take(start())
    training = start()
    step = _step_seconds(training, loss, pixels, labels, schedule)
    given = latents(training, 0, TIMED_IMAGES, labels)
    generate(training, given, schedule.batch)  # not timed: the first call is slower
    drawing = seconds_of(lambda: generate(training, given, schedule.batch)) / TIMED_IMAGES
    at_ticks = max(GRID_SIDE**2, evaluation.tick_samples)
    images = evaluation.samples + schedule.looks * at_ticks
    g, d = parameters(training.G), parameters(training.D)
    return Estimate(
        architecture=cell.architecture,
        loss=cell.loss,
        basis="timed steps",
        train_seconds=step * schedule.updates,
        measure_seconds=images * drawing + measuring.cell_seconds,
        end_seconds=evaluation.samples * drawing + measuring.end_seconds,
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
    """G, D, two numbers of the optimizer for each, and the moving average of G, in fp32."""
    return 4 * (3 * (g + d) + (g if schedule.ema_kimg else 0))


def _kept_bytes(g: int, protocol: Protocol) -> int:
    """The weights of G, a sample grid at every tick, a walk through z, and a few text files."""
    C, H, W = protocol.data.shape
    grid = C * grid_pixels(GRID_SIDE, H) * grid_pixels(GRID_SIDE, W)
    walk = WALK_SIDE**2 * min(H, TILE) * min(W, TILE) * BYTES_PER_PIXEL
    return 4 * g + protocol.schedule.looks * grid + round(walk) + LINES
