"""The ruler held to sets whose quality is known: does every metric see what it claims to see?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gan_bench.catalogue import Catalogue, Plugin
from gan_bench.contract.errors import UsageError
from gan_bench.contract.offers import Dataset, Fault, Features, Images, Metric, Samples
from gan_bench.contract.protocol import Evaluation, Gauge, MetricSpec, Protocol, Schedule
from gan_bench.data.cache import Prepared
from gan_bench.data.split import Progress
from gan_bench.measure import corruptions
from gan_bench.measure.corruptions import Material, Steps
from gan_bench.measure.evaluator import Evaluator, Measured, reference_images
from gan_bench.measure.features import extract_all

if TYPE_CHECKING:
    from torch import Tensor

N, FEWEST = 512, 64  # images of every set, and how many there must be to say anything
RANGES = 500  # from so many on, what a metric says of other real images is known
REFERENCE, REAL = "the reference itself", "other real images"
EXACT = 0.01  # levels of 255 that rounding may cost a mean of half a million pixels
SHIFTS = (32,)  # levels of 255 by which all images are brighter
LOST = (30, 100)  # so many times fewer modes: at N = 512 chance hides the loss of fewer
STEPS = Steps(kept=(), distinct=(10, 1), sigmas=(1, 2), stds=(8,), shares=(0.5, 1.0))


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What one set is, and what the ruler said of it."""

    name: str
    fault: Fault | None  # None: real images, or real images that are only brighter
    constant: bool  # one image N times, which a metric may refuse
    measured: Measured

    def value(self, metric: Metric) -> float | None:
        """The score, None if the metric refused."""
        score = self.measured.scores.get(metric.name)
        return None if score is None else score.value

    def badness(self, metric: Metric) -> float:
        """The score where more is worse; a refusal is worse than any number."""
        value = self.value(metric)
        if value is None:
            return math.inf
        return -value if metric.higher_is_better else value

    def said(self, metric: Metric) -> str:
        """The score as a person would write it, or that there is none."""
        value = self.value(metric)
        return "refused" if value is None else short(value)


@dataclass(frozen=True)
class Readings:
    """All readings: of the reference, of other real images, of every rung and every shift."""

    readings: Mapping[str, Reading]

    def ladder(self, fault: Fault) -> list[Reading]:
        """The readings of one fault, the mildest first."""
        return [reading for reading in self.readings.values() if reading.fault == fault]

    def shifted(self) -> list[Reading]:
        """The readings of the brighter sets, the nearest first."""
        return [self.readings[name] for name in map(_brighter, SHIFTS)]


def short(score: float) -> str:
    """Three digits; a whole number as such, and what rounding leaves of nothing as 0."""
    if abs(score) < 5e-4 or abs(score) >= 100 or score.is_integer():
        return f"{score:,.0f}"
    return f"{score:#.3g}"


def _brighter(levels: int) -> str:
    return f"brighter by {levels}"


# What is measured
def count(prepared: Prepared) -> int:
    """How many images a set has: there must be as many held-out ones, and as many to train on."""
    return min(N, len(prepared.train), len(prepared.held_out))


def rows(prepared: Prepared) -> np.ndarray:
    """(N,) which held-out images are taken: evenly spread."""
    n = count(prepared)
    return np.arange(n) * len(prepared.held_out) // n


@dataclass(frozen=True)
class Both:
    """The images of both splits by their rows, the training images first."""

    prepared: Prepared

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        train, held_out = self.prepared.train, self.prepared.held_out
        known = rows < len(train)
        return np.concatenate([train[rows[known]], held_out[rows[~known] - len(train)]])


def labels_of(images: Images) -> np.ndarray | None:
    """(T + H,) modes of the images of both splits, or None where these are not known."""
    if images.train_labels is None or images.held_out_labels is None:
        return None
    return np.concatenate([images.train_labels, images.held_out_labels])


def material(prepared: Prepared, labels: np.ndarray | None) -> Material:
    """Held-out images as they are, and all there are by their labels."""
    other = np.asarray(prepared.held_out[rows(prepared)])
    return Material(other=other, train=prepared.train, pool=Both(prepared), labels=labels)


