"""What the offers of a training are checked with: a loss, a pair, images, and a small schedule."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus

from gan_bench.contract.offers import Architecture, Loss, Optimizer, Shape
from gan_bench.contract.protocol import Schedule
from gan_bench.contract.step import Output, Step
from gan_bench.train.state import Training, begin

CLASSES = 4  # of the labels in a check
IMAGES = 64
SHAPE = (3, 16, 16)
SCHEDULE = Schedule(kimg=1e6, batch=16)


def logistic() -> Loss:
    """The loss that architectures are checked with."""
    return Loss(
        name="logistic",
        source="Goodfellow et al. 2014, section 3.",
        d_loss=lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
        g_loss=lambda _, fake: softplus(-fake).mean(),
        penalty=_classes,
    )


def _classes(step: Step) -> Tensor:
    """The cross-entropy of the classes, for a D that gives some, so that it learns them too."""
    if step.on_real is None or step.on_real.classes is None or step.labels is None:
        return step.x.new_zeros(())
    return cross_entropy(step.on_real.classes, step.labels)


class _Generator(nn.Module):
    def __init__(self, shape: Shape, classes: int) -> None:
        super().__init__()
        C, H, W = shape
        self.classes = nn.Embedding(classes, 8)
        self.layers = nn.Sequential(
            nn.Linear(16, 8 * H * W // 16), nn.Unflatten(1, (8, H // 4, W // 4)),
            nn.BatchNorm2d(8), nn.ReLU(), nn.Upsample(scale_factor=4),
            nn.Conv2d(8, C, 3, padding=1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        images: Tensor = self.layers(torch.cat([z, self.classes(y)], 1))
        return images


class _Discriminator(nn.Module):
    def __init__(self, shape: Shape, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(shape[0], 8, 4, stride=4), nn.BatchNorm2d(8), nn.LeakyReLU(0.2)
        )
        self.head, self.classes = nn.Linear(8, 1), nn.Linear(8, classes)

    def forward(self, x: Tensor, y: Tensor) -> Output:
        features = self.layers(x).mean((2, 3))
        return Output(self.head(features).flatten(), features, self.classes(features))


# What losses are checked with: it has everything that a loss may read.
REFERENCE = Architecture(
    name="the pair of this check",
    source="Two small networks.",
    z_dim=8,
    generator=_Generator,
    discriminator=_Discriminator,
    conditional=True,
)


def images_of(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """Random images (N, C, H, W) uint8 and their classes (N,)."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (IMAGES, *shape), np.uint8)
    return pixels, random.integers(0, CLASSES, IMAGES)


def begun(
    arch: Architecture = REFERENCE,
    shape: Shape = SHAPE,
    schedule: Schedule = SCHEDULE,
    device: str = "cpu",
    optimizer: Optimizer | None = None,
    loss: Loss | None = None,
) -> Training:
    """A training before its first step."""
    optimizer = optimizer or Optimizer(name=schedule.optimizer, source="torch's Adam.", make=_adam)
    schedule = schedule.model_copy(update={"optimizer": optimizer.name})
    return begin(arch, shape, schedule, 0, device, classes=CLASSES, optimizer=optimizer, loss=loss)


def _adam(
    parameters: list[nn.Parameter], lr: float | Tensor, betas: tuple[float, float], on_cuda: bool
) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr, betas, capturable=on_cuda)
