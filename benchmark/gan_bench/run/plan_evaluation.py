"""Names of features and metrics -> an Evaluation."""

from __future__ import annotations

from typing import Any

from gan_bench.base.text import plural
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import NotHere, UsageError
from gan_bench.contract.offers import Dataset, Features, Metric, Preset
from gan_bench.contract.protocol import Data, Evaluation, Gauge, MetricSpec, Split
from gan_bench.contract.reference import reference_warnings
from gan_bench.measure.evaluator import unequal
from gan_bench.measure.features import weights_digest
from gan_bench.measure.weights import NO_WEIGHTS, Weights, check_read, known_weights
from gan_bench.run.request import Request

LEAST = 2  # real images: with fewer, every metric refuses
IMAGES_OF: dict[Split, str] = {"train": "training image", "held-out": "held-out image"}


def choose_evaluation(
    request: Request, catalogue: Catalogue, preset: Preset, dataset: Dataset
) -> tuple[Evaluation, list[str]]:
    """What the request, the preset and the data set say about measuring; and notes."""
    notes: list[str] = []
    weights = known_weights(catalogue, request.weights or NO_WEIGHTS)
    if request.features:
        features = request.features[0]
    elif dataset.features:
        features = dataset.features
    else:
        features, notes = _first_that_works(preset.features, weights, catalogue)
    features = catalogue.find(Features, features).name
    for name in request.metrics:
        reason = find_metric(catalogue, name, features).unsuited(dataset)
        if reason:
            raise UsageError(f"--metric {name}: {reason}")
    metrics = request.metrics or _fitting(preset.metrics, features, catalogue, dataset)
    if not metrics:
        raise UsageError(f"no metric of the preset reads {features}: choose one with --metric")
    for other in request.features[1:]:
        metrics += _of_family(request.metrics or preset.metrics, other, catalogue)
    tick_metric = None
    if not request.metrics:
        metrics += _judged(preset.judged, features, catalogue, dataset)
        names = (preset.tick_metric,) if preset.tick_metric else ()
        tick_metric = next(iter(_fitting(names, features, catalogue, dataset)), None)
        if names and tick_metric is None:
            notes.append(
                f"{names[0]} does not exist for {features}: the first metric scores the ticks"
            )
    metrics, partner_notes = with_partners(metrics, features, catalogue, dataset)
    gauges = _fitting(preset.gauges, features, catalogue, dataset)
    notes += [
        f"{name} does not exist for {features}: the ticks go without it"
        for name in preset.gauges
        if metric_name(catalogue, name, features) not in catalogue.names(Metric)
    ]
    evaluation = plan_evaluation(
        catalogue,
        dataset,
        features=features,
        metrics=metrics,
        samples=request.samples or preset.samples,
        weights=weights,
        tick_samples=preset.tick_samples,
        gauges=gauges,
        reference=request.reference,
        tick_metric=tick_metric,
    )
    check_read(catalogue, weights, evaluation.digests)
    return evaluation, [*notes, *partner_notes]


def plan_evaluation(
    catalogue: Catalogue,
    dataset: Dataset,
    *,
    features: str,
    metrics: tuple[str, ...],
    samples: int,
    weights: Weights = NO_WEIGHTS,
    tick_samples: int = 256,
    gauges: tuple[str, ...] = (),
    reference: Split = "train",
    tick_metric: str | None = None,
) -> Evaluation:
    """The Evaluation with these names, and with the digests of all nets that its metrics read.

    A metric's family name is completed by the features: "fd" is "fd-<features>". Raises
    UsageError for an unknown name, DataError for features that cannot work here.
    """
    features = catalogue.find(Features, features).name
    chosen = {(each := find_metric(catalogue, name, features)).name: each for name in metrics}
    watched = [find_metric(catalogue, name, features) for name in gauges]
    specs = tuple(
        MetricSpec(**_spec(catalogue, metric, features, dataset)) for metric in chosen.values()
    )
    gauge_specs = tuple(
        Gauge(**_spec(catalogue, metric, features, dataset), floor=metric.floor)
        for metric in watched
        if metric.floor is not None
    )
    tick_spec = tick_metric and MetricSpec(
        **_spec(catalogue, find_metric(catalogue, tick_metric, features), features, dataset)
    )
    read = (*specs, *gauge_specs, *([tick_spec] if tick_spec else []))
    return Evaluation(
        samples=samples,
        tick_samples=min(tick_samples, samples),
        reference=reference,
        features=features,
        digests={
            net: weights_digest(catalogue, net, weights)
            for net in sorted({spec.features for spec in read})
        },
        metrics=specs,
        tick_metric=tick_spec or None,
        gauges=gauge_specs,
    )


def fit_to_data(evaluation: Evaluation, data: Data) -> Evaluation:
    """Not more samples than there are images in the reference split: many metrics need N = M."""
    most = max(1, data.images(evaluation.reference))
    samples, ticks = min(evaluation.samples, most), min(evaluation.tick_samples, most)
    return evaluation.model_copy(update={"samples": samples, "tick_samples": ticks})


