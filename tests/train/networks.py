"""What the tests of this folder train: the suite's tiny G with two Ds, one loss, fifty images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

import tiny_plugin
from gan_bench import Architecture, Augmentation, Loss, Optimizer, Schedule, Shape
from gan_bench.train import state
from gan_bench.train.loop import Point, Tick, train
from gan_bench.train.state import Training
from gan_bench_plugins.optimizers import gan_bench_optimizers
from tiny_plugin import d_loss, g_loss

SHAPE = (3, 8, 8)
IMAGES = np.random.default_rng(0).integers(0, 256, (50, *SHAPE), dtype=np.uint8)
SCHEDULE = Schedule(kimg=0.2, batch=8, lr_g=1e-2, lr_d=1e-2)  # 25 updates


OPTIMIZERS = {each.name: each for each in gan_bench_optimizers()}
ADAM = OPTIMIZERS["adam"]


def discriminator(shape: Shape) -> nn.Module:
    """Convolution, BatchNorm and dropout."""
    C, H, W = shape
    return nn.Sequential(
        nn.Conv2d(C, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(4 * H * W, 1),
        nn.Flatten(0),
    )


def pair(z_dim: int = 5, **changes: Any) -> Architecture:
    """The suite's G, and a D with all that a D may have; `changes` replace its parts."""
    parts: dict[str, Any] = {
        "name": "tiny",
        "generator": partial(tiny_plugin.generator, z_dim=z_dim),
        "discriminator": discriminator,
    }
    return Architecture(**{"source": "a test", "z_dim": z_dim, **parts, **changes})


def flat(z_dim: int = 5) -> Architecture:
    """The suite's pair, whose D is one matrix."""
    return pair(z_dim, discriminator=tiny_plugin.discriminator)


def make_loss(**changes: Any) -> Loss:
    """The non-saturating loss; `changes` replace its parts."""
    parts: dict[str, Any] = {"name": "plain", "d_loss": d_loss, "g_loss": g_loss}
    return Loss(source="a test", **parts | changes)


LOSS = make_loss()


def augmentation(
    name: str,
    apply: Callable[[Tensor, Tensor], Tensor],
    draws: int,
    changes: Literal["real", "real and fake"],
) -> Augmentation:
    return Augmentation(name=name, source="a test", apply=apply, draws=draws, changes=changes)


def shade(images: Tensor, numbers: Tensor) -> Tensor:
    """Each image a little greyer; 1 number an image."""
    return images * (1 - numbers[:, :, None, None] / 2)


def blot(images: Tensor, numbers: Tensor) -> Tensor:
    """One row of each image becomes 0, wherever the first of 2 numbers says."""
    row = (numbers[:, 0] * SHAPE[1]).long()
    here = torch.arange(SHAPE[1], device=images.device) == row[:, None]
    return images.masked_fill(here[:, None, :, None], 0)


def begin(
    schedule: Schedule = SCHEDULE,
    seed: int = 0,
    arch: Architecture | None = None,
    augment: Sequence[Augmentation] = (),
    device: str = "cpu",
    optimizer: Optimizer | None = None,
    classes: int | None = None,
    loss: Loss | None = None,
) -> Training:
    optimizer = optimizer or OPTIMIZERS[schedule.optimizer]
    return state.begin(
        arch or pair(),
        SHAPE,
        schedule,
        seed,
        device,
        augment,
        classes,
        optimizer=optimizer,
        loss=loss,
    )


def run(
    training: Training, loss: Loss = LOSS, schedule: Schedule = SCHEDULE, seed: int = 0
) -> list[Point | Tick]:
    return list(train(training, loss, IMAGES, schedule, seed))


def points(events: Iterable[Point | Tick]) -> list[Point]:
    return [event for event in events if isinstance(event, Point)]


def weights(*networks: nn.Module) -> bytes:
    """All parameters and buffers."""
    tensors = chain.from_iterable(network.state_dict().values() for network in networks)
    return b"".join(tensor.numpy().tobytes() for tensor in tensors)


def weights_of(training: Training) -> bytes:
    return weights(training.G, training.D, training.ema)


class Module(nn.Module):
    """A network that computes a function, with a parameter that does nothing."""

    def __init__(self, function: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.function = function
        self.unused = nn.Parameter(torch.zeros(()))

    def forward(self, given: Tensor) -> Any:
        answer = self.function(given)
        return answer + 0 * self.unused if isinstance(answer, Tensor) else answer
