"""The one training loop. It yields what it sees; the caller writes it down."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from torch.optim import Adam, Optimizer

from gan_bench.base import rng
from gan_bench.base.precision import settle
from gan_bench.contract.offers import Architecture, Loss, Shape
from gan_bench.contract.protocol import Schedule
from gan_bench.train.batches import Batch, Batches
from gan_bench.train.cuda_graph import CudaStream, RecordedStep, keeps_plain_values
from gan_bench.train.pair import build_pair

POINTS = 200  # rows of a curve
COLUMNS = ("loss_d", "loss_g", "real_score", "fake_score", "grad_d", "grad_g")


class Diverged(Exception):
    """A loss, score, gradient or image is no longer finite. An outcome, not a fault."""


@dataclass(frozen=True)
class Point:
    """One row of a curve: means since the row before."""

    step: int
    kimg: float
    loss_d: float
    loss_g: float
    real_score: float  # mean of s(D(x)): 1 when D is sure that real images are real
    fake_score: float  # mean of s(D(G(z))): 0 when D is sure that fakes are fake
    grad_d: float  # norm of the whole gradient
    grad_g: float


@dataclass(frozen=True)
class Tick:
    """A moment at which the cell is looked at; looking changes no bit of the training."""

    step: int
    kimg: float


@dataclass
class Training:
    """The whole state of one cell's training."""

    G: nn.Module
    D: nn.Module
    ema: nn.Module  # the G that is judged: its moving average, or G itself
    opt_g: Optimizer
    opt_d: Optimizer
    z_dim: int
    device: str
    step: int = 0
    # since the last Point: the sum of the COLUMNS, steps taken, steps after which it was finite
    totals: Tensor = field(default_factory=lambda: torch.zeros(len(COLUMNS)))
    since: int = 0
    good: Tensor = field(default_factory=lambda: torch.zeros(()))
    # how it is computed: changes the speed and the last bits, so it is for the record
    how: dict[str, str] = field(default_factory=dict)


def begin(arch: Architecture, shape: Shape, schedule: Schedule, seed: int, device: str) -> Training:
    """A cell's state before its first step."""
    G, D = (
        # channels_last is a layout, not another result: convolutions run faster in it
        network.to(device).to(memory_format=torch.channels_last)
        for network in build_pair(arch, shape, seed)
    )
    adam = partial(Adam, betas=schedule.betas, fused=True, capturable=device.startswith("cuda"))
    return Training(
        G=G,
        D=D,
        ema=copy.deepcopy(G).requires_grad_(False) if schedule.ema_kimg else G,
        opt_g=adam(G.parameters(), schedule.lr_g),
        opt_d=adam(D.parameters(), schedule.lr_d),
        z_dim=arch.z_dim,
        device=device,
        totals=torch.zeros(len(COLUMNS), device=device),
        good=torch.zeros((), device=device),
        how=settle(device),
    )


