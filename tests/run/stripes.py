"""Offers for doctor to examine that can be understood: images of stripes, one net, one metric."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from planning import offer
from torch import Tensor, nn

from gan_bench import (
    Architecture,
    Dataset,
    Engine,
    Features,
    Images,
    Loss,
    Metric,
    Optimizer,
    Preset,
    Samples,
    Schedule,
)  # fmt: skip
from gan_bench.catalogue import Catalogue
from gan_bench.run import doctor
from gan_bench.run.machine import Check
from gan_bench.run.request import Request


def stripes(count: int, seed: int) -> np.ndarray:
    """(count, 1, 16, 16): soft stripes as wide as their mode, which is in the corner pixel."""
    rng = np.random.default_rng(seed)
    across = np.arange(16)[None, None, None] + rng.uniform(0, 16, (count, 1, 1, 1))
    waves = np.sin(across * 2 * np.pi / (2 + modes(count)[:, None, None, None] % 10))
    down = rng.uniform(0.8, 1, (count, 1, 16, 1))
    images = np.asarray(100 + 60 * waves * down).astype(np.uint8)
    images[:, 0, 0, 0] = 10 * modes(count)
    return images


def modes(count: int) -> np.ndarray:
    return np.arange(count) % 20


def load(*_: object) -> Images:
    return Images(
        train=stripes(700, 0),
        held_out=stripes(600, 1),
        train_labels=modes(700),
        held_out_labels=modes(600),
    )


def rough(device: str, weights: Path | None) -> Callable[[Tensor], Tensor]:
    """(N, 2): how much neighbours differ, and how bright the image is."""

    def see(images: Tensor) -> Tensor:
        pixels = images.float()
        return torch.stack([pixels.diff(dim=-1).abs().mean((1, 2, 3)), pixels.mean((1, 2, 3))], 1)

    return see


def gap(samples: Samples) -> float:
    return float(np.abs(samples.real.mean(0) - samples.fake.mean(0)).sum())


def kinds(samples: Samples) -> float:
    return len(np.unique(samples.fake, axis=0)) / len(samples.fake)


def metric(name: str, compute: Callable[[Samples], float] = gap, **more: Any) -> Metric:
    given = {"higher_is_better": False, "source": ""} | more
    return Metric(name=name, compute=compute, **given)


def net(name: str, **more: Any) -> Features:
    given = {"source": "", "digest": lambda _: "ab" * 32, "load": rough} | more
    return Features(name=name, **given)


USUAL = (
    Architecture(
        name="a", source="", z_dim=1, generator=lambda _: nn.Flatten(), discriminator=nn.Flatten
    ),
    Loss(name="l", source="", d_loss=max, g_loss=max),
    Optimizer(name="adam", source="", make=lambda *_: None),
    Engine(name="e", source="", start=lambda *_: iter(())),
    Dataset(name="stripes", source="", version="1", load=load),
    net("eye"),
    metric("gap", sees=("blur", "noise")),
)


def catalogue(*offers: Any, gauges: tuple[str, ...] = ()) -> Catalogue:
    preset = Preset(
        name="p", source="", devices=("cpu",), dataset="stripes", architectures=("a",),
        losses=("l",), size=16, schedule=Schedule(kimg=1), features=("eye",), metrics=("gap",),
        samples=2048, engine="e", gauges=gauges,
    )  # fmt: skip
    offer(made := Catalogue(), *USUAL, preset, *offers)
    return made


def examined(known: Catalogue, **more: Any) -> dict[str, Check]:
    return {check.name: check for check in doctor.examine(known, Path("results"), Request(**more))}


def failed(checks: dict[str, Check]) -> list[str]:
    return [name for name, check in checks.items() if check.status == "failed"]
