"""The self-test of an evaluator: does every metric see the faults that it claims to see?

The evaluator measures real images and corruptions of them; what it must say of these is known.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from gan_bench.base import text
from gan_bench.contract.errors import GanBenchError, StorageError
from gan_bench.contract.offers import Fault, Metric
from gan_bench.contract.protocol import Gauge, MetricSpec
from gan_bench.data.cache import Prepared
from gan_bench.data.stream import SPLITS, Progress
from gan_bench.measure import corruptions
from gan_bench.measure.corruptions import (
    ONLY_NOISE,
    Corruption,
    Labelled,
    Material,
    blurred,
    copied,
    lost_modes,
    noisy,
    repeated,
)
from gan_bench.measure.evaluator import Evaluator, Measured, reference_images, spaced
from gan_bench.results.scale import REAL

N, FEWEST = 512, 64  # images of every set; with fewer than FEWEST nothing can be said
FEWEST_MODES = 10  # that the images must have: losing a few of fewer shows in no metric
RANGES = 500  # images from which on metrics state their score of other real images
REFERENCE = "the reference itself"
ROUNDING = 1e-6  # a smaller score is shown as 0: it is the rounding of sums
BRIGHTER = (32,)  # levels of 255 by which all images are made brighter
LOST = (30, 100)  # factors by which modes become fewer: fewer losses do not show at N = 512
# far enough apart to differ on so few images; within a fault from the mildest to the strongest
CORRUPTIONS = (
    *map(repeated, (10, 1)),
    *map(blurred, (1, 2)),
    noisy(8),
    ONLY_NOISE,
    *map(copied, (0.5, 1)),
)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One set of images and its scores."""

    name: str
    fault: Fault | None  # None: real images, or real images that are only brighter
    constant: bool  # one image N times, which a metric may refuse
    measured: Measured
    raised: Mapping[str, str] = field(default_factory=dict)  # metrics that failed, and how

    def value(self, metric: Metric) -> float | None:
        """The score, None if the metric refused."""
        score = self.measured.scores.get(metric.name)
        return None if score is None else score.value

    def cost(self, metric: Metric) -> float:
        """The score where more is worse; infinite if the metric refused."""
        value = self.value(metric)
        features = metric.features or ""
        spec = MetricSpec(
            name=metric.name, higher_is_better=metric.higher_is_better, features=features
        )
        return math.inf if value is None else spec.cost(value)

    def shown(self, metric: Metric) -> str:
        """The score in three digits, or that there is none."""
        value = self.value(metric)
        return "refused" if value is None else short(value)


@dataclass(frozen=True)
class Readings:
    """The readings of the reference, other real images, every corruption, and brighter images."""

    readings: Mapping[str, Reading]

    def with_fault(self, fault: Fault) -> list[Reading]:
        """The readings of one fault, the mildest first."""
        return [reading for reading in self.readings.values() if reading.fault == fault]

    def brighter(self) -> list[Reading]:
        """The readings of the brighter sets, the least bright first."""
        return [self.readings[name] for name in map(_brighter, BRIGHTER)]


def short(score: float) -> str:
    """A score in three digits; a rounding error of 0 as 0."""
    return text.number(score if abs(score) >= ROUNDING else 0.0, 3)


def _brighter(levels: int) -> str:
    return f"brighter by {levels}"


# The sets of images
def count(prepared: Prepared) -> int:
    """Images of every set: at most N, and no more than either split has."""
    return min(N, len(prepared.train), len(prepared.held_out))


def rows(prepared: Prepared) -> np.ndarray:
    """(N,) rows of the held-out images that are taken, evenly spread."""
    return spaced(len(prepared.held_out), count(prepared))


@dataclass(frozen=True)
class Both:
    """The images of both splits by their rows, the training images first."""

    prepared: Prepared

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        train, held_out = self.prepared.train, self.prepared.held_out
        in_train = rows < len(train)
        return np.concatenate([train[rows[in_train]], held_out[rows[~in_train] - len(train)]])


