"""Does the evaluator measure what it claims to, on images whose quality is known?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from gan_bench.base.text import number, percent, plural
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import DataError, UsageError
from gan_bench.contract.offers import Dataset, Metric
from gan_bench.contract.protocol import Evaluation, MetricSpec, Protocol
from gan_bench.data.cache import Prepared
from gan_bench.data.stream import Progress
from gan_bench.measure import selftest
from gan_bench.measure.evaluator import Evaluator
from gan_bench.measure.weights import Weights
from gan_bench.run.machine import Check, guarded, outcome
from gan_bench.run.plan import Planned, make_plan
from gan_bench.run.plan_evaluation import plan_evaluation
from gan_bench.run.request import Request

NAMED = 0.9  # the least share of other real images whose mode a judge must name correctly


@dataclass(frozen=True)
class Subject:
    """What is tested: the plan of a bare `run`, with fewer images and every metric that fits."""

    catalogue: Catalogue
    dataset: Dataset
    prepared: Prepared
    protocol: Protocol
    device: str
    notes: tuple[str, ...]

    @property
    def other(self) -> np.ndarray:
        """(N, C, H, W) held-out images: what a perfect generator makes."""
        return selftest.material(self.prepared, None).other


def check_evaluator(catalogue: Catalogue, weights: Weights, progress: Progress) -> Iterator[Check]:
    """The known answer, the judge, the sets of known quality, and every metric on these."""
    started = time.perf_counter()
    subject = _subject(catalogue, _planned(catalogue, weights, progress), weights)
    yield _known_answer(subject)
    dataset, protocol, prepared = subject.dataset, subject.protocol, subject.prepared
    evaluator = Evaluator(catalogue, protocol, dataset, prepared, subject.device, weights)
    images = dataset.load(None, protocol.data.shape[1], False)  # only its labels are used
    yield from _judge(subject, evaluator, images.held_out_labels)
    readings = selftest.read_all(evaluator, prepared, selftest.labels_of(images), progress)
    yield _sets(subject, readings, time.perf_counter() - started)
    for spec in protocol.evaluation.metrics:
        yield from guarded(f"metric {spec.name}", partial(_metric, subject, spec, readings))


def _planned(catalogue: Catalogue, weights: Weights, progress: Progress) -> Planned:
    """The plan of a bare run, which may have no use for the weights."""
    try:
        return make_plan(Request(weights=weights), catalogue, progress)
    except UsageError:
        if not weights:
            raise
        return make_plan(Request(), catalogue, progress)


def _subject(catalogue: Catalogue, planned: Planned, weights: Weights) -> Subject:
    protocol, prepared = planned.plan.protocol, planned.prepared
    dataset = catalogue.find(Dataset, prepared.data.name)
    n = selftest.count(prepared)
    if n < selftest.FEWEST:
        raise DataError(
            f"{dataset.name} has {plural(len(prepared.held_out), 'held-out image')}, and the test "
            f"of the evaluator needs {selftest.FEWEST}"
        )
    evaluation = _with_all_metrics(catalogue, protocol.evaluation, dataset, n, weights)
    tested = protocol.model_copy(update={"evaluation": evaluation})
    return Subject(catalogue, dataset, prepared, tested, planned.choice.device, planned.notes)


def _with_all_metrics(
    catalogue: Catalogue,
    planned: Evaluation,
    dataset: Dataset,
    samples: int,
    weights: Weights,
) -> Evaluation:
    """The planned evaluation, with every metric that suits and reads its features or nets."""
    names = [spec.name for spec in (*planned.metrics, *planned.gauges)]
    names += [
        metric.name
        for metric in catalogue.all(Metric)
        if metric.features in (None, planned.features) and not metric.unsuited(dataset)
    ]
    return plan_evaluation(
        catalogue,
        dataset,
        features=planned.features,
        metrics=tuple(dict.fromkeys(names)),
        samples=samples,
        weights=weights,
        gauges=tuple(gauge.name for gauge in planned.gauges),
    )


def _known_answer(subject: Subject) -> Check:
    """Sends images through the whole evaluator, with a net and a metric that are transparent.

    The net is the mean of all pixels, the metric the difference of its means. The answer is known
    from the pixels alone, and no plugin takes part.
    """
    measured, known = selftest.brightness(subject.dataset, subject.prepared, subject.device)
    return outcome(
        "known answer",
        abs(measured - known) <= selftest.EXACT,
        f"images that are {known:.3f} levels brighter are measured as {measured:.3f} brighter",
        f"do not measure on {subject.device}: take another --device",
        known=known,
        measured=measured,
    )


def _judge(subject: Subject, evaluator: Evaluator, labels: np.ndarray | None) -> Iterator[Check]:
    """Whether the judge finds the modes that the data set knows; nothing if either has none."""
    name = subject.dataset.judge
    if name is None or name not in evaluator.nets or labels is None:
        return
    rows = selftest.rows(subject.prepared)
    share = selftest.named(evaluator, name, subject.other, labels[rows])
    images = plural(len(subject.other), "held-out image")
    yield outcome(
        f"judge {name}",
        share >= NAMED,
        f"names the mode of {percent(share, 3)} of {images} as {subject.dataset.name} does",
        "do not trust metrics that read modes",
        named=share,
        n=len(subject.other),
    )


def _sets(subject: Subject, readings: selftest.Readings, seconds: float) -> Check:
    data, evaluation = subject.protocol.data, subject.protocol.evaluation
    missed = list(selftest.verdicts_missed(readings))
    names = ", ".join(readings.readings)
    result = "; ".join(missed) or f"measured in {number(seconds, 2)} s: {names}"
    return outcome(
        "evaluator",
        not missed,
        f"{data.name}, {data.size} px, n = {evaluation.samples}, {evaluation.features}; {result}",
        "do not trust verdicts of a collapse",
        data=data.name,
        size=data.shape[1],
        n=evaluation.samples,
        features=evaluation.features,
        notes=list(subject.notes),
        sets=list(readings.readings),
        seconds=round(seconds, 1),
    )


def _metric(subject: Subject, spec: MetricSpec, readings: selftest.Readings) -> Iterator[Check]:
    evaluation = subject.protocol.evaluation
    metric, plugin = subject.catalogue.offers[Metric][spec.name]
    gauge = next((each for each in evaluation.gauges if each.name == spec.name), None)
    ranks = spec == evaluation.metrics[0]
    wrong = list(selftest.complaints(metric, readings, gauge, ranks, evaluation.samples))
    yield outcome(
        f"metric {spec.name}",
        not wrong,
        "; ".join(wrong) or selftest.summary(metric, readings),
        f"do not compare by {spec.name} here, and tell the authors of {plugin}",
        features=spec.features,
        higher_is_better=spec.higher_is_better,
        sees=list(metric.sees),
        scores={name: each.value(metric) for name, each in readings.readings.items()},
    )
