"""Samples -> features, computed once -> scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gan_bench.base.precision import settle
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import GanBenchError, StorageError, Unscorable, sentence
from gan_bench.contract.offers import Dataset, Features, Metric, Samples
from gan_bench.contract.protocol import Evaluation, MetricSpec, Protocol
from gan_bench.data.cache import Prepared
from gan_bench.measure.feature_cache import FeatureCache
from gan_bench.measure.features import Arrays, Fakes, Net, batches_of, features_by_net, load_net
from gan_bench.results.records import Score, VerdictKind

BLOCKS = 8  # disjoint parts of the samples; the spread of their scores gives the error
LEAST = 32  # images in a block: with fewer, no error is given


@dataclass(frozen=True)
class Measured:
    """The scores of M images."""

    scores: dict[str, Score]
    unscored: dict[str, str]  # metrics that refused, and why
    fault: tuple[VerdictKind, str] | None  # a failure that shows without any metric


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
        self.cache = FeatureCache(catalogue, protocol)
        self.nets = {
            name: self._net(name, prepared, weights) for name in protocol.evaluation.digests
        }

    def _net(self, name: str, prepared: Prepared, weights: Path | None) -> Net:
        evaluation, n = self.protocol.evaluation, self.protocol.evaluation.samples
        extract = load_net(self.catalogue, name, evaluation.digests[name], self.device, weights)
        features = partial(self.cache.features, name, extract=extract, device=self.device)
        reference = reference_images(prepared, evaluation)
        net = Net(extract, real=features(f"{evaluation.reference} {n}", reference))
        if not self._reads_train(name):
            return net
        held_out = evenly(prepared.held_out, n)
        return replace(
            net,
            train=features("train", prepared.train),
            held_out=features(f"held-out {n}", held_out) if len(held_out) else None,
        )

    def _reads_train(self, net: str) -> bool:
        """Whether a metric on this net reads the features of all training images."""
        evaluation = self.protocol.evaluation
        return any(
            spec.features == net and self.catalogue.find(Metric, spec.name).reads_train
            for spec in (*evaluation.metrics, *evaluation.gauges)
        )

    def look(self, fakes: Fakes) -> dict[str, float]:
        """Score the images of a tick by the ranking metric and the gauges.

        Metrics that refuse are left out.
        """
        evaluation = self.protocol.evaluation
        specs = {spec.name: spec for spec in (*evaluation.gauges, evaluation.metrics[0])}
        return self._scores(specs.values(), self._features(fakes, specs.values()))[0]

    def measure(self, fakes: Fakes, with_errors: bool = True) -> Measured:
        """Score M images by every metric of the protocol; batches are read once.

        Standard errors take as long again as the scores, where images are few.
        """
        evaluation = self.protocol.evaluation
        features = self._features(fakes, evaluation.metrics)
        values, unscored = self._scores(evaluation.metrics, features)
        errors = self._errors(features) if with_errors else {}
        scores = {
            spec.name: Score(
                value=values[spec.name],
                error=errors.get(spec.name),
                higher_is_better=spec.higher_is_better,
                features=spec.features,
                n=len(features[spec.features]),
                reference=evaluation.reference,
                reference_n=len(self.nets[spec.features].real),
            )
            for spec in evaluation.metrics
            if spec.name in values
        }
        return Measured(scores, unscored, _fault(features))

    def _features(self, fakes: Fakes, specs: Iterable[MetricSpec]) -> Arrays:
        """Net -> (M, F) for the nets that these metrics read."""
        names = {spec.features for spec in specs}
        nets = {name: net.extract for name, net in self.nets.items() if name in names}
        batches = batches_of(fakes, self.device) if isinstance(fakes, np.ndarray) else fakes
        return features_by_net(nets, batches)

    def _scores(
        self, specs: Iterable[MetricSpec], features: Arrays
    ) -> tuple[dict[str, float], dict[str, str]]:
        """The values by metric, and the reasons of the metrics that refuse."""
        values, unscored = dict[str, float](), dict[str, str]()
        samples: dict[str, Samples] = {}
        for spec in specs:
            net = spec.features
            if net not in samples:
                samples[net] = self._samples(net, features[net])
            try:
                values[spec.name] = self._score(spec, samples[net])
            except Unscorable as refusal:
                unscored[spec.name] = str(refusal)
            except StorageError:  # `keep` could not write: not the metric's fault
                raise
            except Exception as error:
                why = sentence(error)
                raise GanBenchError(f"the metric {spec.name} failed: {why}") from error
        return values, unscored

    def _samples(self, name: str, fake: np.ndarray) -> Samples:
        """The features that all metrics on this net share."""
        net = self.nets[name]
        real = evenly(net.real, len(fake))  # as many, if there are: most scores depend on n
        shared: dict[str, Any] = {}

        def share(key: str, make: Callable[[], Any]) -> Any:
            if key not in shared:
                shared[key] = make()
            return shared[key]

        return Samples(
            real=real,
            fake=fake,
            train=net.train,
            held_out=net.held_out,
            modes=self.dataset.modes,
            share=share,
        )

    def _score(self, spec: MetricSpec, samples: Samples) -> float:
        metric = self.catalogue.find(Metric, spec.name)
        name_modes = self.catalogue.find(Features, spec.features).modes
        if metric.reads_modes and name_modes is not None:
            both = samples.real, samples.fake
            real, fake = samples.share("named modes", lambda: tuple(map(name_modes, both)))
            samples = replace(samples, real_modes=real, fake_modes=fake)
        samples = replace(samples, keep=self.cache.keep_for(spec, len(samples.real)))
        value = float(metric.compute(samples))
        if not math.isfinite(value):
            raise Unscorable(f"{metric.name} gave {value}, which is no score")
        return value

    def _errors(self, features: Arrays) -> dict[str, float]:
        """Standard errors of the scores over samplings of G, from disjoint blocks of its images.

        Each block is scored against the same real images, as all rows of a table are. To first
        order a score's variance is inverse to n, so the error of the whole is the blocks'
        standard deviation over the root of their number. Metrics that read modes have none, since
        counts of modes grow with n in another way; nor have those that read all training images,
        since a block takes them as long as the whole.
        """
        size = min(map(len, features.values())) // BLOCKS
        if size < LEAST:
            return {}
        specs = [spec for spec in self.protocol.evaluation.metrics if self._has_error(spec)]
        blocks = [
            self._scores(
                specs, {name: rows[k * size : (k + 1) * size] for name, rows in features.items()}
            )[0]
            for k in range(BLOCKS)
        ]
        return {
            spec.name: float(np.std([scores[spec.name] for scores in blocks], ddof=1))
            / math.sqrt(BLOCKS)
            for spec in specs
            if all(spec.name in scores for scores in blocks)
        }

    def _has_error(self, spec: MetricSpec) -> bool:
        metric = self.catalogue.find(Metric, spec.name)
        return not metric.reads_modes and not metric.reads_train


def _fault(features: Arrays) -> tuple[VerdictKind, str] | None:
    """What only a broken G makes: images without finite features, or one image M times."""
    broken = [name for name, rows in features.items() if not np.isfinite(rows).all()]
    if broken:
        return "diverged", f"features of G's images are not finite, as seen by {', '.join(broken)}"
    if not any(np.ptp(rows, axis=0).any() for rows in features.values()):
        return "collapsed", f"all {len(next(iter(features.values()))):,} images of G are the same"
    return None


def evenly(rows: np.ndarray, count: int) -> np.ndarray:
    """`count` of the rows, evenly spread over them; all of them if there are no more."""
    places = np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int)
    return np.asarray(rows[places])


def reference_images(prepared: Prepared, evaluation: Evaluation) -> np.ndarray:
    """The real images to compare with: as many as samples if there are, evenly over the split."""
    split = prepared.train if evaluation.reference == "train" else prepared.held_out
    return evenly(split, evaluation.samples)
