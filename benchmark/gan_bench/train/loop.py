"""The training loop. It yields the rows of the curve and the ticks; the caller writes them down."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.utils import get_total_norm

from gan_bench.base import rng
from gan_bench.base.numbers import CURVE_COLUMNS
from gan_bench.contract.errors import UsageError
from gan_bench.contract.offers import Loss
from gan_bench.contract.protocol import Schedule
from gan_bench.contract.step import Step
from gan_bench.train.batches import Batch, Batches
from gan_bench.train.cuda_graph import RecordedStep
from gan_bench.train.state import Training, begin_row

POINTS = 200  # rows of a curve


class Diverged(Exception):
    """A loss, score, gradient or image is no longer finite. An outcome, not a fault."""

    def __init__(self, what: str, step: int | None = None) -> None:
        """`step`: the first one with such a number, if known; a row of the curve ends later."""
        super().__init__(what)
        self.step = step


@dataclass(frozen=True)
class Point:
    """One row of a curve: means over the steps since the row before."""

    step: int
    kimg: float
    loss_d: float
    loss_g: float
    real_score: float  # mean of sigmoid(D(x)): 1 when D is sure that real images are real
    fake_score: float  # mean of sigmoid(D(G(z))): 0 when D is sure that fakes are fake
    grad_d: float  # norm of the whole gradient
    grad_g: float


@dataclass(frozen=True)
class Tick:
    """A moment at which the cell is scored, sampled and saved; the training is not changed."""

    step: int
    kimg: float


@dataclass(frozen=True)
class Due:
    """Which of the loss's penalties a step computes; other steps leave them out."""

    penalty: bool
    g_penalty: bool


def train(
    training: Training,
    loss: Loss,
    images: np.ndarray,
    schedule: Schedule,
    seed: int,
    stopping: Callable[[], bool] = lambda: False,
    labels: np.ndarray | None = None,
) -> Iterator[Point | Tick]:
    """Train on images (n, C, H, W) uint8 to the schedule's end, or until `stopping` says so.

    `labels` (n,) int64 are the classes of the images. `stopping` is asked before every step. Yields
    a Point at each of 200 places and a Tick at each of the schedule's. Raises Diverged at a Point
    whose numbers are not finite. A second call goes on at the step that the training is at.
    """
    if (loss.state is None) != (training.loss_state is None):
        raise UsageError(f"the training was begun with another loss than {loss.name}")
    pair, ema, augment = training.pair, training.ema, training.augment
    G, D = pair.G, pair.D
    bf16 = schedule.precision == "bf16"
    autocast = torch.autocast(torch.device(training.device).type, torch.bfloat16, enabled=bf16)
    # a recorded step reads these here
    ema_decay, kimg, progress = torch.zeros(3, device=training.device)

    # One step. It stays on the device, in the same memory every time, so it can be recorded.
    def step(batch: Batch, due: Due) -> None:
        if training.anneal is not None:
            with torch.no_grad():
                training.anneal(G, D, progress)

        # Update D: real and fake in separate calls, so that each has its own BatchNorm statistics
        for pixels, z, numbers, given in batch.updates():
            y = given if len(given) else None  # (N,)
            for_real, for_fake, for_g = numbers  # (N, draws) each
            x = pixels.float() / 127.5 - 1  # (N, C, H, W) in [-1, 1]
            x = x.contiguous(memory_format=torch.channels_last)
            x = augment.real(x, for_real)
            with autocast:
                fake = pair.make(z, y)  # (N, C, H, W) in [-1, 1]
                seen = augment.fake(fake.detach(), for_fake)
                on_real, on_fake = pair.judge(x, y), pair.judge(seen, y)  # logits (N, ...)
            now = Step(
                G=G, D=D, make=partial(pair.make, labels=y), judge=partial(pair.judge, labels=y),
                x=x, fake=seen.float(), z=z, labels=y, on_real=on_real, on_fake=on_fake,
                kimg=kimg, progress=progress, state=training.loss_state,
            )  # fmt: skip
            loss_d = loss.d_loss(on_real.logits, on_fake.logits)
            if due.penalty and loss.penalty is not None:
                loss_d = loss_d + loss.penalty_every * loss.penalty(now)
            training.opt_d.zero_grad()
            loss_d.backward()  # type: ignore[no-untyped-call]
            grad_d = _gradient_norm(D)
            training.opt_d.step()
            if loss.after_d is not None:
                with torch.no_grad():
                    loss.after_d(D)

        # Update G: through a frozen D, with the images that D saw last
        with _frozen(D):
            with autocast:
                real_for_g = pair.judge(x, y) if loss.reads_real else None
                seen_for_g = augment.fake(fake, for_g)
                fake_for_g = pair.judge(seen_for_g, y)
            real_logits = real_for_g.logits if real_for_g is not None else None
            loss_g = loss.g_loss(real_logits, fake_for_g.logits)
            if due.g_penalty and loss.g_penalty is not None:
                now = replace(now, fake=seen_for_g.float(), on_real=real_for_g, on_fake=fake_for_g)
                loss_g = loss_g + loss.g_penalty_every * loss.g_penalty(now)
            training.opt_g.zero_grad()
            loss_g.backward()  # type: ignore[no-untyped-call]
            grad_g = _gradient_norm(G)
            training.opt_g.step()

        # Update the moving average of G
        if ema is not G:
            _average(ema, G, ema_decay)

        # Add to the row of the curve, in the order of CURVE_COLUMNS
        scores = [each.logits.sigmoid().mean() for each in (on_real, on_fake)]
        training.totals += torch.stack([loss_d, loss_g, *scores, grad_d, grad_g]).detach()
        training.finite_steps += training.totals.isfinite().all()

    # All steps
    take_step = RecordedStep(step, training.recorder)
    batches = Batches(
        images, schedule, seed, training.z_dim, training.device,
        draws=augment.draws, labels=labels,
    )  # fmt: skip
    G.train()
    D.train()
    with closing(batches.from_step(training.step)) as upcoming:
        while training.step < schedule.updates and not stopping():
            # noise inside the networks (dropout) depends on the step alone
            torch.manual_seed(rng.key(seed, "noise", training.step))
            if ema is not G:
                ema_decay.fill_(schedule.ema_decay(training.step + 1))
            kimg.fill_(schedule.shown(training.step) / 1000)
            progress.fill_(training.step / schedule.updates)
            due = Due(
                training.step % loss.penalty_every == 0, training.step % loss.g_penalty_every == 0
            )
            training.rates.set_for(schedule, training.step)
            take_step(next(upcoming), due)
            training.step += 1
            training.steps_in_row += 1
            training.computed = replace(
                training.computed,
                images=batches.placement,
                step="cuda graph" if take_step.recorded else "eager",
                graph_refused=take_step.refused or training.tried.unrecordable,
            )

            # What is due at this step
            shown = schedule.shown(training.step) / 1000
            if _reached(training.step, POINTS, schedule.updates):
                yield _end_row(training, shown)
            if _reached(training.step, schedule.ticks, schedule.updates):
                yield Tick(training.step, shown)


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """Compute no gradients of its parameters. Those that its author froze stay frozen."""
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)