def labels_of(prepared: Prepared) -> np.ndarray | None:
    """(T + H,) modes of the images of both splits, or None where these are not known."""
    if not all(split in prepared.labels for split in SPLITS):
        return None
    return np.concatenate([prepared.labels[split] for split in SPLITS])


def why_no_lost_modes(labels: np.ndarray | None) -> str | None:
    """Why no set with lost modes can be made; None if it can."""
    if labels is None:
        return "the images have no labels"
    classes = len(np.unique(labels))
    if classes < FEWEST_MODES:
        return f"the labels are of {text.plural(classes, 'mode')}, and {FEWEST_MODES} are needed"
    return None


def material(prepared: Prepared, labels: np.ndarray | None) -> Material:
    """The images to corrupt; labels are (T + H,) modes of both splits, or None."""
    other = np.asarray(prepared.held_out[rows(prepared)])
    labelled = None if labels is None else Labelled(Both(prepared), labels)
    return Material(other=other, train=prepared.train, labelled=labelled)


def corruptions_for(labels: np.ndarray | None) -> tuple[Corruption, ...]:
    """A few strengths of every fault; lost modes only where `why_no_lost_modes` has no reason."""
    if labels is None or why_no_lost_modes(labels):
        return CORRUPTIONS
    modes = len(np.unique(labels))
    kept = dict.fromkeys(max(1, modes // factor) for factor in LOST)
    return *map(lost_modes, kept), *CORRUPTIONS


def read_all(
    evaluator: Evaluator, prepared: Prepared, labels: np.ndarray | None, progress: Progress
) -> Readings:
    """Measure every set. labels are (T + H,) modes of the images of both splits, or None."""
    readings = dict[str, Reading]()
    nets = ", ".join(evaluator.nets)
    for name, fault, images in _sets(evaluator, prepared, labels):
        progress(f"measuring {name} with {nets}", 0, 0)
        measured, raised = _measured(evaluator, images)
        readings[name] = Reading(
            name=name,
            fault=fault,
            constant=not np.ptp(images, axis=0).any(),
            measured=measured,
            raised=raised,
        )
    return Readings(readings)


def _measured(evaluator: Evaluator, images: np.ndarray) -> tuple[Measured, dict[str, str]]:
    """The scores, and for each metric that fails its error; the others are still computed."""
    metrics = evaluator.protocol.evaluation.metrics
    features = evaluator.features(images, metrics)
    failed = dict[str, str]()
    try:
        return evaluator.measure_features(metrics, features, with_errors=False), failed
    except GanBenchError:  # one at a time: slower, because they share nothing
        pass
    each = []
    for spec in metrics:
        try:
            each.append(evaluator.measure_features([spec], features, with_errors=False))
        except StorageError:
            raise
        except GanBenchError as error:
            failed[spec.name] = str(error)
    scores = {name: score for measured in each for name, score in measured.scores.items()}
    unscored = {name: why for measured in each for name, why in measured.unscored.items()}
    return Measured(scores, unscored, fault=each[0].fault if each else None), failed


def _sets(
    evaluator: Evaluator, prepared: Prepared, labels: np.ndarray | None
) -> Iterator[tuple[str, Fault | None, np.ndarray]]:
    real = material(prepared, labels)
    yield REFERENCE, None, reference_images(prepared, evaluator.protocol.evaluation)
    yield REAL, None, real.other
    for corruption in corruptions_for(labels):
        yield corruption.name, corruption.fault, corruption.make(real)
    for levels in BRIGHTER:
        yield _brighter(levels), None, corruptions.brighten(real.other, levels)


# Checks of a metric
def faults_seen(metric: Metric, net: str) -> tuple[Fault, ...]:
    """The faults that the metric claims to see on this net."""
    return metric.sees(net) if callable(metric.sees) else metric.sees


def complaints(
    metric: Metric,
    sees: Collection[Fault],
    readings: Readings,
    gauge: Gauge | None,
    ranks: bool,
    n: int,
) -> Iterator[str]:
    """What is wrong with the scores of sets of n images, one sentence each.

    `sees`: the faults that the metric must see.
    """
    for reading in readings.readings.values():
        if metric.name in reading.raised:
            yield f"{reading.name}: {reading.raised[metric.name]}"
            return
    real, reference = readings.readings[REAL], readings.readings[REFERENCE]
    if real.value(metric) is None:
        yield f"it refuses other real images: {real.measured.unscored.get(metric.name)}"
        return
    yield from _out_of_range(metric, real, n)
    for fault in sees:
        corrupted = readings.with_fault(fault)
        yield from _out_of_order(metric, real, corrupted)
        if fault != "copies":  # the reference is the training set, which copies are nearest to
            yield from _not_worse(metric, reference, corrupted[:1])
    if ranks and {"blur", "noise"} <= set(sees):  # it claims to see image quality
        yield from _out_of_order(metric, real, readings.brighter())
    if gauge is not None:
        yield from _misses_collapse(metric, readings, gauge)


def _out_of_range(metric: Metric, real: Reading, n: int) -> Iterator[str]:
    value = real.value(metric)
    if metric.real is None or n < RANGES or value is None:
        return
    low, high = metric.real
    if not low <= value <= high:
        yield f"{REAL} score {short(value)}, outside {low:g} to {high:g}"


def _out_of_order(metric: Metric, real: Reading, corrupted: list[Reading]) -> Iterator[str]:
    """The mildest must be worse than real images, and no other better than the one before.

    It may be equal to the one before: some scores have a worst value, and many sets deserve it.
    """
    for reading in corrupted:
        if reading.value(metric) is None and not reading.constant:
            yield f"it refuses {reading.name}: {reading.measured.unscored.get(metric.name)}"
    yield from _not_worse(metric, real, corrupted[:1])
    for milder, stronger in pairwise(corrupted):
        if stronger.cost(metric) < milder.cost(metric):
            yield _comparison(metric, stronger, "better", milder)


def _not_worse(metric: Metric, good: Reading, bad: list[Reading]) -> Iterator[str]:
    for reading in bad:
        if not reading.cost(metric) > good.cost(metric):
            yield _comparison(metric, reading, "no worse", good)


def _comparison(metric: Metric, one: Reading, word: str, other: Reading) -> str:
    return f"{one.name} ({one.shown(metric)}) is {word} than {other.name} ({other.shown(metric)})"


def _misses_collapse(metric: Metric, readings: Readings, gauge: Gauge) -> Iterator[str]:
    """Other real images must be within the floor, one repeated image beyond it or refused."""
    for reading in readings.readings.values():
        value = reading.value(metric)
        beyond = value is None or gauge.beyond(value)
        if reading.name == REAL and beyond:
            yield f"{REAL} ({reading.shown(metric)}) would pass for a collapse"
        if reading.constant and not beyond:
            yield f"{reading.name} ({reading.shown(metric)}) would not be called a collapse"


def summary(metric: Metric, sees: Collection[Fault], readings: Readings) -> str:
    """The scores behind the check, for every fault it must see: `real 31.3; blur 58.7`."""
    parts = [f"real {readings.readings[REAL].shown(metric)}"]
    parts += [
        f"{fault} {', '.join(reading.shown(metric) for reading in corrupted)}"
        for fault in sees
        if (corrupted := readings.with_fault(fault))
    ]
    return "; ".join(
        parts if sees else [*parts, "it is not tested on faults, for it claims to see none"]
    )


def verdicts_missed(readings: Readings) -> Iterator[str]:
    """One image repeated must be called a collapse, whatever the metrics say, and no other set."""
    for reading in readings.readings.values():
        fault = reading.measured.fault
        if reading.constant and (fault is None or fault[0] != "collapsed"):
            yield f"{reading.name} is not called a collapse"
        if not reading.constant and fault is not None:
            yield f"{reading.name} is called {fault[0]}: {fault[1]}"
