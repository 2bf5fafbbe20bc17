"""How long measuring a cell takes: nets and metrics, timed on random images and features."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np

from gan_bench.catalogue import Catalogue
from gan_bench.contract.offers import Dataset, Metric, Samples
from gan_bench.contract.protocol import Data, Evaluation, MetricSpec, Protocol
from gan_bench.measure.errors import BLOCKS, DEALS, LEAST
from gan_bench.measure.features import extract_all, load_net
from gan_bench.measure.scale import bad_count
from gan_bench.measure.weights import Weights

TIMED_IMAGES = 64  # that a net is timed on
MOST = 1024  # images that a metric is timed on, and again on a quarter: so its growth is seen
TRAIN_ROWS = 4  # training images for each generated one, where a timed metric reads them
# Features of one net at a time are copied to float64: fd and its error took three such copies.
COPIES = 6  # times the features in float32
TERMS = 3  # for its error, a metric with an influence takes so many times as long as for its score


@dataclass(frozen=True)
class Measuring:
    """What the nets and metrics of a protocol take; generating the images is not in it."""

    cell_seconds: float  # for one cell, at its ticks and at its end
    end_seconds: float  # for its end alone
    once_seconds: float  # for the features of the real images and the scale of the protocol
    feature_bytes: int  # memory that a cell's features take


@dataclass(frozen=True)
class _Growth:
    """Seconds of a metric as a power of the number of images."""

    count: int
    seconds: float  # on `count` images
    power: float

    def on(self, count: int) -> float:
        return float(self.seconds * (count / self.count) ** self.power)


@dataclass(frozen=True)
class _Net:
    seconds: float  # for one image
    width: int  # F


@dataclass(frozen=True)
class _Timed:
    """The nets and metrics of a protocol by their names, with their times."""

    nets: dict[str, _Net]
    metrics: dict[str, Metric]
    growth: dict[str, _Growth]

    def score(self, specs: Sequence[MetricSpec], count: int) -> float:
        """Seconds to compute these metrics on so many images."""
        return sum(self.growth[spec.name].on(count) for spec in specs)

    def measure(self, specs: Sequence[MetricSpec], count: int) -> float:
        """Seconds for the features of so many images, and for these metrics on them."""
        nets = {spec.features for spec in specs}
        return count * sum(self.nets[net].seconds for net in nets) + self.score(specs, count)


class Timer:
    """Times the nets and metrics of an evaluation once, for all plans that share it."""

    def __init__(self) -> None:
        self._known: list[tuple[Evaluation, Data, _Timed]] = []

    def measuring(
        self,
        protocol: Protocol,
        dataset: Dataset,
        catalogue: Catalogue,
        device: str,
        weights: Weights,
    ) -> Measuring:
        """What measuring takes on these images; every net and metric is run for a moment."""
        key = protocol.evaluation, protocol.data
        timed = next((timed for *known, timed in self._known if (*known,) == key), None)
        if timed is None:
            timed = _time(protocol, dataset, catalogue, device, weights)
            self._known.append((*key, timed))
        return _measuring(protocol, timed)


def _time(
    protocol: Protocol, dataset: Dataset, catalogue: Catalogue, device: str, weights: Weights
) -> _Timed:
    evaluation, train = protocol.evaluation, protocol.data.train
    specs = {spec.name: spec for spec in (*evaluation.metrics, *evaluation.watched)}
    nets = _time_nets(protocol, catalogue, device, weights)
    metrics = {name: catalogue.find(Metric, name) for name in specs}
    count = min(MOST, evaluation.samples)
    growth = {
        name: _growth_of(metric, count, nets[specs[name].features].width, train, dataset.modes)
        for name, metric in metrics.items()
    }
    return _Timed(nets, metrics, growth)


def _measuring(protocol: Protocol, timed: _Timed) -> Measuring:
    evaluation = protocol.evaluation
    reads_train = {
        spec.features
        for spec in (*evaluation.metrics, *evaluation.watched)
        if timed.metrics[spec.name].reads_train
    }
    rows = {name: _real_rows(protocol, name in reads_train) for name in timed.nets}
    images = {name: real + evaluation.samples for name, real in rows.items()}
    sizes = [4 * images[name] * net.width for name, net in timed.nets.items()]
    features = sum(rows[name] * net.seconds for name, net in timed.nets.items())
    return Measuring(
        cell_seconds=_cell_seconds(protocol, timed),
        end_seconds=_end_seconds(protocol, timed),
        once_seconds=features + _scale_seconds(protocol, timed),
        feature_bytes=sum(sizes) + COPIES * max(sizes),
    )


def _time_nets(
    protocol: Protocol, catalogue: Catalogue, device: str, weights: Weights
) -> dict[str, _Net]:
    shape = TIMED_IMAGES, *protocol.data.shape
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    nets = {}
    for name, digest in protocol.evaluation.digests.items():
        extract = load_net(catalogue, name, digest, device, weights)
        width = extract_all(extract, pixels, device).shape[1]  # not timed: it warms up
        seconds = seconds_of(partial(extract_all, extract, pixels, device))
        nets[name] = _Net(seconds / TIMED_IMAGES, width)
    return nets


def _growth_of(metric: Metric, count: int, width: int, train: int, modes: int | None) -> _Growth:
    """Time the metric on random features of `count` images and of a quarter of them."""
    short, long = (_metric_seconds(metric, n, width, modes) for n in (count // 4, count))
    power = math.log(max(long / short, 1), 4)
    if metric.reads_train:  # there are as many training images however many are generated
        return _Growth(count, long * train / (TRAIN_ROWS * count), min(power / 2, 1))
    return _Growth(count, long, min(power, 2))


def _metric_seconds(metric: Metric, count: int, width: int, modes: int | None) -> float:
    random = np.random.default_rng(0)

    def draw(rows: int) -> np.ndarray:
        return random.standard_normal((rows, width), np.float32)

    samples = Samples(
        real=draw(count),
        fake=draw(count),
        train=draw(TRAIN_ROWS * count) if metric.reads_train else None,
        held_out=draw(count) if metric.reads_train else None,
        real_modes=random.integers(0, modes or 10, count),
        fake_modes=random.integers(0, modes or 10, count),
        modes=modes,
    )

    def compute() -> None:
        with suppress(Exception):  # random features may be refused; the time was spent
            metric.compute(samples)

    return seconds_of(compute)


def _cell_seconds(protocol: Protocol, timed: _Timed) -> float:
    """The ticks and the end."""
    evaluation = protocol.evaluation
    tick = timed.measure(evaluation.watched, evaluation.tick_samples)
    return protocol.schedule.looks * tick + _end_seconds(protocol, timed)


def _end_seconds(protocol: Protocol, timed: _Timed) -> float:
    """All samples, and the errors."""
    evaluation = protocol.evaluation
    return timed.measure(evaluation.metrics, evaluation.samples) + _error_seconds(protocol, timed)


def _error_seconds(protocol: Protocol, timed: _Timed) -> float:
    """The terms of metrics that have any; all others are scored on blocks."""
    evaluation = protocol.evaluation
    known = [(spec, timed.metrics[spec.name]) for spec in evaluation.metrics]
    with_terms = [spec for spec, metric in known if metric.influence]
    in_blocks = [
        spec
        for spec, metric in known
        if not (metric.influence or metric.reads_modes or metric.reads_train)
    ]
    part = evaluation.samples // BLOCKS
    blocks = BLOCKS * DEALS * timed.score(in_blocks, part) if part >= LEAST else 0
    return TERMS * timed.score(with_terms, evaluation.samples) + blocks


def _scale_seconds(protocol: Protocol, timed: _Timed) -> float:
    """Other real images, measured as a cell's are, and the bad sets; only noise takes its net."""
    count = bad_count(protocol.evaluation)
    noise = timed.measure(protocol.evaluation.metrics, count)
    constant = timed.score(protocol.evaluation.metrics, count)
    return _end_seconds(protocol, timed) + noise + 2 * constant


def _real_rows(protocol: Protocol, reads_train: bool) -> int:
    """How many real images one net must see."""
    evaluation, data = protocol.evaluation, protocol.data
    whole = data.train + min(evaluation.samples, data.held_out) if reads_train else 0
    return evaluation.reference_images(data) + whole


def seconds_of(action: Callable[[], object]) -> float:
    """How long it takes; never zero."""
    started = time.perf_counter()
    action()
    return max(time.perf_counter() - started, 1e-9)
