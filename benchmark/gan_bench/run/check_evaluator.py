"""Does the evaluator measure what it claims to, on images whose quality is known?"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from gan_bench.base.text import number, percent, plural
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import NotHere, StorageError, UsageError, sentence
from gan_bench.contract.offers import Dataset, Metric
from gan_bench.contract.protocol import Evaluation, MetricSpec, Protocol
from gan_bench.data.cache import Prepared
from gan_bench.data.choosing.split import HOLD_OUT
from gan_bench.data.stream import Progress
from gan_bench.measure import known_answers, selftest
from gan_bench.measure.evaluator import Evaluator
from gan_bench.measure.weights import NO_WEIGHTS
from gan_bench.run.machine import Check, Status, guarded, outcome
from gan_bench.run.metrics_to_test import Tested, metrics_to_test
from gan_bench.run.plan import Planned, make_plan
from gan_bench.run.plan_evaluation import plan_evaluation
from gan_bench.run.request import Request

NAMED = 0.9  # the least share of other real images whose mode a judge must name correctly


@dataclass(frozen=True)
class Subject:
    """What is tested: the plan of a `run`, with fewer images and every metric that fits."""

    catalogue: Catalogue
    request: Request
    dataset: Dataset
    prepared: Prepared
    protocol: Protocol  # its evaluation is the planned one, of fewer images
    tested: Tested
    device: str
    notes: tuple[str, ...]

    @property
    def other(self) -> np.ndarray:
        """(N, C, H, W) held-out images: what a perfect generator makes."""
        return selftest.material(self.prepared, None).other

    @property
    def labels(self) -> np.ndarray | None:
        """(T + H,) modes of the images of both splits, or None."""
        return selftest.labels_of(self.prepared)

    def evaluation(self, metrics: Sequence[str]) -> Evaluation:
        """The planned evaluation with these metrics; NotHere if a net that they read is not."""
        planned = self.protocol.evaluation
        return plan_evaluation(
            self.catalogue,
            self.dataset,
            features=planned.features,
            metrics=tuple(metrics),
            samples=planned.samples,
            weights=self.request.weights or NO_WEIGHTS,
        )

    def read(self, evaluator: Evaluator, progress: Progress) -> selftest.Readings:
        """The scores of all sets of images."""
        return selftest.read_all(evaluator, self.prepared, self.labels, progress)

    def evaluator(self, evaluation: Evaluation) -> Evaluator:
        """What measures by this evaluation, with its nets loaded."""
        protocol = self.protocol.model_copy(update={"evaluation": evaluation})
        weights = self.request.weights or NO_WEIGHTS
        return Evaluator(
            self.catalogue, protocol, self.dataset, self.prepared, self.device, weights
        )


def check_evaluator(catalogue: Catalogue, request: Request, progress: Progress) -> Iterator[Check]:
    """The known answer, the judge, the sets of known quality, and every metric on these.

    The nets of a run are read together; every other net by itself, so that one that is not here,
    or fails, takes only its own metrics with it.
    """
    started = time.perf_counter()
    planned = _planned(catalogue, request, progress)
    if why := _too_few(planned):
        yield Check(name="evaluator", status="not tested", detail=why)
        return
    subject = _subject(catalogue, planned)
    yield _known_answer(subject)
    evaluation = subject.evaluation(subject.tested.of_the_run)
    evaluator = subject.evaluator(evaluation)
    yield from _judge(subject, evaluator)
    readings = subject.read(evaluator, progress)
    yield _sets(subject, readings, time.perf_counter() - started)
    yield from _metrics(subject, evaluation, readings)
    for net, names in subject.tested.by_net.items():
        yield from _other_net(subject, net, names, progress)


def _planned(catalogue: Catalogue, request: Request, progress: Progress) -> Planned:
    """The plan of a run, which may have no use for the weights."""
    try:
        return make_plan(request, catalogue, progress)
    except UsageError:
        if not request.weights:
            raise
        return make_plan(replace(request, weights=None), catalogue, progress)


def _too_few(planned: Planned) -> str | None:
    """What to do where there are too few images for the test, which is no fault of the machine."""
    prepared, need = planned.prepared, selftest.FEWEST
    if selftest.count(prepared) >= need:
        return None
    held = plural(len(prepared.held_out), "held-out image")
    rule = f": of about {need * HOLD_OUT} images that many are held out"
    return (
        f"{prepared.data.name} has {held}, and the test of the evaluator needs {need}"
        f"{rule if planned.choice.source.files else ''}; leave --data out to test it on others"
    )


def _subject(catalogue: Catalogue, planned: Planned) -> Subject:
    protocol, prepared = planned.plan.protocol, planned.prepared
    source, evaluation = planned.choice.source, protocol.evaluation
    fewer = evaluation.model_copy(update={"samples": selftest.count(prepared)})
    return Subject(
        catalogue=catalogue,
        request=planned.choice.request,
        dataset=source.dataset,
        prepared=prepared,
        protocol=protocol.model_copy(update={"evaluation": fewer}),
        tested=metrics_to_test(catalogue, evaluation, source.dataset),
        device=planned.choice.device,
        notes=planned.notes,
    )


def _known_answer(subject: Subject) -> Check:
    """Sends images through the whole evaluator, with a net and a metric that are transparent.

    The net is the mean of all pixels, the metric the difference of its means. The answer is known
    from the pixels alone, and no plugin takes part.
    """
    measured, known = known_answers.brightness(subject.dataset, subject.prepared, subject.device)
    return outcome(
        "known answer",
        abs(measured - known) <= known_answers.EXACT,
        f"images that are {known:.3f} levels brighter are measured as {measured:.3f} brighter",
        f"do not measure on {subject.device}: take another --device",
        known=known,
        measured=measured,
    )


def _judge(subject: Subject, evaluator: Evaluator) -> Iterator[Check]:
    """Whether the judge finds the modes that the data set knows; nothing if either has none."""
    name, labels = subject.dataset.judge, subject.prepared.labels.get("held_out")
    if name is None or name not in evaluator.nets or labels is None:
        return
    rows = selftest.rows(subject.prepared)
    share = known_answers.named(evaluator, name, subject.other, labels[rows])
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
    results = ["; ".join(missed) or f"measured in {number(seconds, 2)} s: {names}"]
    no_modes = selftest.why_no_lost_modes(subject.labels)
    if no_modes:
        results.append(f"lost modes are not tested, because {no_modes}")
    judges = subject.tested.other_judges
    if judges:
        count = plural(sum(judges.values()), "metric")
        results.append(f"{count} of judges of other data sets are not tested: {', '.join(judges)}")
    return outcome(
        "evaluator",
        not missed,
        f"{data.name}, {data.size} px, n = {evaluation.samples}, {evaluation.features}; "
        + "; ".join(results),
        "do not trust verdicts of a collapse",
        data=data.name,
        size=data.shape[1],
        n=evaluation.samples,
        features=evaluation.features,
        notes=list(subject.notes),
        sets=list(readings.readings),
        lost_modes=no_modes is None,
        judges_not_tested=list(judges),
        seconds=round(seconds, 1),
    )


def _metrics(
    subject: Subject, evaluation: Evaluation, readings: selftest.Readings
) -> Iterator[Check]:
    for spec in evaluation.metrics:
        yield from guarded(f"metric {spec.name}", partial(_metric, subject, spec, readings))


def _other_net(
    subject: Subject, net: str, names: Sequence[str], progress: Progress
) -> Iterator[Check]:
    """The metrics of a net that no run of this preset loads; one check if it does not work."""
    try:
        evaluation = subject.evaluation(names)
        readings = subject.read(subject.evaluator(evaluation), progress)
    except StorageError:
        raise
    except Exception as error:
        missing = isinstance(error, NotHere)  # which the check of the net itself explains
        status: Status = "not here" if missing else "failed"
        why = f"see features {net}" if missing else sentence(error)
        yield Check(
            name=f"metrics of {net}",
            status=status,
            detail=f"{', '.join(names)} are not tested: {why}",
            values={"metrics": list(names)},
        )
    else:
        yield from _metrics(subject, evaluation, readings)


def _metric(subject: Subject, spec: MetricSpec, readings: selftest.Readings) -> Iterator[Check]:
    evaluation = subject.protocol.evaluation
    metric, plugin = subject.catalogue.offers[Metric][spec.name]
    sees = selftest.faults_seen(metric, spec.features)
    gauge = next((each for each in evaluation.gauges if each.name == spec.name), None)
    ranks = spec == evaluation.metrics[0]
    wrong = list(selftest.complaints(metric, sees, readings, gauge, ranks, evaluation.samples))
    todo = f"do not compare by {spec.name} here"
    if subject.request.data is None:  # images of the user's may be too few, or too much alike
        todo += f", and tell the authors of {plugin}"
    yield outcome(
        f"metric {spec.name}",
        not wrong,
        "; ".join(wrong) or selftest.summary(metric, sees, readings),
        todo,
        features=spec.features,
        higher_is_better=spec.higher_is_better,
        sees=list(sees),
        scores={name: each.value(metric) for name, each in readings.readings.items()},
    )
