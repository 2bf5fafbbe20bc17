"""Names of features and metrics -> an Evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import NotHere, UsageError
from gan_bench.contract.offers import Dataset, Features, Metric, Preset
from gan_bench.contract.protocol import Evaluation, Gauge, MetricSpec
from gan_bench.data.cache import Prepared
from gan_bench.measure.features import weights_digest
from gan_bench.run.request import Request


def plan_evaluation(
    catalogue: Catalogue,
    dataset: Dataset,
    *,
    features: str,
    metrics: tuple[str, ...],
    samples: int,
    weights: Path | None,
    tick_samples: int = 256,
    gauges: tuple[str, ...] = (),
) -> Evaluation:
    """The ruler by names, with the digests of all that it reads.

    A metric's family name is completed by the features: "fd" is "fd-<features>". Raises
    UsageError for an unknown name, DataError for features that cannot work here.
    """
    catalogue.find(Features, features)
    found = [find_metric(catalogue, name, features) for name in metrics]
    chosen = list({metric.name: metric for metric in found}.values())  # each is measured once
    judged = tuple(MetricSpec(**_judged(metric, features, dataset)) for metric in chosen)
    watched = [find_metric(catalogue, name, features) for name in gauges]
    gauged = tuple(
        Gauge(**_judged(metric, features, dataset), floor=metric.floor)
        for metric in watched
        if metric.floor is not None
    )
    return Evaluation(
        samples=samples,
        tick_samples=min(tick_samples, samples),
        features=features,
        digests={
            net: weights_digest(catalogue, net, weights)
            for net in sorted({metric.features for metric in (*judged, *gauged)})
        },
        metrics=judged,
        gauges=gauged,
    )


def _judged(metric: Metric, features: str, dataset: Dataset) -> dict[str, Any]:
    return {
        "name": metric.name,
        "higher_is_better": metric.higher_is_better,
        "features": _net(metric, features, dataset),
    }


def _net(metric: Metric, features: str, dataset: Dataset) -> str:
    """The net that a metric reads: its own, the judge if it reads modes, else the evaluation's."""
    judge = dataset.judge if metric.reads_modes else None
    return judge or metric.features or features


def find_metric(catalogue: Catalogue, name: str, features: str) -> Metric:
    """The metric of that name, or the one of that family for these features."""
    return catalogue.find(Metric, metric_name(catalogue, name, features))


def metric_name(catalogue: Catalogue, name: str, features: str) -> str:
    """The name itself, or completed by the features if only that is offered."""
    known, family = catalogue.names(Metric), f"{name}-{features}"
    return family if name not in known and family in known else name


def choose_evaluation(
    request: Request, catalogue: Catalogue, preset: Preset, dataset: Dataset, notes: list[str]
) -> Evaluation:
    """What the request, the preset and the data set say about measuring."""
    own = request.features[:1] or ((dataset.features,) if dataset.features else ())
    features = own[0] if own else _first_that_works(preset.features, request, catalogue, notes)
    for name in request.metrics:
        reason = find_metric(catalogue, name, features).unsuited(dataset)
        if reason:
            raise UsageError(f"--metric {name}: {reason}")
    metrics = request.metrics or _fitting(preset.metrics, features, catalogue, dataset)
    if not metrics:
        raise UsageError(f"no metric of the preset reads {features}: choose one with --metric")
    for other in request.features[1:]:
        metrics += _of_family(request.metrics or preset.metrics, other, catalogue)
    evaluation = plan_evaluation(
        catalogue,
        dataset,
        features=features,
        metrics=metrics,
        samples=request.samples or preset.samples,
        weights=request.weights,
        tick_samples=preset.tick_samples,
        gauges=_fitting(preset.gauges, features, catalogue, dataset),
    )
    if request.weights and not any(
        catalogue.find(Features, net).takes_weights for net in evaluation.digests
    ):
        nets = ", ".join(evaluation.digests)
        raise UsageError(f"--feature-weights: none of {nets} takes weights from a file")
    return evaluation


def _first_that_works(
    names: tuple[str, ...], request: Request, catalogue: Catalogue, notes: list[str]
) -> str:
    """The preset's first choice whose weights are here or can be had; what is passed is told."""
    from gan_bench.measure.features import weights_digest

    for name in names[:-1]:
        try:
            weights_digest(catalogue, name, request.weights)
        except NotHere as error:  # weights that are here and altered are another matter
            notes.append(f"features {name} left out: {error}")
        else:
            return name
    return names[-1]


def _fitting(
    names: tuple[str, ...], features: str, catalogue: Catalogue, dataset: Dataset
) -> tuple[str, ...]:
    """The preset's metrics that read these features, or any, and suit the data set."""
    full = [metric_name(catalogue, name, features) for name in names]
    metrics = [catalogue.find(Metric, name) for name in full if name in catalogue.names(Metric)]
    return tuple(
        metric.name
        for metric in metrics
        if _readable(metric, features, catalogue) and not metric.unsuited(dataset)
    )


def _readable(metric: Metric, features: str, catalogue: Catalogue) -> bool:
    """It reads the chosen features, or a net of its own for which no weights are needed."""
    if metric.features in (None, features):
        return True
    return not catalogue.find(Features, metric.features or features).takes_weights


def _of_family(names: tuple[str, ...], other: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Those of the metrics that exist for another net as well: a second opinion."""
    catalogue.find(Features, other)
    full = [metric_name(catalogue, name, other) for name in names]
    found = tuple(
        name
        for name in full
        if name in catalogue.names(Metric) and catalogue.find(Metric, name).features == other
    )
    if not found:
        raise UsageError(f"--features {other}: none of the metrics {', '.join(names)} reads it")
    return found


def fit_to_data(
    evaluation: Evaluation, request: Request, prepared: Prepared, notes: list[str]
) -> Evaluation:
    """Not more samples than there are real images, unless asked: most metrics need N = M."""
    there = prepared.data.train
    if request.samples is not None or there >= evaluation.samples:
        return evaluation
    notes.append(f"{there:,} samples for {evaluation.samples:,}: there are no more training images")
    ticks = min(there, evaluation.tick_samples)
    return evaluation.model_copy(update={"samples": there, "tick_samples": ticks})
