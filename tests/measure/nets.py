"""A features net, metrics and a data set that can be computed by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_bench import Dataset, Features, Images, Metric, Samples, Schedule
from gan_bench.catalogue import Catalogue, Plugin
from gan_bench.contract.protocol import Evaluation, Protocol
from gan_bench.data.cache import Prepared
from gan_bench.measure.evaluator import Evaluator, Measured
from gan_bench.measure.weights import NO_WEIGHTS, Weights
from gan_bench.run.plan_evaluation import plan_evaluation


def catalogue(*offers: Features | Metric | Dataset) -> Catalogue:
    made = Catalogue()
    for offer in offers:
        made.offers[type(offer)][offer.name] = (offer, Plugin("test", "test", "1", dict))
    return made


class Eye:
    """A features net: the mean and the maximum of every image. It counts what it looks at."""

    def __init__(self, name: str = "eye", digest: str = "aa", **more: Any) -> None:
        self.seen: list[int] = []
        self.loads: list[tuple[str, Path | None]] = []
        self.current = digest
        self.offer = Features(
            name=name, source="a test", digest=self.digest, load=self.load, **more
        )

    def digest(self, weights: Path | None) -> str:
        return self.current if weights is None else weights.read_text()

    def load(self, device: str, weights: Path | None) -> Callable[[Tensor], Tensor]:
        self.loads.append((device, weights))

        def features(images: Tensor) -> Tensor:
            assert images.dtype == torch.uint8
            self.seen.append(len(images))
            flat = images.flatten(1).float()
            return torch.stack([flat.mean(1), flat.amax(1)], 1)

        return features


def metric(name: str, compute: Callable[[Samples], float], **more: Any) -> Metric:
    return Metric(name=name, source="a test", **{"higher_is_better": True} | more, compute=compute)


def gap(samples: Samples) -> float:
    return float(np.abs(samples.real.mean(0) - samples.fake.mean(0)).sum())


GAP = metric("gap", gap, higher_is_better=False)


TRAIN = np.arange(40, dtype=np.uint8)[:, None, None, None].repeat(4, 2).repeat(4, 3)


FAKES = np.full((12, 1, 4, 4), 7, np.uint8)


DATASET = Dataset(
    name="steps",
    source="a test",
    version="1",
    load=lambda *_: Images(train=TRAIN, held_out=TRAIN[:6] + 100),
)


def evaluator(
    known: Catalogue,
    evaluation: Evaluation,
    prepared: Prepared,
    dataset: Dataset = DATASET,
    weights: Weights = NO_WEIGHTS,
) -> Evaluator:
    protocol = Protocol(data=prepared.data, schedule=Schedule(kimg=1), evaluation=evaluation)
    return Evaluator(known, protocol, dataset, prepared, "cpu", weights)


def measure(
    known: Catalogue,
    evaluation: Evaluation,
    prepared: Prepared,
    fakes: np.ndarray = FAKES,
    **given: Any,
) -> Measured:
    return evaluator(known, evaluation, prepared, **given).measure(fakes)


def plan(known: Catalogue, *metrics: str, dataset: Dataset = DATASET, **more: Any) -> Evaluation:
    given: dict[str, Any] = {"features": "eye", "samples": 10} | more
    return plan_evaluation(known, dataset, metrics=metrics, **given)
