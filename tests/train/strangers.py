"""The plugins in tests/strangers, and how a test trains what they offer."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from networks import ADAM, make_loss, pair
from torch import Tensor

from gan_bench import Architecture, Loss, Schedule
from gan_bench.catalogue import Catalogue, load
from gan_bench.train import state
from gan_bench.train.loop import Point, train
from gan_bench.train.pair import checked
from gan_bench.train.repeatable import Trial
from gan_bench.train.samples import Latents, generate
from gan_bench.train.state import Training, full_state

STRANGERS = Path(__file__).parents[1] / "strangers"
REFUSED = STRANGERS / "refused"
SHAPE, CLASSES = (3, 8, 8), 3
IMAGES = np.random.default_rng(0).integers(0, 256, (48, *SHAPE), dtype=np.uint8)
LABELS = np.arange(len(IMAGES)) % CLASSES
SCHEDULE = Schedule(kimg=0.144, batch=8, lr_g=2e-3, lr_d=2e-3, ema_kimg=0.05)  # 18 updates

Offer = TypeVar("Offer", Architecture, Loss)


@cache
def known() -> Catalogue:
    """What is known after --plugin was given for every file; no two offers share a name."""
    return load(STRANGERS.rglob("*.py"))


def offered(file: Path, kind: type[Offer]) -> list[Offer]:
    return [offer for offer, plugin in known().offers[kind].values() if plugin.name == str(file)]


def pairs_of(file: Path) -> list[tuple[Architecture, Loss]]:
    """Each architecture and loss of a file; a plain one where it has none of a kind."""
    losses = offered(file, Loss) or [make_loss()]
    return [(arch, loss) for arch in offered(file, Architecture) or [pair()] for loss in losses]


def begin(arch: Architecture, loss: Loss, schedule: Schedule = SCHEDULE, seed: int = 0) -> Training:
    return state.begin(
        arch, SHAPE, schedule, seed, "cpu", classes=CLASSES, optimizer=ADAM, loss=loss
    )


def go_on(
    training: Training, loss: Loss, schedule: Schedule = SCHEDULE, until: int | None = None
) -> list[Point]:
    """Train up to this step, or to the end."""
    last = until or schedule.updates
    events = train(
        training, checked(loss), IMAGES, schedule, 0, lambda: training.step >= last, LABELS
    )
    return [event for event in events if isinstance(event, Point)]


def trial(file: Path, k: int) -> Trial:
    """Of the k-th pair of a file, in this process or another."""
    arch, loss = pairs_of(file)[k]
    again = partial(trial, file, k)
    return Trial(lambda: begin(arch, loss), loss, IMAGES, LABELS, SCHEDULE, 0, again)


def measured(arch: Architecture, training: Training) -> bytes:
    """Images by the average of G, as every tick makes them."""
    labels = LABELS[:4] if arch.conditional else None
    z = np.random.default_rng(1).standard_normal((4, arch.z_dim), dtype=np.float32)
    return generate(training, Latents(z, labels), 4).tobytes()


def saved(training: Training) -> dict[str, Any]:
    """The whole state, written to a file and read back."""
    file = io.BytesIO()
    torch.save(full_state(training), file)
    file.seek(0)
    read: dict[str, Any] = torch.load(file, weights_only=True)
    return read


def plain(value: Any) -> Any:
    """The same with the bytes of each tensor, which == compares."""
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    return value.numpy().tobytes() if isinstance(value, Tensor) else value
