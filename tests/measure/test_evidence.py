"""The images that a score is made of: who names them, and what happens if they cannot be drawn."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from nets import DATASET, Eye, catalogue, evaluator, gap, metric, plan

from gan_bench import Evidence, Metric, Samples, StorageError, Unscorable
from gan_bench.contract.protocol import MetricSpec
from gan_bench.data.cache import Prepared
from gan_bench.measure.evidence import Evidences, evidence_of
from gan_bench.results.shown import LONGEST, MOST

SAMPLES = Samples(real=np.zeros((4, 2)), fake=np.ones((5, 2)))
TRAIN = 9  # training images
ROWS = np.array([[0], [4]])


def evidence(*metrics: Metric) -> Evidences:
    specs = [MetricSpec(name=m.name, higher_is_better=True, features="eye") for m in metrics]
    return evidence_of(list(zip(specs, metrics, strict=True)), lambda _: SAMPLES, TRAIN)


def shows(name: str = "odd", **fields: Any) -> Metric:
    return metric(name, gap, evidence=lambda _: Evidence(**{"says": "look"} | fields))


def refuse(_: Samples) -> Evidence:
    raise Unscorable("all the same")


def test_a_metric_shows_images_or_counts_of_modes() -> None:
    given = evidence(
        shows("images", says="two\nlines " + "x" * 999, headings=("a", "b"), fake=ROWS, train=ROWS),
        shows("modes", real_modes=np.array([1, 0]), fake_modes=np.array([0, 7])),
        metric("silent", gap),
        metric("refusing", gap, evidence=refuse),
    )
    assert list(given.by_metric) == ["images", "modes"]
    assert given.notes == ()
    assert given.by_metric["images"].says.startswith("two lines xxx")
    assert len(given.by_metric["images"].says) == LONGEST


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "neither images nor modes"),
        ({"fake": np.array([0, 1])}, r"fake must be row numbers \(R, n\)"),
        ({"fake": np.array([[0.5]])}, "fake must be row numbers"),
        ({"train": np.zeros((0, 3), int)}, "train must be row numbers"),
        ({"train": np.zeros((65, 1), int)}, "at most 64 rows"),
        ({"fake": np.array([[5]])}, "fake has the row number 5, and there are 5 images"),
        ({"train": np.array([[9]])}, "train has the row number 9, and there are 9 images"),
        ({"train": np.array([[-1]])}, "row number -1"),
        ({"fake": ROWS, "train": ROWS[:1]}, "equally many rows"),
        ({"fake": np.zeros((1, 17), int)}, "at most 16 columns, not 17"),
        ({"fake": ROWS, "headings": ("a", "b")}, "a heading for each of 1 columns"),
        ({"fake_modes": np.array([1])}, "equally many counts"),
        ({"real_modes": np.array([1]), "fake_modes": np.array([1, 2])}, "equally many counts"),
        ({"real_modes": np.array([-1]), "fake_modes": np.array([1])}, "a count of -1"),
        ({"real_modes": np.zeros(MOST + 1, int)}, f"at most {MOST:,} modes"),
        ({"fake": ROWS, "says": 7}, "AttributeError"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(fields: dict[str, Any], why: str) -> None:
    given = evidence(shows(**fields), shows("next", fake=ROWS))
    assert list(given.by_metric) == ["next"]  # the others are shown
    (note,) = given.notes
    assert re.search(f"^the evidence of the metric odd failed: .*{why}", note), note


@pytest.mark.parametrize("broken", [lambda _: 1 / 0, lambda _: 7, lambda _: sys.exit(3)])
def test_a_metric_that_breaks_costs_a_note(broken: Callable[[Samples], Evidence]) -> None:
    given = evidence(metric("odd", gap, evidence=broken))
    assert not given.by_metric
    assert re.match("the evidence of the metric odd failed: ", *given.notes)


def test_a_disk_that_is_full_is_not_the_fault_of_the_metric() -> None:
    def full(_: Samples) -> Evidence:
        raise StorageError("no space left")

    with pytest.raises(StorageError):
        evidence(metric("keeping", gap, evidence=full))


def test_the_evaluator_asks_for_evidence_only_if_it_is_wanted(prepared: Prepared) -> None:
    known = catalogue(Eye().offer, shows("gap", fake=ROWS), metric("other", gap), DATASET)
    measuring = evaluator(known, plan(known, "gap", "other"), prepared)
    images = np.full((12, 1, 4, 4), 7, np.uint8)
    assert measuring.measure(images).evidence.by_metric == {}
    with_evidence = measuring.measure(images, with_evidence=True).evidence
    assert list(with_evidence.by_metric) == ["gap"]
    assert list(measuring.evidence(images, ["gap", "other"]).by_metric) == ["gap"]
    assert measuring.evidence(images, ["other"]) == Evidences()