def train(
    cell: Training,
    loss: Loss,
    images: np.ndarray,
    schedule: Schedule,
    seed: int,
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[Point | Tick]:
    """Train to the schedule's end, or till `stopping` at the end of a step, on (n, C, H, W) uint8.

    Yields a Point at each of 200 places and a Tick at each of the schedule's; raises Diverged at
    the Point whose numbers are not finite, and names the step. Called again it goes on from
    there, with new images and new z.
    """
    feed = Batches(images, schedule, seed, cell.z_dim, cell.device)
    take = _fastest(cell, partial(_step, cell, loss, schedule))
    cell.how["images"] = feed.where()
    cell.G.train()
    cell.D.train()
    with closing(feed.batches(cell.step)) as batches:
        while cell.step < schedule.updates and not stopping():
            # noise inside the networks (dropout) depends on the step alone, not on what came before
            torch.manual_seed(rng.key(seed, "noise", cell.step))
            take(next(batches))  # no sync in here
            cell.how["step"] = _how_computed(take)
            cell.step += 1
            cell.since += 1
            kimg = schedule.shown(cell.step) / 1000
            if _due(cell.step, POINTS, schedule.updates):
                point = _point(cell, kimg)
                begin_row(cell)
                yield point
            if _due(cell.step, schedule.ticks, schedule.updates):
                yield Tick(cell.step, kimg)


def _fastest(cell: Training, step: Callable[[Batch], None]) -> Callable[[Batch], None]:
    """The step itself, or one that is recorded where that is faster and changes nothing."""
    if not cell.device.startswith("cuda") or keeps_plain_values(cell.G, cell.D):
        return step
    stream = CudaStream(cell.device)
    return RecordedStep(step, stream.aside, stream.record)


def _how_computed(take: Callable[[Batch], None]) -> str:
    if not isinstance(take, RecordedStep):
        return "step by step"
    return f"step by step: no CUDA graph, {take.why}" if take.why else "one CUDA graph"


def _step(cell: Training, loss: Loss, schedule: Schedule, batch: Batch) -> None:
    """d_steps updates of D, one of G and of its average; the COLUMNS are added to the totals.

    All of it happens on the device and in the same memory every time, so it can be recorded.
    """
    autocast = torch.autocast(
        torch.device(cell.device).type, torch.bfloat16, enabled=schedule.precision == "bf16"
    )

    # D: real and fake images in separate calls, so that each has BatchNorm statistics of its own
    for pixels, z in zip(batch.pixels, batch.z, strict=True):
        x = _to_float(pixels)  # (N, C, H, W) in [-1, 1]
        with autocast:
            fake = cell.G(z)  # (N, C, H, W) in [-1, 1]
            real_logits, fake_logits = cell.D(x), cell.D(fake.detach())  # (N,), (N,)
            loss_d = loss.d_loss(real_logits.float(), fake_logits.float())
            if loss.penalty is not None:
                loss_d = loss_d + loss.penalty(cell.D, x, fake.detach())
        cell.opt_d.zero_grad()
        loss_d.backward()  # type: ignore[no-untyped-call]
        grad_d = _gradient_norm(cell.D)
        cell.opt_d.step()

    # G: through a frozen D, with the fakes that D saw last
    trained = [parameter for parameter in cell.D.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    with autocast:
        judged_real = cell.D(x).float() if loss.relativistic else None
        loss_g = loss.g_loss(judged_real, cell.D(fake).float())
    cell.opt_g.zero_grad()
    loss_g.backward()  # type: ignore[no-untyped-call]
    grad_g = _gradient_norm(cell.G)
    cell.opt_g.step()
    for parameter in trained:
        parameter.requires_grad_(True)
    if cell.ema is not cell.G:
        _average(cell.ema, cell.G, 0.5 ** (schedule.shown(1) / (1000 * schedule.ema_kimg)))

    scores = [logits.float().sigmoid().mean() for logits in (real_logits, fake_logits)]
    cell.totals += torch.stack([loss_d, loss_g, *scores, grad_d, grad_g]).detach()
    cell.good += cell.totals.isfinite().all()


def _to_float(pixels: Tensor) -> Tensor:
    """(N, C, H, W) uint8 -> float in [-1, 1]."""
    return (pixels.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def _gradient_norm(network: nn.Module) -> Tensor:
    return get_total_norm([p.grad for p in network.parameters() if p.grad is not None])


@torch.no_grad()
def _average(ema: nn.Module, G: nn.Module, decay: float) -> None:
    """One step of the moving average, BatchNorm's statistics included; counters are copied."""
    mine = [*ema.parameters(), *ema.buffers()]
    theirs = [*G.parameters(), *G.buffers()]
    for old, new in zip(mine, theirs, strict=True):
        if old.is_floating_point():
            old.lerp_(new, 1 - decay)
        else:
            old.copy_(new)


def _due(step: int, times: int, total: int) -> bool:
    """Whether one of `times` evenly spaced places of `total` steps is reached by this step."""
    return step * times // total > (step - 1) * times // total


def _point(cell: Training, kimg: float) -> Point:
    means = (cell.totals / cell.since).tolist()
    values = dict(zip(COLUMNS, means, strict=True))
    bad = [name for name, value in values.items() if not math.isfinite(value)]
    if bad:
        first = cell.step - cell.since + int(cell.good) + 1  # a sum that is not finite stays so
        raise Diverged(f"{', '.join(bad)} not finite from step {first}, {kimg:.1f} kimg")
    return Point(step=cell.step, kimg=kimg, **values)


def begin_row(cell: Training) -> None:
    """Begin the next row of the curve."""
    cell.totals.zero_()
    cell.good.zero_()
    cell.since = 0
