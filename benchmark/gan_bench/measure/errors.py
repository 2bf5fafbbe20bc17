"""Standard errors of scores over samplings of one network: other z, the same real images."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gan_bench.base.numbers import LARGEST
from gan_bench.contract.errors import (
    GanBenchError,
    StorageError,
    Unscorable,
    UsageError,
    sentence,
)
from gan_bench.contract.offers import Influence, Metric, Samples
from gan_bench.contract.protocol import MetricSpec
from gan_bench.measure.features import Arrays

BLOCKS = 4  # disjoint parts of the samples
DEALS = 4  # how often the samples are dealt into blocks: more deals, a steadier error
LEAST = 32  # images in a part: with fewer, no error is given


@dataclass(frozen=True)
class Errors:
    """What is known of the sampling errors of scores, by metric."""

    by_metric: dict[str, float] = field(default_factory=dict)
    influences: dict[str, Influence] = field(default_factory=dict)


Values = Callable[[Iterable[MetricSpec], Arrays], dict[str, float]]


def sampling_errors(
    metrics: Sequence[tuple[MetricSpec, Metric]],
    features: Arrays,
    samples_of: Callable[[MetricSpec], Samples],
    values: Values,
) -> Errors:
    """The standard errors of these metrics; features are (M, F) by net.

    Metrics that offer no `influence` are scored on blocks by `values`. Of these, metrics that read
    modes have no error, since counts of modes grow with M in another way; nor have those that read
    all training images, since a block takes them as long as the whole.
    """
    errors, influences = dict[str, float](), dict[str, Influence]()
    for spec, metric in metrics:
        if (whole := influence_of(metric, samples := samples_of(spec))) is not None:
            influences[spec.name] = whole
            errors[spec.name] = influence_error(metric, samples, whole)
    blocks = [
        spec
        for spec, metric in metrics
        if metric.influence is None and not metric.reads_modes and not metric.reads_train
    ]
    errors |= block_errors(blocks, features, values)
    known = {name: error for name, error in errors.items() if math.isfinite(error)}
    return Errors(known, influences)


def block_errors(specs: Sequence[MetricSpec], features: Arrays, values: Values) -> dict[str, float]:
    """The standard errors of these metrics, from disjoint blocks of the generated images.

    `features` are (M, F) by net; `values` scores them. All blocks are scored against the same real
    images. To first order the variance of a score is inverse to M, so the variance of the whole is
    that of the blocks over their number. The images are dealt into blocks several times, and the
    variances are averaged. Metrics that refuse a block have no error.
    """
    count = min(map(len, features.values()), default=0)
    size = count // BLOCKS
    if size < LEAST or not specs:
        return {}
    rng = np.random.default_rng(0)
    deals = [np.split(rng.permutation(count)[: BLOCKS * size], BLOCKS) for _ in range(DEALS)]
    scores = [
        [values(specs, {net: each[rows] for net, each in features.items()}) for rows in deal]
        for deal in deals
    ]
    return {
        spec.name: math.sqrt(np.mean([_variance(deal, spec.name) for deal in scores]) / BLOCKS)
        for spec in specs
        if all(spec.name in block for deal in scores for block in deal)
    }


def _variance(blocks: Sequence[dict[str, float]], metric: str) -> float:
    return float(np.var([block[metric] for block in blocks], ddof=1))


def influence_of(metric: Metric, samples: Samples) -> Influence | None:
    """The first-order terms of the metric; None if it offers or finds none that are finite."""
    if metric.influence is None or len(samples.fake) < LEAST:
        return None
    try:
        terms = _checked(metric.influence(samples), samples)
    except Unscorable:
        return None
    except StorageError:  # `keep` could not write: not the metric's fault
        raise
    except Exception as error:
        why = sentence(error)
        raise GanBenchError(f"the influence of the metric {metric.name} failed: {why}") from error
    known = [each for each in (terms.fake, terms.real) if each is not None]
    return terms if all((np.abs(each) <= LARGEST).all() for each in known) else None


def _checked(terms: Influence, samples: Samples) -> Influence:
    """The terms as float64, one an image; UsageError if they have another shape."""
    real = None if terms.real is None else np.asarray(terms.real, np.float64)
    fake = np.asarray(terms.fake, np.float64)
    for each, count in ((fake, len(samples.fake)), (real, len(samples.real))):
        if each is not None and each.shape != (count,):
            raise UsageError(f"it needs {count} numbers, one an image, not the shape {each.shape}")
    return Influence(fake=fake, real=real)


def influence_error(metric: Metric, samples: Samples, whole: Influence) -> float:
    """The standard error from the first-order terms of all M images and of their two halves.

    NaN if there are none for a half.

    Let the variance of a score be a / M + b / M^2. The terms are computed from the same images as
    the score, so their variance over M is a / M + 2 b / M^2 on average (Efron & Stein 1981). That
    is too large for a network whose images are as good as real, since its a is small. The terms
    of a half give a / M + 4 b / M^2 when they are scaled to M; the difference gives b. Both halves
    are taken, because one of them may have none of the few images that a small share is made of.
    """
    halves = [influence_of(metric, _half(samples, first)) for first in (0, 1)]
    terms = [half.fake for half in halves if half is not None]
    if len(terms) < len(halves):
        return math.nan
    of_all = _over_count(whole.fake)
    of_half = sum(map(_over_count, terms)) / len(terms) / 2
    second_order = min(max(0.0, (of_half - of_all) / 2), of_all / 2)  # b / M^2; neither part is < 0
    return math.sqrt(of_all - second_order)


def _half(samples: Samples, first: int) -> Samples:
    """Every second generated image, and all real ones; metrics share what they compute of it."""
    modes = samples.fake_modes

    def share(name: str, make: Callable[[], Any]) -> Any:
        return samples.share(f"half {first}: {name}", make)

    return replace(
        samples,
        fake=samples.fake[first::2],
        fake_modes=None if modes is None else modes[first::2],
        share=share,
    )


def _over_count(terms: np.ndarray) -> float:
    """The variance of the mean of (M,) terms."""
    return float(np.var(terms, ddof=1)) / len(terms)
