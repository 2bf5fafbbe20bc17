"""Standard errors of scores: which metrics get one, and what happens when there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from nets import gap, metric

from gan_bench import GanBenchError, Influence, Metric, Samples, Unscorable
from gan_bench.contract.protocol import MetricSpec
from gan_bench.measure.errors import Errors, sampling_errors

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(size=(2, 512, 2))


def square(samples: Samples) -> float:
    """The squared distance of the means: of second order where they are equal."""
    return float(np.square(samples.real.mean(0) - samples.fake.mean(0)).sum())


def square_terms(samples: Samples) -> Influence:
    away = samples.fake.mean(0) - samples.real.mean(0)
    return Influence(fake=2 * (samples.fake - samples.fake.mean(0)) @ away)


def errors_of(*metrics: Metric, fake: np.ndarray = FAKE) -> Errors:
    known = {each.name: each for each in metrics}
    specs = [MetricSpec(name=name, higher_is_better=False, features="eye") for name in known]

    def values(some: object, features: dict[str, np.ndarray]) -> dict[str, float]:
        samples = Samples(real=REAL, fake=features["eye"])
        return {spec.name: known[spec.name].compute(samples) for spec in some}  # type: ignore[attr-defined]

    return sampling_errors(
        [(spec, known[spec.name]) for spec in specs],
        {"eye": fake},
        lambda _: Samples(real=REAL, fake=fake),
        values,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("away", [0.0, 0.05, 1.0])
def test_the_error_holds_where_the_score_is_of_second_order_and_where_it_is_not(
    away: float,
) -> None:
    """Real images whose mean is known, so that nothing but the generated ones varies."""
    rng = np.random.default_rng(1)
    drawn = rng.normal(away, size=(400, 256, 20))
    real = np.zeros((2, 20))
    each = metric("square", square, influence=square_terms)
    spec = MetricSpec(name="square", higher_is_better=False, features="eye")
    stated = [
        sampling_errors(
            [(spec, each)],
            {"eye": fake},
            lambda _, f=fake: Samples(real=real, fake=f),
            lambda *_: {},
        ).by_metric["square"]
        for fake in drawn
    ]
    seen = np.std([square(Samples(real=real, fake=fake)) for fake in drawn], ddof=1)
    assert np.sqrt(np.mean(np.square(stated))) == pytest.approx(seen, rel=0.2)


def test_metrics_without_terms_are_scored_on_blocks() -> None:
    errors = errors_of(metric("mean", lambda samples: float(samples.fake[:, 0].mean())))
    assert errors.by_metric["mean"] == pytest.approx(1 / np.sqrt(512), rel=0.3)
    assert errors.influences == {}


@pytest.mark.parametrize("reads", ["reads_modes", "reads_train"])
def test_counts_of_modes_and_metrics_of_all_training_images_get_none(reads: str) -> None:
    assert errors_of(metric("count", gap, **{reads: True})).by_metric == {}


@pytest.mark.parametrize(
    ("count", "names"), [(31, set()), (40, set()), (64, {"terms"}), (256, {"terms", "blocks"})]
)
def test_few_images_show_no_error(count: int, names: set[str]) -> None:
    metrics = metric("terms", square, influence=square_terms), metric("blocks", gap)
    assert set(errors_of(*metrics, fake=FAKE[:count]).by_metric) == names


def refuse(_: Samples) -> Influence:
    raise Unscorable("all the same")


@pytest.mark.parametrize(
    "influence",
    [refuse, lambda samples: Influence(fake=np.full(len(samples.fake), np.inf))],
    ids=["refused", "infinite"],
)
def test_terms_that_are_refused_or_not_finite_are_left_out(
    influence: Callable[[Samples], Influence],
) -> None:
    errors = errors_of(metric("odd", gap, influence=influence), metric("gap", gap))
    assert set(errors.by_metric) == {"gap"}
    assert errors.influences == {}


def test_terms_too_large_to_square_give_no_error() -> None:
    large = metric("large", gap, influence=lambda s: Influence(fake=s.fake[:, 0] * 1e200))
    with np.errstate(over="ignore"):
        assert errors_of(large).by_metric == {}


def test_an_influence_that_breaks_is_named() -> None:
    with pytest.raises(GanBenchError, match="the influence of the metric odd failed: Zero"):
        errors_of(metric("odd", gap, influence=lambda _: 1 / 0))


@pytest.mark.parametrize(
    "terms",
    [
        Influence(fake=np.ones(3)),
        Influence(fake=np.ones((512, 2))),
        Influence(fake=np.ones(512), real=np.ones(3)),
    ],
)
def test_terms_that_are_not_one_an_image_are_the_metric_s_fault(terms: Influence) -> None:
    odd = replace(metric("odd", gap), influence=lambda _: terms)
    with pytest.raises(GanBenchError, match=r"influence of the metric odd .* one an image"):
        errors_of(odd)


def test_terms_too_large_to_square_are_no_terms() -> None:
    huge = replace(metric("huge", gap), influence=lambda _: Influence(fake=np.full(512, 1e200)))
    assert huge.name not in errors_of(huge).by_metric