def reference_notes(evaluation: Evaluation, data: Data, catalogue: Catalogue) -> list[str]:
    """What the user should know about the real images that the samples are compared with.

    UsageError if there are none.
    """
    real = evaluation.reference_images(data)
    if real < LEAST:
        raise UsageError(
            f"--reference {evaluation.reference}: {data.name} has "
            f"{plural(real, IMAGES_OF[evaluation.reference])}, and {LEAST} or more are needed"
        )
    notes = reference_warnings(evaluation, data)
    if why := unequal(real, evaluation.samples):
        needing = [
            spec.name
            for spec in evaluation.metrics
            if catalogue.find(Metric, spec.name).equal_counts
        ]
        if needing:
            names = ", ".join(needing)
            notes.append(
                f"not scored: {names}; they need as many real images as samples, but {why}"
            )
    return notes


def find_metric(catalogue: Catalogue, name: str, features: str) -> Metric:
    """The metric of that name, or the one of that family for these features."""
    return catalogue.find(Metric, metric_name(catalogue, name, features))


def metric_name(catalogue: Catalogue, name: str, features: str) -> str:
    """The metric's name for what was asked; a family's name is completed by the features."""
    family = catalogue.canonical(Metric, f"{name}-{features}")
    return catalogue.canonical(Metric, name) or family or name


def with_partners(
    names: tuple[str, ...], features: str, catalogue: Catalogue, dataset: Dataset
) -> tuple[tuple[str, ...], list[str]]:
    """The metrics, and those without which they mislead; a note on each one that is added.

    Also a note where such a one does not exist for these features.
    """
    chosen = {(each := find_metric(catalogue, name, features)).name: each for name in names}
    notes = []
    for metric in list(chosen.values()):
        name = metric_name(catalogue, metric.partner or metric.name, features)
        if name not in catalogue.names(Metric):
            notes.append(
                f"{metric.name} misleads without {name}, which does not exist for {features}"
            )
            continue
        partner = catalogue.find(Metric, name)
        if partner.name not in chosen and not partner.unsuited(dataset):
            chosen[partner.name] = partner
            notes.append(f"metric {partner.name} added: {metric.name} misleads without it")
    return tuple(chosen), notes


def _spec(catalogue: Catalogue, metric: Metric, features: str, dataset: Dataset) -> dict[str, Any]:
    """A metric as the protocol describes it.

    It reads the data set's judge if it reads modes, else its own net, else the evaluation's.
    """
    judge = dataset.judge if metric.reads_modes else None
    net = catalogue.find(Features, judge or metric.features or features).name
    return {
        "name": metric.name,
        "higher_is_better": metric.higher_is_better,
        "features": net,
        "partner": metric.partner and metric_name(catalogue, metric.partner, features),
        "alarm": metric.alarm,
    }


def _first_that_works(
    names: tuple[str, ...], weights: Weights, catalogue: Catalogue
) -> tuple[str, list[str]]:
    """The preset's first net whose weights are here or can be had; a note on each before it."""
    notes: list[str] = []
    for name in names[:-1]:
        try:
            weights_digest(catalogue, name, weights)
        except NotHere as error:  # weights that are here but altered raise another error
            notes.append(f"features {name} left out: {error}")
        else:
            return name, notes
    return names[-1], notes


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
    """Whether it reads the chosen features, or a net of its own that needs no weights given."""
    if metric.features in (None, features):
        return True
    return not catalogue.find(Features, metric.features or features).takes_weights


def _judged(
    families: tuple[str, ...], features: str, catalogue: Catalogue, dataset: Dataset
) -> tuple[str, ...]:
    """The preset's metrics that read the data set's judge, if it has one, else the features.

    A judge was trained on these images and separates generators that all score 0 on a net that was
    trained on others. Where there is none, a score on that net says more than no score.
    """
    judge = dataset.judge
    names = [
        (judge and catalogue.canonical(Metric, f"{family}-{judge}"))
        or metric_name(catalogue, family, features)
        for family in families
    ]
    metrics = [catalogue.find(Metric, name) for name in names if name in catalogue.names(Metric)]
    return tuple(metric.name for metric in metrics if not metric.unsuited(dataset))


def _of_family(names: tuple[str, ...], other: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Those of the metrics that exist for another net as well: a second opinion."""
    net = catalogue.find(Features, other).name
    full = [metric_name(catalogue, name, net) for name in names]
    own = tuple(
        name
        for name in full
        if name in catalogue.names(Metric) and catalogue.find(Metric, name).features == net
    )
    if not own:
        raise UsageError(f"--features {other}: none of the metrics {', '.join(names)} reads it")
    return own


def judge_unused(catalogue: Catalogue) -> str:
    """What to say of a judge that no metric of an evaluation reads."""
    readers = [metric.name for metric in catalogue.all(Metric) if metric.reads_modes]
    such = f": name one that does with --metric, such as {readers[0]}" if readers else ""
    return f"no metric here reads modes, so that --judge changes nothing{such}"
