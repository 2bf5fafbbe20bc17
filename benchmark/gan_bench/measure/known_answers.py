"""Checks of an evaluator whose answers are known without any metric: brightness, and modes."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gan_bench.catalogue import Catalogue, Plugin
from gan_bench.contract.errors import UsageError
from gan_bench.contract.offers import Dataset, Features, Metric, Samples
from gan_bench.contract.protocol import Evaluation, MetricSpec, Protocol, Schedule
from gan_bench.data.cache import Prepared
from gan_bench.measure import corruptions
from gan_bench.measure.evaluator import Evaluator, reference_images
from gan_bench.measure.features import extract_all
from gan_bench.measure.selftest import BRIGHTER, count, material

if TYPE_CHECKING:
    from torch import Tensor

EXACT = 0.01  # levels of 255: what rounding may add to a mean over half a million pixels


def brightness(dataset: Dataset, prepared: Prepared, device: str) -> tuple[float, float]:
    """(measured, known) difference in brightness between brighter images and the reference."""
    net = Features(name="brightness", source="doctor", digest=lambda _: "0" * 64, load=_brightness)
    metric = Metric(name="brighter", source="doctor", higher_is_better=True, compute=_brighter_by)
    own, plugin = Catalogue(), Plugin("doctor", "gan-bench", version("gan-bench"), dict)
    for offer in (net, metric):
        own.offers[type(offer)][offer.name] = (offer, plugin)
    n = count(prepared)
    spec = MetricSpec(name=metric.name, higher_is_better=True, features=net.name)
    evaluation = Evaluation(
        samples=n, features=net.name, digests={net.name: net.digest(None)}, metrics=(spec,)
    )
    protocol = Protocol(data=prepared.data, schedule=Schedule(kimg=1), evaluation=evaluation)
    images = corruptions.brighten(material(prepared, None).other, BRIGHTER[0])
    evaluator = Evaluator(own, protocol, dataset, prepared, device)
    measured = evaluator.measure(images, with_errors=False)
    known = images.mean() - reference_images(prepared, evaluation).mean()
    return measured.scores[metric.name].value, float(known)


def _brightness(_device: str, _weights: Path | None) -> Callable[[Tensor], Tensor]:
    return lambda images: images.flatten(1).float().mean(1, keepdim=True)  # (N, 1)


def _brighter_by(samples: Samples) -> float:
    return float(samples.fake.mean() - samples.real.mean())


def named(evaluator: Evaluator, judge: str, images: np.ndarray, labels: np.ndarray) -> float:
    """The share of images (N, C, H, W) whose mode the judge finds; labels are (N,).

    UsageError if the features net names no modes.
    """
    name_modes = evaluator.catalogue.find(Features, judge).modes
    if name_modes is None:
        raise UsageError(f"{judge} is the judge of a data set but names no modes")
    features = extract_all(evaluator.nets[judge].extract, images, evaluator.device)
    return float((name_modes(features) == labels).mean())
