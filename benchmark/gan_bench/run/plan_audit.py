"""A request -> which metrics are audited, on which images, with which sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gan_bench.catalogue import Catalogue, versions
from gan_bench.contract.errors import DataError, StorageError, UsageError, sentence
from gan_bench.contract.names import did_you_mean
from gan_bench.contract.offers import Dataset, Features, Metric
from gan_bench.contract.protocol import Evaluation, Protocol, Schedule
from gan_bench.data.cache import Prepared, check_bad, prepare
from gan_bench.data.source import Unusable
from gan_bench.data.stream import Progress
from gan_bench.measure import graded
from gan_bench.measure.evaluator import Evaluator
from gan_bench.measure.features import extract_all, load_net
from gan_bench.measure.graded import Graded, Pool
from gan_bench.measure.selftest import faults_seen
from gan_bench.measure.weights import NO_WEIGHTS, Weights, known_weights
from gan_bench.results.audits import Audit, AuditedFault, AuditedMetric
from gan_bench.run.audit_images import (
    LEAST,
    AuditRequest,
    digest_of,
    divided,
    sizes_left_out,
    sizes_of,
)
from gan_bench.run.given_data import sides_for, source_of
from gan_bench.run.hardware import this_machine
from gan_bench.run.plan import pick_device, pick_preset
from gan_bench.run.plan_evaluation import choose_evaluation, find_metric, plan_evaluation
from gan_bench.run.request import Request


@dataclass(frozen=True)
class PlannedAudit:
    """An audit, and what it is measured with."""

    audit: Audit
    catalogue: Catalogue
    dataset: Dataset
    prepared: (
        Prepared  # its splits are those of the audit: the reference, and real images of no set
    )
    pool: Pool
    faults: tuple[Graded, ...]
    device: str
    weights: Weights
    notes: tuple[str, ...] = ()

    def evaluator(self, metrics: Sequence[AuditedMetric], n: int) -> Evaluator:
        """What scores sets of n images by these metrics, with n real images as the reference."""
        audit = self.audit
        evaluation = plan_evaluation(
            self.catalogue,
            self.dataset,
            features=audit.features,
            metrics=tuple(each.spec.name for each in metrics),
            samples=n,
            weights=self.weights,
        )
        data, schedule = self.prepared.data, Schedule(kimg=1)
        protocol = Protocol(data=data, schedule=schedule, evaluation=evaluation)
        return Evaluator(
            self.catalogue, protocol, self.dataset, self.prepared, self.device, self.weights
        )


def plan_audit(
    asked: AuditRequest, catalogue: Catalogue, progress: Progress = lambda *_: None
) -> PlannedAudit:
    """Look up every name, prepare the images and divide them; a GanBenchError if that fails.

    A metric that cannot be audited here is named with its reason.
    """
    request = asked.request
    faults = tuple(_fault(name) for name in asked.faults) or graded.GRADED
    device = pick_device(request.device)
    preset, _ = pick_preset(request, catalogue, device)
    source, notes = source_of(request, catalogue, preset.dataset)
    bare = replace(request, metrics=(), features=request.features[:1])
    evaluation = _evaluation(bare, catalogue, source.dataset)
    names = _names(asked, catalogue, evaluation)
    try:
        prepared = prepare(source, sides_for(request, source, preset.size), progress)
        check_bad(prepared, request.max_bad)
    except Unusable as error:
        raise DataError(str(error)) from error
    sizes, bias_sizes = sizes_of(asked, prepared.data)
    notes = [*notes, *sizes_left_out(asked, prepared.data)]
    own, pool, sets = divided(asked, prepared, max(sizes), max(bias_sizes), device)
    weights = known_weights(catalogue, request.weights or NO_WEIGHTS)
    here = _Here(catalogue, source.dataset, evaluation.features, device, weights)
    metrics, absent = here.audited(names, pool.first(2))
    if not metrics:
        why = "; ".join(f"{name}: {reason}" for name, reason in absent.items())
        raise UsageError(f"no metric can be audited on {prepared.data.name}: {why}")
    audit = Audit(
        sets=sets,
        sizes=sizes,
        bias_sizes=bias_sizes,
        fixed=(graded.FIXED, graded.FIXED_STRENGTH),
        features=evaluation.features,
        metrics=tuple(metrics),
        absent=absent,
        faults=tuple(_audited(each, pool, sizes) for each in faults),
        versions=versions(),
        machine=this_machine(),
    )
    return PlannedAudit(
        audit, catalogue, source.dataset, own, pool, faults, device, weights, tuple(notes)
    )


# -- metrics --------------------------------------------------------------------------------------


def _evaluation(request: Request, catalogue: Catalogue, dataset: Dataset) -> Evaluation:
    """What a run would measure with; weights may be for a metric that it would not take."""
    preset, _ = pick_preset(request, catalogue, pick_device(request.device))
    try:
        return choose_evaluation(request, catalogue, preset, dataset)[0]
    except UsageError:
        if not request.weights:
            raise
        return choose_evaluation(replace(request, weights=None), catalogue, preset, dataset)[0]


def _names(asked: AuditRequest, catalogue: Catalogue, planned: Evaluation) -> list[str]:
    """The metrics of the preset, those of others' plugins, and those that were named; each once.

    UsageError for a name that nobody offers.
    """
    named = [find_metric(catalogue, name, planned.features).name for name in asked.request.metrics]
    if asked.only:
        if not named:
            raise UsageError("--only needs --metric NAME: the metrics to audit")
        return list(dict.fromkeys(named))
    if asked.every:
        return catalogue.names(Metric)
    run = [spec.name for spec in (*planned.metrics, *planned.watched)]
    offers = catalogue.offers[Metric]
    added = [name for name in catalogue.names(Metric) if not offers[name][1].built_in]
    return list(dict.fromkeys([*run, *added, *named]))


@dataclass(frozen=True)
class _Here:
    """What decides whether a metric can be audited."""

    catalogue: Catalogue
    dataset: Dataset
    features: str
    device: str
    weights: Weights

    def audited(
        self, names: Sequence[str], images: np.ndarray
    ) -> tuple[list[AuditedMetric], dict[str, str]]:
        """The metrics that can be audited, and for each other one the reason. images: a few."""
        found, absent = list[AuditedMetric](), dict[str, str]()
        nets = dict[str, int | str]()  # how many features each gives, or why it does not work
        for name in names:
            metric = self.catalogue.find(Metric, name)
            judges = {each.judge for each in self.catalogue.all(Dataset)} - {self.dataset.judge}
            if reason := metric.unsuited(self.dataset):
                absent[name] = reason
            elif metric.features in judges - {None, self.features}:
                absent[name] = f"{metric.features} is the judge of other images"
            else:
                net = self._net(metric)
                if net not in nets:
                    nets[net] = self._width(net, images)
                width = nets[net]
                if isinstance(width, str):
                    absent[name] = width
                else:
                    found.append(self._metric(metric, width))
        return found, absent

    def _net(self, metric: Metric) -> str:
        judge = self.dataset.judge if metric.reads_modes else None
        return self.catalogue.find(Features, judge or metric.features or self.features).name

    def _width(self, net: str, images: np.ndarray) -> int | str:
        """F, or why the net cannot work here."""
        offer = self.catalogue.find(Features, net)
        try:
            digest = offer.digest(self.weights.of(offer))
            extract = load_net(self.catalogue, net, digest, self.device, self.weights)
            return int(extract_all(extract, images, self.device).shape[1])
        except StorageError:
            raise
        except Exception as error:  # a plugin may raise whatever it likes
            return sentence(error)

    def _metric(self, metric: Metric, width: int) -> AuditedMetric:
        evaluation = plan_evaluation(
            self.catalogue,
            self.dataset,
            features=self.features,
            metrics=(metric.name,),
            samples=LEAST,
            weights=self.weights,
        )
        (spec,) = evaluation.metrics
        plugin = self.catalogue.offers[Metric][metric.name][1]
        net = self.catalogue.offers[Features][spec.features][1]
        read = [plugin.sha256, net.sha256, evaluation.digests[spec.features], versions()]
        return AuditedMetric(
            spec=spec,
            plugin=f"{plugin.origin} {plugin.version}".strip(),
            sees=faults_seen(metric, spec.features),
            width=width,
            key=digest_of(read)[:16],
        )


def _fault(name: str) -> Graded:
    """The corruption of that name; UsageError if there is none."""
    if name not in graded.BY_NAME:
        hint = did_you_mean(name, list(graded.BY_NAME)).replace("Installed", "There are")
        raise UsageError(f"no corruption is called {name!r}.{hint}")
    return graded.BY_NAME[name]


def _audited(each: Graded, pool: Pool, sizes: Sequence[int]) -> AuditedFault:
    reasons = {n: why for n in sizes if (why := each.why_not(pool, n))}
    return AuditedFault(
        name=each.name,
        fault=each.fault,
        meaning=each.meaning,
        strengths=each.strengths,
        why_not=reasons,
    )
