"""The one plugin of the suite: networks that train in milliseconds, and faults on demand.

Tests import it, or copy this file and name it with --plugin. Environment variables that it reads:
TINY_SECONDS, how long a step takes, so that there is time to kill it; SPY, a file that gets every
z that is drawn from in eval mode.
"""

from __future__ import annotations

import ctypes
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_bench import (
    Architecture,
    Augmentation,
    Evidence,
    Features,
    Influence,
    Loss,
    Metric,
    hookimpl,
)

PATH = Path(__file__)
Z_DIM = 6
Shape = tuple[int, ...]


class Probe(nn.Module):
    """Passes z on; see the environment variables above."""

    def forward(self, z: Tensor) -> Tensor:
        if self.training:
            time.sleep(float(os.environ.get("TINY_SECONDS", "0")))
        elif "SPY" in os.environ:
            with Path(os.environ["SPY"]).open("ab") as file:
                file.write(z.numpy().tobytes())
        return z


def generator(shape: Shape, z_dim: int = Z_DIM, hidden: int = 8) -> nn.Sequential:
    return nn.Sequential(
        Probe(), nn.Linear(z_dim, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Dropout(0.1),
        nn.Linear(hidden, prod(shape)), nn.Tanh(), nn.Unflatten(1, shape),
    )  # fmt: skip


def discriminator(shape: Shape) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(prod(shape), 1), nn.Flatten(0))


def offer(name: str, G: Callable[[Shape], nn.Module] = generator) -> Architecture:
    return Architecture(
        name=name, source="a test", z_dim=Z_DIM, generator=G, discriminator=discriminator
    )


# Generators with a fault


class Acting(nn.Module):
    """The tiny generator, which also acts: at every step that trains it, or at the 50th alone."""

    def __init__(self, act: Callable[[Tensor], object], at: int | None, shape: Shape) -> None:
        super().__init__()
        self.inner, self.act, self.at, self.steps = generator(shape), act, at, 0

    def forward(self, z: Tensor) -> Tensor:
        self.steps += self.training
        if self.training and self.at in (None, self.steps):
            self.act(z)
        made: Tensor = self.inner(z)
        return made


class Stateful(Probe):
    """Keeps a module of Python in its state, which no safe reader takes back."""

    def get_extra_state(self) -> Any:
        return sys

    def set_extra_state(self, state: Any) -> None:
        pass


