"""What differs between protocols is said briefly: a digest by its beginning, a list by items."""

from __future__ import annotations

from typing import Any

import pytest

from gan_bench.contract.differing import in_words, said
from gan_bench.contract.protocol import MetricSpec, Protocol
from records import PLAIN


@pytest.mark.parametrize(
    ("pair", "text"),
    [
        ((100.0, 200.0), "field: 100 here, 200 there"),
        ((None, 3), "field: nothing here, 3 there"),
        (("a" * 64, "b" * 64), "field: aaaaaaaaaaaa here, bbbbbbbbbbbb there"),
        (("a" * 64, None), "field: aaaaaaaaaaaa here, nothing there"),
        (("a" * 63, "b"), f"field: {'a' * 63} here, b there"),
        (("none", "flip, blur"), "field only here: none; field only there: flip, blur"),
        (("fd eye, kd eye, ndb raw", "kd eye"), "field only here: fd eye, ndb raw"),
        (("x, y", None), "field only here: x, y"),
        (([0.5, 0.999], [0.0, 0.9]), "field: (0.5, 0.999) here, (0, 0.9) there"),
        (("x, y", "y, x"), "field: x, y here, y, x there"),
    ],
)
def test_each_kind_of_value(pair: tuple[object, object], text: str) -> None:
    assert said("field", pair) == text


def test_the_two_sides_have_the_names_that_are_given() -> None:
    assert said("batch", (9, 8), ("then", "now")) == "batch: 9 then, 8 now"


def measured_by(**changes: object) -> Protocol:
    return PLAIN.measured_by(PLAIN.evaluation.model_copy(update=changes))


def spec(name: str, features: str = "eye", **more: Any) -> MetricSpec:
    return MetricSpec(name=name, higher_is_better=False, features=features, **more)


def test_what_was_chosen_is_said_first_metrics_by_name_and_weights_last() -> None:
    one = measured_by(
        samples=256,
        metrics=(
            spec("fd"),
            spec("copies", "raw", alarm=0.05),
            spec("density", partner="coverage"),
        ),
        digests={"eye": "a" * 64, "raw": "b" * 64},
        tick_metric=spec("fd"),
    )
    other = measured_by(
        samples=128, metrics=(spec("fd"),), digests={"eye": "c" * 64}, tick_metric=spec("fd")
    )
    other = other.model_copy(update={"schedule": PLAIN.schedule.model_copy(update={"kimg": 7.0})})
    assert in_words(one, other) == (
        f"kimg: {PLAIN.schedule.kimg:g} here, 7 there; generated images: 256 here, 128 there; "
        "metrics only here: copies, density; "
        "weights of eye: aaaaaaaaaaaa here, cccccccccccc there; networks read only here: raw"
    )


def test_a_metric_of_both_that_differs_is_said_by_what_differs() -> None:
    one, other = (measured_by(metrics=(spec("fd"), spec("copies", alarm=a))) for a in (0.05, None))
    assert in_words(one, other) == "alarm of the metric copies: 0.05 here, nothing there"
    first, last = (
        measured_by(metrics=(spec("a"), spec("b"))),
        measured_by(metrics=(spec("b"), spec("a"))),
    )
    assert in_words(first, last).startswith(
        "metrics: a, b here, b, a there; metric at the ticks: a here, b"
    )


def test_a_difference_that_changes_no_score_is_still_said() -> None:
    named = measured_by(tick_metric=PLAIN.evaluation.metrics[0])
    assert "evaluation.tick_metric" in in_words(named, PLAIN)
    assert in_words(PLAIN, PLAIN) == ""
