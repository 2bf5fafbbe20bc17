"""Grey images and metrics whose answers to every corruption are known by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from gan_bench import Dataset, Features, Images, Metric, NotHere, Preset, Samples, Schedule
from gan_bench.catalogue import Catalogue, Plugin
from gan_bench.run.audit_images import AuditRequest
from gan_bench.run.auditing import audit
from gan_bench.run.plan_audit import PlannedAudit, plan_audit
from gan_bench.run.request import Request

SIDE, CONTRAST = 32, 20
BOARD = CONTRAST * (2 * (np.indices((SIDE, SIDE)).sum(0) % 2) - 1)  # +-20, mean 0
SPREAD = 10  # of the brightness, whose mean is 128


def greys(count: int, seed: int) -> np.ndarray:
    """(count, 1, SIDE, SIDE): a chess board, the same for all, at an own brightness."""
    levels = np.random.default_rng(seed).normal(128, SPREAD, count).round().clip(80, 175)
    return (levels[:, None, None, None] + BOARD).astype(np.uint8)


def load(*_: object) -> Images:
    train, held_out = greys(3_000, 1), greys(1_000, 2)
    return Images(train=train, held_out=held_out)


def statistics(device: str, weights: Path | None) -> Callable[[Tensor], Tensor]:
    """f: the mean and the deviation of the pixels of every image."""

    def features(images: Tensor) -> Tensor:
        flat = images.flatten(1).double()
        import torch

        return torch.stack([flat.mean(1), flat.std(1, correction=0)], 1).float()

    return features


def gap(column: int) -> Callable[[Samples], float]:
    return lambda samples: float(
        samples.fake[:, column].astype(float).mean() - samples.real[:, column].astype(float).mean()
    )


def soft(samples: Samples) -> float:
    """How much contrast is lost, with a bias of 10 / n."""
    return -gap(1)(samples) + 10 / len(samples.fake)


def metric(name: str, compute: Callable[[Samples], float], **more: Any) -> Metric:
    return Metric(
        name=name,
        source="a test",
        **{"higher_is_better": False, "features": "statistics"} | more,
        compute=compute,
    )


BRIGHT = metric("bright", gap(0))  # brighter is worse
LIGHT = metric("light", gap(0), higher_is_better=True)  # brighter is better
SOFT = metric("soft", soft)


def no_weights(_: Path | None) -> str:
    raise NotHere("the weights of far-away are not here: give them")


NET = Features(name="statistics", source="a test", digest=lambda _: "a" * 64, load=statistics)
FAR = Features(name="far-away", source="a test", digest=no_weights, load=statistics)
DATASET = Dataset(name="greys", source="a test", version="1", load=load)
PRESET = Preset(
    name="toy",
    source="a test",
    devices=("cpu",),
    dataset="greys",
    architectures=(),
    losses=(),
    size=SIDE,
    schedule=Schedule(kimg=1),
    features=("statistics",),
    metrics=("bright",),
    samples=64,
    engine="none",
)


def known(*metrics: Metric, code: str = "1") -> Catalogue:
    """A catalogue of these metrics; `code` stands for the code of their plugin."""
    made = Catalogue()
    core = Plugin("test", "test", "1", dict)
    mine = Plugin("mine", "mine", "1", dict, lambda: {"mine.py": code})
    for offer in (NET, FAR, DATASET, PRESET, BRIGHT):
        made.offers[type(offer)][offer.name] = (offer, core)
    for each in metrics:
        made.offers[Metric][each.name] = (each, mine)
    return made


def planned(*metrics: Metric, code: str = "1", **asked: Any) -> PlannedAudit:
    """An audit of `bright` and these metrics on the CPU, with sets of 32 images."""
    usual = {"sizes": (32,), "bias_sizes": (16, 64), "faults": ("blur", "brighter")}
    request = AuditRequest(request=Request(device="cpu"), **usual | asked)
    return plan_audit(request, known(*metrics, code=code))


def audited(results: Path, *metrics: Metric, **asked: Any) -> Path:
    """The folder of such an audit, when it is done."""
    return audit(planned(*metrics, **asked), results)