def steps_for(labels: np.ndarray | None) -> Steps:
    """A few rungs of every ladder, far enough apart to be told with so few images."""
    modes = 0 if labels is None else len(np.unique(labels))
    return replace(STEPS, kept=tuple(dict.fromkeys(max(1, modes // times) for times in LOST)))


def read_all(
    ruler: Evaluator, prepared: Prepared, labels: np.ndarray | None, progress: Progress
) -> Readings:
    """Measure every set. labels are (T + H,) modes of the images of both splits, or None."""
    readings = dict[str, Reading]()
    for name, fault, images in _sets(ruler, prepared, labels):
        progress(f"measuring {name}", 0, 0)
        measured = ruler.measure(images, with_errors=False)
        constant = not np.ptp(images, axis=0).any()
        readings[name] = Reading(name=name, fault=fault, constant=constant, measured=measured)
    return Readings(readings)


def _sets(
    ruler: Evaluator, prepared: Prepared, labels: np.ndarray | None
) -> Iterator[tuple[str, Fault | None, np.ndarray]]:
    real = material(prepared, labels)
    yield REFERENCE, None, reference_images(prepared, ruler.protocol.evaluation)
    yield REAL, None, real.other
    for rung in corruptions.ladders(real, steps_for(labels)):
        yield rung.name, rung.fault, rung.images
    for levels in SHIFTS:
        yield _brighter(levels), None, corruptions.shift(real.other, levels)


# Answers that are known without any metric
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
    images = corruptions.shift(material(prepared, None).other, SHIFTS[0])
    told = Evaluator(own, protocol, dataset, prepared, device).measure(images, with_errors=False)
    known = images.mean() - reference_images(prepared, evaluation).mean()
    return told.scores[metric.name].value, float(known)


def _brightness(_device: str, _weights: Path | None) -> Callable[[Tensor], Tensor]:
    return lambda images: images.flatten(1).float().mean(1, keepdim=True)  # (N, 1)


def _brighter_by(samples: Samples) -> float:
    return float(samples.fake.mean() - samples.real.mean())


def named(ruler: Evaluator, judge: str, images: np.ndarray, labels: np.ndarray) -> float:
    """The share of images (N, C, H, W) whose mode the judge finds; labels are (N,)."""
    modes = ruler.catalogue.find(Features, judge).modes
    if modes is None:
        raise UsageError(f"{judge} is the judge of a data set but names no modes")
    found = modes(extract_all(ruler.nets[judge].extract, images, ruler.device))
    return float((found == labels).mean())


# What is demanded
def complaints(
    metric: Metric, proof: Readings, gauge: Gauge | None, ranks: bool, n: int
) -> Iterator[str]:
    """What the metric says wrongly of sets of n images, in words; nothing if it is right."""
    real = proof.readings[REAL]
    if real.value(metric) is None:
        yield f"it refuses other real images: {real.measured.unscored.get(metric.name)}"
        return
    yield from _out_of_range(metric, real, n)
    for fault in metric.sees:
        yield from _out_of_order(metric, proof, proof.ladder(fault))
        if fault != "copies":  # the reference is the training set: a memoriser's dream
            yield from _not_worse(metric, proof.readings[REFERENCE], proof.ladder(fault)[:1])
    if ranks and {"blur", "noise"} <= set(metric.sees):  # it judges the images themselves
        yield from _out_of_order(metric, proof, proof.shifted())
    if gauge is not None:
        yield from _misses_collapse(metric, proof, gauge)


def _out_of_range(metric: Metric, real: Reading, n: int) -> Iterator[str]:
    value = real.value(metric)
    if metric.real is None or n < RANGES or value is None:
        return
    low, high = metric.real
    if not low <= value <= high:
        yield f"{REAL} score {short(value)}, outside {low:g} to {high:g}"


def _out_of_order(metric: Metric, proof: Readings, ladder: list[Reading]) -> Iterator[str]:
    """The first rung must be worse than real images, no other better than the one before.

    As bad as the one before is right: some scores have a worst, and many sets deserve it.
    """
    for reading in ladder:
        if reading.value(metric) is None and not reading.constant:
            yield f"it refuses {reading.name}: {reading.measured.unscored.get(metric.name)}"
    yield from _not_worse(metric, proof.readings[REAL], ladder[:1])
    for milder, stronger in pairwise(ladder):
        if stronger.badness(metric) < milder.badness(metric):
            yield _than(metric, stronger, "better", milder)


def _not_worse(metric: Metric, good: Reading, rungs: list[Reading]) -> Iterator[str]:
    for rung in rungs:
        if not rung.badness(metric) > good.badness(metric):
            yield _than(metric, rung, "no worse", good)


def _than(metric: Metric, one: Reading, word: str, other: Reading) -> str:
    return f"{one.name} ({one.said(metric)}) is {word} than {other.name} ({other.said(metric)})"


def _misses_collapse(metric: Metric, proof: Readings, gauge: Gauge) -> Iterator[str]:
    """Other real images must be within the floor, one repeated image beyond it or refused."""
    sign = -1 if metric.higher_is_better else 1
    for reading in (proof.readings[REAL], *proof.readings.values()):
        beyond = reading.badness(metric) > sign * gauge.floor
        if reading.name == REAL and beyond:
            yield f"{REAL} ({reading.said(metric)}) would pass for a collapse"
        if reading.constant and not beyond:
            yield f"{reading.name} ({reading.said(metric)}) would not be called a collapse"


def summary(metric: Metric, proof: Readings) -> str:
    """The numbers behind it: `real 31.3; blur 58.7, 370`, for every fault it claims to see."""
    parts = [f"real {proof.readings[REAL].said(metric)}"]
    parts += [
        f"{fault} {', '.join(reading.said(metric) for reading in ladder)}"
        for fault in metric.sees
        if (ladder := proof.ladder(fault))
    ]
    return "; ".join(parts if metric.sees else [*parts, "claims to see no fault"])


def verdicts_missed(proof: Readings) -> Iterator[str]:
    """One image repeated is a collapse whatever the metrics say, and nothing else here is."""
    for reading in proof.readings.values():
        fault = reading.measured.fault
        if reading.constant and (fault is None or fault[0] != "collapsed"):
            yield f"{reading.name} is not called a collapse"
        if not reading.constant and fault is not None:
            yield f"{reading.name} is called {fault[0]}: {fault[1]}"
