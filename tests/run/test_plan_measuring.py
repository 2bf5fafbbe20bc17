"""What a request, a preset and a data set say about measuring: reference, ticks, judge, counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from planning import Plan, blank, offer

from gan_bench import Dataset, Metric, Preset, UsageError
from gan_bench.catalogue import Catalogue
from gan_bench.contract.protocol import Data, Evaluation
from gan_bench.run.plan_evaluation import fit_to_data, reference_notes

NET = "efficientnet-lite0"


def data(train: int, held_out: int) -> Data:
    return Data(
        name="faces", fingerprint="ab", shape=(3, 8, 8), train=train, held_out=held_out
    )  # fmt: skip


def metric(name: str, **more: Any) -> Metric:
    given: dict[str, Any] = {"source": "a test", "higher_is_better": False, "compute": max}
    return Metric(name=name, **given | more)


# The reference


def test_the_reference_is_part_of_the_protocol(plan: Plan) -> None:
    protocols = [plan(**asked).plan.protocol for asked in ({}, {"reference": "held-out"})]
    assert [each.evaluation.reference for each in protocols] == ["train", "held-out"]
    assert protocols[0].slug != protocols[1].slug


@pytest.mark.parametrize(
    ("reference", "samples", "said"),
    [
        ("train", 36, "36 samples instead of 2,048: there are no more training images"),
        ("held-out", 4, "4 samples instead of 2,048: there are no more held-out images"),
    ],
)
def test_there_are_no_more_samples_than_reference_images(
    reference: str, samples: int, said: str, plan: Plan
) -> None:
    planned = plan(samples=None, reference=reference)
    evaluation = planned.plan.protocol.evaluation
    assert evaluation.samples == evaluation.reference_images(planned.plan.protocol.data) == samples
    assert evaluation.tick_samples == samples
    assert said in planned.notes


@pytest.fixture
def notes(plan: Plan, known: Catalogue) -> Any:
    """The notes on the reference where there are so many images."""
    evaluation = plan().plan.protocol.evaluation

    def make(images: Data, **more: Any) -> list[str]:
        asked = fit_to_data(evaluation.model_copy(update={"samples": 2048} | more), images)
        return reference_notes(asked, images, known)

    return make


def test_a_reference_of_most_training_images_comes_with_a_warning(notes: Any) -> None:
    (note,) = notes(data(4095, 500))
    assert note == (
        "2,048 of the 4,095 training images are the reference: a generator that copies the "
        "training images would score better than a perfect one; compare with held-out "
        "images instead: --reference held-out"
    )
    assert notes(data(4096, 456)) == []
    assert notes(data(4095, 455), reference="held-out")[0].startswith("the reference is 455 held")


@pytest.mark.parametrize("held_out", [0, 62, 499])
def test_a_reference_that_is_warned_of_is_not_advised(notes: Any, held_out: int) -> None:
    (note,) = notes(data(4095, held_out))
    assert note.endswith("would score better than a perfect one")


def test_a_small_held_out_reference_comes_with_its_cost(notes: Any) -> None:
    assert notes(data(5000, 500), reference="held-out") == []
    (note,) = notes(data(5000, 499), reference="held-out")
    assert "499 held-out images: with fewer than 500, Fréchet distances are higher" in note


def test_a_reference_without_images_is_refused(notes: Any) -> None:
    with pytest.raises(
        UsageError, match="--reference held-out: faces has 0 held-out images, and 2 or more"
    ):
        notes(data(5000, 0), reference="held-out")


# Numbers of images


def test_metrics_that_the_numbers_of_images_rule_out_are_named_before_training(plan: Plan) -> None:
    def ruled_out(**asked: Any) -> list[str]:
        return [note for note in plan(**asked).notes if note.startswith("not scored")]

    assert ruled_out(samples=500, metrics=("fd", "precision", "coverage")) == [
        "not scored: precision, coverage, recall; they need as many real images as samples, but "
        "there are 36 real images for 500 samples: --samples 36"
    ]
    assert ruled_out(samples=500, metrics=("fd",)) == []
    assert ruled_out(samples=36, metrics=("fd", "precision")) == []
    assert ruled_out(samples=None) == []


# The metric of the ticks


def presets(known: Catalogue, **more: Any) -> None:
    offer(known, replace(known.find(Preset, "quick"), **more))


def evaluation_of(plan: Plan, **asked: Any) -> Evaluation:
    evaluation: Evaluation = plan(**asked).plan.protocol.evaluation
    return evaluation


def test_the_first_metric_scores_the_ticks_unless_the_preset_names_another(
    plan: Plan, known: Catalogue
) -> None:
    presets(known, tick_metric=None)
    assert evaluation_of(plan).tick_metric is None
    assert evaluation_of(plan).at_ticks.name == f"fd-{NET}"
    presets(known, tick_metric="kd")
    evaluation = evaluation_of(plan)
    assert evaluation.at_ticks.name == f"kd-{NET}"
    assert evaluation.metrics[0].name == f"fd-{NET}"
    assert [spec.name for spec in evaluation.watched] == ["diversity", "spread", f"kd-{NET}"]


def test_a_metric_of_ticks_that_does_not_exist_for_the_features_is_left_out(
    plan: Plan, known: Catalogue
) -> None:
    offer(known, metric("quick-look-pixels", features="pixels"))
    presets(known, tick_metric="quick-look")
    assert evaluation_of(plan).tick_metric is None
    said = f"quick-look does not exist for {NET}: the first metric scores the ticks"
    assert said in plan().notes
    assert not any("quick-look" in note for note in plan(features=("pixels",)).notes)
    assert evaluation_of(plan, features=("pixels",)).at_ticks.name == "quick-look-pixels"


def test_a_gauge_that_does_not_exist_for_the_features_is_left_out_and_said(
    plan: Plan, known: Catalogue
) -> None:
    offer(known, metric("watch-pixels", features="pixels", floor=0.1))
    presets(known, gauges=("spread", "watch"))
    assert [gauge.name for gauge in evaluation_of(plan).gauges] == ["spread"]
    assert f"watch does not exist for {NET}: the ticks go without it" in plan().notes


@pytest.mark.parametrize("partner", ["watch", "nothing"])
def test_a_partner_that_does_not_exist_for_the_features_is_said(
    partner: str, plan: Plan, known: Catalogue
) -> None:
    offer(known, metric("watch-pixels", features="pixels"), metric("lonely", partner=partner))
    planned = plan(metrics=("lonely",))
    assert [spec.name for spec in planned.plan.protocol.evaluation.metrics] == ["lonely"]
    assert f"lonely misleads without {partner}, which does not exist for {NET}" in planned.notes


def test_a_metric_that_the_user_names_scores_the_ticks_too(plan: Plan, known: Catalogue) -> None:
    presets(known, tick_metric="kd")
    assert evaluation_of(plan, metrics=("diversity",)).at_ticks.name == "diversity"


def test_a_net_that_only_the_ticks_read_is_loaded(plan: Plan, known: Catalogue) -> None:
    offer(known, metric("other-net", features="mnist-judge"))
    presets(known, tick_metric="other-net")
    assert "mnist-judge" in evaluation_of(plan).digests


# The judge


@pytest.mark.parametrize(
    ("judge", "names"),
    [
        ("mnist-judge", [f"fd-{NET}", "sharp-mnist-judge", "coverage-mnist-judge"]),
        (None, [f"fd-{NET}", f"sharp-{NET}", "coverage"]),
    ],
)
def test_judged_metrics_read_the_judge_of_the_data_set_or_else_the_features(
    judge: str | None, names: list[str], plan: Plan, known: Catalogue
) -> None:
    offer(known, *(metric(f"sharp-{net}", features=net) for net in (NET, "mnist-judge")))
    offer(known, blank("mine", judge=judge))
    presets(known, metrics=("fd",), judged=("sharp", "coverage", "unheard-of"))
    assert [spec.name for spec in evaluation_of(plan, data="mine").metrics] == names
    named = evaluation_of(plan, data="mine", metrics=("kd",)).metrics
    assert [spec.name for spec in named] == [f"kd-{NET}"]


def test_a_judged_metric_that_does_not_suit_the_data_set_is_left_out(
    plan: Plan, known: Catalogue
) -> None:
    def unsuited(dataset: Dataset) -> str | None:
        return "it is mine" if dataset.name == "mine" else None

    offer(known, metric("picky", unsuited=unsuited), blank("mine"))
    presets(known, metrics=("fd",), judged=("picky",))
    assert [spec.name for spec in evaluation_of(plan, data="mine").metrics] == [f"fd-{NET}"]
    assert [spec.name for spec in evaluation_of(plan).metrics] == [f"fd-{NET}", "picky"]
