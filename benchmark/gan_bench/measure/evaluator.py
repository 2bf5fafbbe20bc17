"""Samples -> features, computed once -> scores."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from gan_bench.base.home import cache_dir
from gan_bench.base.precision import settle
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import DataError, GanBenchError, StorageError, Unscorable, sentence
from gan_bench.contract.offers import Dataset, Features, Metric, Samples
from gan_bench.contract.protocol import Evaluation, MetricSpec, Protocol
from gan_bench.data.cache import Prepared, locked
from gan_bench.measure.features import (
    Arrays,
    Extract,
    Fakes,
    Net,
    batches_of,
    extract_all,
    features_by_net,
    load_net,
)
from gan_bench.results.atomic import write_arrays
from gan_bench.results.records import Score, VerdictKind

BLOCKS = 8  # disjoint parts of the samples, whose spread is the error of sampling
LEAST = 32  # images in a block, below which no error is claimed


@dataclass(frozen=True)
class Measured:
    """What the ruler says of M images."""

    scores: dict[str, Score]
    unscored: dict[str, str]  # metrics that refused, and why
    fault: tuple[VerdictKind, str] | None  # what no gauge is needed to see


class Evaluator:
    """All that a protocol measures with, loaded once, before anything is trained."""

    def __init__(
        self,
        catalogue: Catalogue,
        protocol: Protocol,
        dataset: Dataset,
        prepared: Prepared,
        device: str,
        weights: Path | None = None,
    ) -> None:
        settle(device)
        self.catalogue = catalogue
        self.protocol = protocol
        self.dataset = dataset
        self.device = device
        self._kept: dict[tuple[str, str, str, int], Arrays] = {}  # as read from the cache
        self.nets = {
            name: self._net(name, prepared, weights) for name in protocol.evaluation.digests
        }

    def _net(self, name: str, prepared: Prepared, weights: Path | None) -> Net:
        evaluation = self.protocol.evaluation
        extract = load_net(self.catalogue, name, evaluation.digests[name], self.device, weights)
        reads_train = any(
            self.catalogue.find(Metric, judged.name).reads_train
            for judged in (*evaluation.metrics, *evaluation.gauges)
            if judged.features == name
        )
        known = partial(self._known, name, extract)
        n = evaluation.samples
        net = Net(
            extract,
            real=known(f"{evaluation.reference} {n}", reference_images(prepared, evaluation)),
        )
        if not reads_train:
            return net
        held_out = evenly(prepared.held_out, n)
        return replace(
            net,
            train=known("train", prepared.train),
            held_out=known(f"held-out {n}", held_out) if len(held_out) else None,
        )

    def _known(self, name: str, extract: Extract, which: str, images: np.ndarray) -> np.ndarray:
        """Features of real images: computed once for each data set, kept in the cache."""
        made = self._cached(
            name,
            [which],
            lambda: {"features": extract_all(extract, images, self.device)},
        )
        features = made["features"]
        if not np.isfinite(features).all():
            raise DataError(
                f"{name} gives features of {self.protocol.data.name} that are not finite, so "
                "nothing can be measured with it: choose other --features"
            )
        return features

    def _cached(self, net: str, what: list[str], make: Callable[[], Arrays]) -> Arrays:
        """Arrays made of the real images as this net sees them: once, for every run."""
        data, digest = self.protocol.data, self.protocol.evaluation.digests[net]
        # another release may see with the same weights in another way
        maker = str(self.catalogue.offers[Features][net][1])
        text = json.dumps([data.fingerprint, digest, maker, *what])
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        path = cache_dir() / "features" / f"{data.name}-{net}-{key}.npz"
        with locked(path):
            try:
                with np.load(path) as file:
                    return dict(file)
            except (OSError, ValueError, EOFError, BadZipFile):  # not there, or damaged
                write_arrays(path, made := make())
                return made

    def _keep(
        self, judged: MetricSpec, count: int
    ) -> Callable[[str, Callable[[], Arrays]], Arrays]:
        """What `Samples.keep` is for this metric, where it is given so many real images."""
        maker = str(self.catalogue.offers[Metric][judged.name][1])
        wanted = [f"{self.protocol.evaluation.reference} {self.protocol.evaluation.samples}"]

        def keep(name: str, make: Callable[[], Arrays]) -> Arrays:
            place = judged.features, name, maker, count
            if place not in self._kept:
                what = [*wanted, name, maker, str(count)]
                self._kept[place] = self._cached(judged.features, what, make)
            return self._kept[place]

        return keep

    def look(self, fakes: Fakes) -> dict[str, float]:
        """The ranking metric and the gauges on the images of a tick; refusals are left out."""
        evaluation = self.protocol.evaluation
        read = {judged.name: judged for judged in (*evaluation.gauges, evaluation.metrics[0])}
        features = self._features(fakes, read.values())
        return self._scores(read.values(), features)[0]

    def measure(self, fakes: Fakes, with_errors: bool = True) -> Measured:
        """Every metric of the protocol on M images, which are read once and never held together.

        Errors of sampling cost as much again for few images.
        """
        evaluation = self.protocol.evaluation
        features = self._features(fakes, evaluation.metrics)
        values, unscored = self._scores(evaluation.metrics, features)
        errors = self._errors(features) if with_errors else {}
        scores = {
            judged.name: Score(
                value=values[judged.name],
                error=errors.get(judged.name),
                higher_is_better=judged.higher_is_better,
                features=judged.features,
                n=len(features[judged.features]),
                reference=evaluation.reference,
                reference_n=len(self.nets[judged.features].real),
            )
            for judged in evaluation.metrics
            if judged.name in values
        }
        return Measured(scores, unscored, _fault(features))

    def _features(self, fakes: Fakes, read: Iterable[MetricSpec]) -> Arrays:
        """Net -> (M, F), each net once."""
        names = {judged.features for judged in read}
        nets = {name: net.extract for name, net in self.nets.items() if name in names}
        batches = batches_of(fakes, self.device) if isinstance(fakes, np.ndarray) else fakes
        return features_by_net(nets, batches)

    def _scores(
        self, read: Iterable[MetricSpec], features: Arrays
    ) -> tuple[dict[str, float], dict[str, str]]:
        """The values, and the reasons of the metrics that refuse."""
        values, unscored = dict[str, float](), dict[str, str]()
        seen: dict[str, Samples] = {}
        for judged in read:
            net = judged.features
            if net not in seen:
                seen[net] = self._samples(net, features[net])
            try:
                values[judged.name] = self._compute(judged, seen[net])
            except Unscorable as refusal:
                unscored[judged.name] = str(refusal)
            except StorageError:  # what it keeps could not be written: no fault of the metric
                raise
            except Exception as error:
                why = sentence(error)
                raise GanBenchError(f"the metric {judged.name} failed: {why}") from error
        return values, unscored

    def _samples(self, name: str, fake: np.ndarray) -> Samples:
        """What all metrics on this net see."""
        net = self.nets[name]
        real = evenly(net.real, len(fake))  # as many, if there are: most scores depend on n
        made: dict[str, Any] = {}

        def share(what: str, make: Callable[[], Any]) -> Any:
            if what not in made:
                made[what] = make()
            return made[what]

        return Samples(
            real=real,
            fake=fake,
            train=net.train,
            held_out=net.held_out,
            modes=self.dataset.modes,
            share=share,
        )

    def _compute(self, judged: MetricSpec, samples: Samples) -> float:
        metric = self.catalogue.find(Metric, judged.name)
        name_modes = self.catalogue.find(Features, judged.features).modes
        if metric.reads_modes and name_modes is not None:
            both = samples.real, samples.fake
            real, fake = samples.share("by the judge", lambda: tuple(map(name_modes, both)))
            samples = replace(samples, real_modes=real, fake_modes=fake)
        samples = replace(samples, keep=self._keep(judged, len(samples.real)))
        value = float(metric.compute(samples))
        if not math.isfinite(value):
            raise Unscorable(f"{metric.name} gave {value}, which is no score")
        return value

    def _errors(self, features: dict[str, np.ndarray]) -> dict[str, float]:
        """Standard errors over samplings of this network, from disjoint blocks of its images.

        Each block is scored against the same real images, as all rows of a table are. To first
        order a score's variance is inverse to n, so the error of the whole is the blocks'
        standard deviation over the root of their number. Counts of modes grow with n in a way of
        their own, and what reads all training images takes as long for a block as for the whole:
        they get none.
        """
        smooth = [
            judged
            for judged in self.protocol.evaluation.metrics
            if not (metric := self.catalogue.find(Metric, judged.name)).reads_modes
            and not metric.reads_train
        ]
        size = min(map(len, features.values())) // BLOCKS
        if size < LEAST:
            return {}
        parts = [
            self._scores(
                smooth, {name: f[k * size : (k + 1) * size] for name, f in features.items()}
            )
            for k in range(BLOCKS)
        ]
        return {
            judged.name: float(np.std(values, ddof=1) / math.sqrt(BLOCKS))
            for judged in smooth
            if len(values := [part[judged.name] for part, _ in parts if judged.name in part])
            == BLOCKS
        }


def _fault(features: dict[str, np.ndarray]) -> tuple[VerdictKind, str] | None:
    """What only a broken G makes: images without finite features, or one image M times."""
    blind = [name for name, found in features.items() if not np.isfinite(found).all()]
    if blind:
        return "diverged", f"features of G's images are not finite, as seen by {', '.join(blind)}"
    if not any(np.ptp(found, axis=0).any() for found in features.values()):
        return "collapsed", f"all {len(next(iter(features.values()))):,} images of G are the same"
    return None


def evenly(rows: np.ndarray, count: int) -> np.ndarray:
    """So many of the rows, evenly spread over them, or all if there are no more."""
    places = np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int)
    return np.asarray(rows[places])


def reference_images(prepared: Prepared, evaluation: Evaluation) -> np.ndarray:
    """The real images to compare with: as many as samples if there are, evenly over the split."""
    split = prepared.train if evaluation.reference == "train" else prepared.held_out
    return evenly(split, evaluation.samples)
