"""Samples -> features, computed once -> scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from typing import Protocol as TypingProtocol

import numpy as np

from gan_bench.base import rng
from gan_bench.base.precision import settle
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import GanBenchError, StorageError, Unscorable, sentence
from gan_bench.contract.offers import Dataset, Features, Influence, Metric, Samples
from gan_bench.contract.protocol import LEAST_SAMPLES, Evaluation, MetricSpec, Protocol
from gan_bench.data.rows import Images, Rows, rows_of
from gan_bench.measure.details import details_of
from gan_bench.measure.errors import Errors, sampling_errors
from gan_bench.measure.evidence import Evidences, evidence_of
from gan_bench.measure.feature_cache import FeatureCache
from gan_bench.measure.features import Arrays, Fakes, Net, batches_of, features_by_net, load_net
from gan_bench.measure.weights import NO_WEIGHTS, Weights
from gan_bench.results.records import Score, VerdictKind

ROUNDING = 1e-5  # of the largest feature: of one image, a smaller batch gives 2e-6 off


@dataclass(frozen=True)
class Measured:
    """The scores of M images."""

    scores: dict[str, Score]
    unscored: dict[str, str]  # metrics that refused, and why
    fault: tuple[VerdictKind, str] | None  # a failure that shows without any metric
    influences: Mapping[str, Influence] = field(default_factory=dict)  # by metric, if it has any
    details: dict[str, str] = field(default_factory=dict)  # what weighs most, by metric
    evidence: Evidences = field(default_factory=Evidences)


SamplesOf = Callable[[MetricSpec], Samples]


class Splits(TypingProtocol):
    """The real images of a protocol."""

    @property
    def train(self) -> Images:
        """(T, C, H, W) uint8."""

    @property
    def held_out(self) -> Images:
        """(H, C, H, W) uint8."""


class Evaluator:
    """All that a protocol measures with, loaded once, before anything is trained."""

    def __init__(
        self,
        catalogue: Catalogue,
        protocol: Protocol,
        dataset: Dataset,
        prepared: Splits,
        device: str,
        weights: Weights = NO_WEIGHTS,
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

    def _net(self, name: str, prepared: Splits, weights: Weights) -> Net:
        evaluation, n = self.protocol.evaluation, self.protocol.evaluation.samples
        extract = load_net(self.catalogue, name, evaluation.digests[name], self.device, weights)
        features = partial(self.cache.features, name, extract=extract, device=self.device)
        reference = reference_rows_of(prepared, evaluation)
        net = Net(extract, real=features(f"{evaluation.real_images} {n}", reference))
        if not self._reads_train(name):
            return net
        held_out = rows_of(prepared.held_out, spaced(len(prepared.held_out), n))
        return replace(
            net,
            train=features("train", prepared.train),
            held_out=features(f"held-out {n}", held_out) if len(held_out) else None,
        )

    def _reads_train(self, net: str) -> bool:
        """Whether a metric on this net reads the features of all training images."""
        evaluation = self.protocol.evaluation
        return any(
            spec.features == net and self.metric(spec).reads_train
            for spec in (*evaluation.metrics, *evaluation.watched)
        )

    def metric(self, spec: MetricSpec) -> Metric:
        """What a plugin offers by the name of this metric."""
        return self.catalogue.find(Metric, spec.name)

    def look(self, fakes: Fakes) -> dict[str, float]:
        """Score the images of a tick by the gauges and the metric of the ticks.

        Metrics that refuse are left out.
        """
        watched = self.protocol.evaluation.watched
        return self.values(watched, self.features(fakes, watched))

    def measure(
        self, fakes: Fakes, with_errors: bool = True, with_evidence: bool = False
    ) -> Measured:
        """Score M images by every metric of the protocol; batches are read once.

        Standard errors take as long again as the scores, where images are few.
        """
        metrics = self.protocol.evaluation.metrics
        features = self.features(fakes, metrics)
        return self.measure_features(metrics, features, with_errors, with_evidence)

    def evidence(self, fakes: Fakes, names: Iterable[str]) -> Evidences:
        """What these metrics of the protocol show of M images."""
        chosen = set(names)
        specs = [each for each in self.protocol.evaluation.metrics if each.name in chosen]
        offering = [(spec, self.metric(spec)) for spec in specs if self.metric(spec).evidence]
        if not offering:
            return Evidences()
        features = self.features(fakes, [spec for spec, _ in offering])
        return evidence_of(offering, self._reader(features), self.protocol.data.train)

    def values(self, specs: Iterable[MetricSpec], features: Arrays) -> dict[str, float]:
        """The values of these metrics; features are (M, F) by net. Refusals are left out."""
        return self._scores(specs, self._reader(features))[0]

    def outcomes(
        self, specs: Iterable[MetricSpec], features: Arrays
    ) -> tuple[dict[str, float], dict[str, str]]:
        """The values of these metrics, and the reasons of those that refuse; features by net."""
        return self._scores(specs, self._reader(features))

    def measure_features(
        self,
        specs: Sequence[MetricSpec],
        features: Arrays,
        with_errors: bool = True,
        with_evidence: bool = False,
    ) -> Measured:
        """The scores of M images by these metrics; features are (M, F) by net."""
        samples_of = self._reader(features)
        values, unscored = self._scores(specs, samples_of)
        scored = [spec for spec in specs if spec.name in values]
        metrics = [(spec, self.metric(spec)) for spec in scored]
        errors = Errors()
        if with_errors:
            errors = sampling_errors(metrics, features, samples_of, self.values)
        reference = self.protocol.evaluation.real_images
        scores = {
            spec.name: Score(
                value=values[spec.name],
                error=errors.by_metric.get(spec.name),
                higher_is_better=spec.higher_is_better,
                features=spec.features,
                n=len(features[spec.features]),
                reference=reference,
                reference_n=len(self._real(spec, len(features[spec.features]))),
            )
            for spec in scored
        }
        details, evidence = details_of(metrics, samples_of), Evidences()
        if with_evidence:
            evidence = evidence_of(metrics, samples_of, self.protocol.data.train)
        return Measured(scores, unscored, _fault(features), errors.influences, details, evidence)

    def features(self, fakes: Fakes, specs: Iterable[MetricSpec]) -> Arrays:
        """Net -> (M, F) for the nets that these metrics read."""
        names = {spec.features for spec in specs}
        nets = {name: net.extract for name, net in self.nets.items() if name in names}
        if isinstance(fakes, np.ndarray | Rows):
            fakes = batches_of(fakes, self.device)
        return features_by_net(nets, fakes)

    def _scores(
        self, specs: Iterable[MetricSpec], samples_of: SamplesOf
    ) -> tuple[dict[str, float], dict[str, str]]:
        """The values by metric, and the reasons of the metrics that refuse."""
        values, unscored = dict[str, float](), dict[str, str]()
        for spec in specs:
            try:
                values[spec.name] = _score(self.metric(spec), samples_of(spec))
            except Unscorable as refusal:
                unscored[spec.name] = str(refusal)
            except StorageError:  # `keep` could not write: not the metric's fault
                raise
            except Exception as error:
                why = sentence(error)
                raise GanBenchError(f"the metric {spec.name} failed: {why}") from error
        return values, unscored

    def _reader(self, features: Arrays) -> SamplesOf:
        """What each metric reads of these features, (M, F) by net.

        Metrics that read the same images of the same net share what they compute.
        """
        shared: dict[tuple[str, int], Samples] = {}  # by the net and the number of real images

        def samples_of(spec: MetricSpec) -> Samples:
            net, fake = spec.features, features[spec.features]
            real = self._real(spec, len(fake))
            if (net, len(real)) not in shared:
                shared[net, len(real)] = self._samples(net, real, fake)
            return self._for_metric(spec, shared[net, len(real)])

        return samples_of

    def _real(self, spec: MetricSpec, count: int) -> np.ndarray:
        """(N, F) of the reference: all, or as many as the `count` images if it needs N = M."""
        real = self.nets[spec.features].real
        fewer = self.metric(spec).equal_counts and count < len(real)
        return evenly(real, count) if fewer else real

    def _samples(self, name: str, real: np.ndarray, fake: np.ndarray) -> Samples:
        """What all metrics share that compare these features, (N, F) and (M, F) of one net."""
        net = self.nets[name]
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

    def _for_metric(self, spec: MetricSpec, samples: Samples) -> Samples:
        """These samples with what only this metric reads: modes, and a `keep` of its own."""
        name_modes = self.catalogue.find(Features, spec.features).modes
        if self.metric(spec).reads_modes and name_modes is not None:
            both = samples.real, samples.fake
            real, fake = samples.share("named modes", lambda: tuple(map(name_modes, both)))
            samples = replace(samples, real_modes=real, fake_modes=fake)
        return replace(samples, keep=self.cache.keep_for(spec, len(samples.real)))


def _score(metric: Metric, samples: Samples) -> float:
    if metric.equal_counts and (why := unequal(len(samples.real), len(samples.fake))):
        raise Unscorable(f"It needs as many real images as samples, but {why}.")
    value = float(metric.compute(samples))
    if not math.isfinite(value):
        raise Unscorable(f"{metric.name} gave {value}, which is no score")
    return value


def _fault(features: Arrays) -> tuple[VerdictKind, str] | None:
    """What only a broken G makes: images without finite features, or one image M times."""
    broken = [name for name, rows in features.items() if not np.isfinite(rows).all()]
    if broken:
        return "diverged", f"features of G's images are not finite, as seen by {', '.join(broken)}"
    if all(np.ptp(rows, axis=0).max() <= ROUNDING * abs(rows).max() for rows in features.values()):
        return "collapsed", f"all {len(next(iter(features.values()))):,} images of G are the same"
    return None


def unequal(real: int, fake: int) -> str | None:
    """Why a metric that needs N = M cannot compare that many images; None if it can."""
    if real == fake:
        return None
    least = min(real, fake)
    advice = f": --samples {least}" if least >= LEAST_SAMPLES else ""
    return f"there are {real:,} real images for {fake:,} samples{advice}"


def spaced(length: int, count: int) -> np.ndarray:
    """`count` row numbers, evenly spread over so many rows; all of them if there are no more."""
    return np.linspace(0, length - 1, min(count, length)).round().astype(int)


def evenly(rows: np.ndarray, count: int) -> np.ndarray:
    """`count` of the rows, evenly spread over them; all of them if there are no more."""
    return np.asarray(rows[spaced(len(rows), count)])


def reference_images(prepared: Splits, evaluation: Evaluation) -> np.ndarray:
    """The same images as `reference_rows_of`, all in memory."""
    return reference_rows_of(prepared, evaluation)[:]


def reference_rows_of(prepared: Splits, evaluation: Evaluation) -> Rows:
    """The real images to compare with: as many as samples if there are, evenly over the split."""
    split = prepared.train if evaluation.reference == "train" else prepared.held_out
    return rows_of(split, reference_rows(evaluation, len(split)))


def reference_rows(evaluation: Evaluation, images: int) -> np.ndarray:
    """The rows of the reference in a split of so many images: (N,) int.

    Which half an image belongs to is drawn by a named stream, so it depends on nothing else.
    """
    if evaluation.half is None:
        return spaced(images, evaluation.samples)
    drawn = rng.rows(0, "halves", images, images)
    first, second = drawn[: images // 2], drawn[images // 2 :]
    return evenly(np.sort(first if evaluation.half == "choosing" else second), evaluation.samples)