class Apply(nn.Module):
    """A function as a layer."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def vanish(_: Tensor) -> None:
    sys.stdout.write("what the plugin prints\n")
    sys.stdout.flush()
    os._exit(0)


ACTS: dict[str, Callable[[Tensor], object]] = {
    "hangs": lambda _: time.sleep(1000),
    "exits": lambda _: sys.exit(5),
    "vanishes": vanish,
    "crashes": lambda _: ctypes.string_at(0),
    "killed": lambda _: os.kill(os.getpid(), 9),
    "raises": lambda _: [][1],
    "greedy": lambda _: torch.empty(2**60),
    "huge": lambda z: torch.ones(150_000_000, device=z.device),  # 600 MB, given back at once
    "draws": lambda _: random.random(),
    "draws-numpy": lambda _: np.random.rand(),
    "threads": lambda _: torch.set_num_threads(3),
    "doubles": lambda _: torch.set_default_dtype(torch.float64),
    "leaves": lambda _: os.chdir("/"),
    "masks": lambda _: os.umask(0o777),
    "clears": lambda _: os.environ.pop("HOME", None),
    "ungraded": lambda _: torch.set_grad_enabled(False),
    "deaf": lambda _: signal.signal(signal.SIGTERM, signal.SIG_IGN),
    "lingers": lambda _: threading.Thread(target=time.sleep, args=(1000,)).start(),
    "reseeds": lambda _: torch.manual_seed(1),
    "behaves": lambda _: torch.rand(()),
}


def tied(shape: Shape) -> nn.Sequential:
    G = generator(shape, hidden=Z_DIM)
    G[1].weight = nn.Parameter(torch.randn(Z_DIM, Z_DIM))
    return nn.Sequential(G[1], G[1], *G[2:])


def seeded(shape: Shape) -> nn.Module:
    torch.manual_seed(0)
    return generator(shape)


def broken(shape: Shape) -> nn.Module:
    raise ValueError("no such | thing\nas this")


def unbounded(shape: Shape) -> nn.Module:
    return nn.Sequential(
        nn.Linear(Z_DIM, prod(shape)), nn.Unflatten(1, shape), Apply(lambda x: 450 * x)
    )


@hookimpl
def gan_bench_architectures() -> list[Architecture]:
    return [
        offer("tiny"),
        offer("wide", partial(generator, hidden=30)),
        offer("tied", tied),
        offer("seeded", seeded),
        offer("broken", broken),
        offer("flat", lambda shape: nn.Sequential(nn.Linear(Z_DIM, 4), nn.Tanh())),
        offer("unbounded", unbounded),
        offer("half", lambda shape: generator(shape).append(Apply(lambda x: x.half()))),
        offer("stateful", lambda shape: nn.Sequential(Stateful(), *generator(shape))),
        *(offer(name, partial(Acting, act, None)) for name, act in ACTS.items()),
        *(offer(f"{name}-later", partial(Acting, act, 50)) for name, act in ACTS.items()),
    ]


# Augmentations, losses, features, metrics


@hookimpl
def gan_bench_augmentations() -> list[Augmentation]:
    """`overexposed` leaves the range of real images."""

    def overexposed(images: Tensor, _: Tensor) -> Tensor:
        return images + 1

    return [Augmentation(name="overexposed", source="a test", draws=0, apply=overexposed)]


def d_loss(real: Tensor, fake: Tensor) -> Tensor:
    return softplus(-real).mean() + softplus(fake).mean()


def g_loss(_: Tensor | None, fake: Tensor) -> Tensor:
    return softplus(-fake).mean()


@hookimpl
def gan_bench_losses() -> list[Loss]:
    steps = iter(range(1000))

    def diverging(real: Tensor, fake: Tensor) -> Tensor:
        return d_loss(real, fake) * (float("nan") if next(steps) == 5 else 1)

    return [
        Loss(name="plain", source="a test", d_loss=d_loss, g_loss=g_loss),
        Loss(name="diverging", source="a test", d_loss=diverging, g_loss=g_loss),
        Loss(name="each", source="a test", d_loss=d_loss, g_loss=lambda _, fake: softplus(-fake)),
        Loss(
            name="classes",
            source="a test",
            d_loss=d_loss,
            g_loss=g_loss,
            reads=("classes",),
            penalty=lambda step: step.on_fake.classes.mean(),
        ),
    ]


@hookimpl
def gan_bench_features() -> list[Features]:
    """`eye`: the pixels themselves."""

    def load(device: str, weights: Path | None) -> Callable[[Tensor], Tensor]:
        return lambda images: images.flatten(1).float()

    return [Features(name="eye", source="a test", digest=lambda _: "aa", load=load)]


@hookimpl
def gan_bench_metrics(features: Any) -> list[Metric]:
    """`brightness`, with terms of each image, a detail and evidence, and one that is broken."""

    def brightness(samples: Any) -> float:
        return float(samples.fake.mean() - samples.real.mean())

    def breaking(samples: Any) -> float:
        raise ValueError("the eigenvalues are wrong")

    def influence(samples: Any) -> Influence:
        fake, real = (rows.mean(1) - rows.mean() for rows in (samples.fake, samples.real))
        return Influence(fake=fake, real=-real)

    def brightest(samples: Any) -> Evidence:
        """The three brightest images, each beside a training image."""
        rows = np.argsort(-samples.fake.mean(1), kind="stable")[:3, None]
        return Evidence(says="the brightest", fake=rows, train=np.array([[0], [1], [2]]))

    given: dict[str, Any] = {"source": "a test", "higher_is_better": True, "features": "eye"}
    return [
        Metric(
            name="brightness",
            compute=brightness,
            influence=influence,
            detail=lambda _: "every pixel alike",
            evidence=brightest,
            **given,
        ),
        Metric(name="breaking", compute=breaking, **given),
    ]