def _gradient_norm(network: nn.Module) -> Tensor:
    return get_total_norm([p.grad for p in network.parameters() if p.grad is not None])


@torch.no_grad()
def _average(ema: nn.Module, G: nn.Module, decay: Tensor) -> None:
    """ema = decay ema + (1 - decay) G, BatchNorm's statistics included; all else is copied.

    The average of a singular vector or of an annealed share is of no use to the averaged weights.
    """
    norms = [module for module in G.modules() if isinstance(module, _NormBase)]
    averaged = {id(buffer) for norm in norms for buffer in norm.buffers(recurse=False)}
    averaged |= {id(parameter) for parameter in G.parameters()}
    weight = 1 - decay
    pairs = zip([*ema.parameters(), *ema.buffers()], [*G.parameters(), *G.buffers()], strict=True)
    for average, value in pairs:
        if id(value) in averaged and average.is_floating_point():
            average.lerp_(value, weight)
        else:
            average.copy_(value)
    for mine, layer in zip(ema.modules(), G.modules(), strict=True):
        if type(layer).get_extra_state is not nn.Module.get_extra_state:
            mine.set_extra_state(copy.deepcopy(layer.get_extra_state()))


def _reached(step: int, times: int, total: int) -> bool:
    """Whether one of `times` evenly spaced places of `total` steps is reached by this step."""
    return step * times // total > (step - 1) * times // total


def _end_row(training: Training, kimg: float) -> Point:
    """The row of the curve that ends here; the next one begins."""
    means = (training.totals / training.steps_in_row).tolist()
    values = dict(zip(CURVE_COLUMNS, means, strict=True))
    bad = [name for name, value in values.items() if not math.isfinite(value)]
    if bad:
        # a sum that is not finite stays so: the steps before the first one are those counted
        first = training.step - training.steps_in_row + int(training.finite_steps) + 1
        raise Diverged(f"{', '.join(bad)} not finite from step {first}", first)
    begin_row(training)
    return Point(step=training.step, kimg=kimg, **values)
