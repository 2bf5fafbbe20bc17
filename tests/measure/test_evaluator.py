"""Samples -> features once -> scores, on networks and metrics that can be computed by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from nets import DATASET, FAKES, GAP, TRAIN, Eye, catalogue, evaluator, gap, measure, metric, plan
from PIL import Image
from torch import Tensor

from gan_bench import (
    DataError,
    Dataset,
    Features,
    GanBenchError,
    Images,
    Metric,
    Samples,
    Unscorable,
)
from gan_bench.data.cache import Prepared, prepare
from gan_bench.data.source import Source
from gan_bench.measure.evaluator import reference_images
from gan_bench.measure.features import extract_all
from gan_bench.measure.weights import Weights


def test_a_score_is_the_metric_of_real_and_generated_features(prepared: Prepared) -> None:
    seen: list[Samples] = []

    def compute(samples: Samples) -> float:
        seen.append(samples)
        return 4.5

    known = catalogue(Eye().offer, metric("spy", compute))
    measured = measure(known, plan(known, "spy"), prepared)
    assert measured.scores["spy"].model_dump() == {
        "value": 4.5,
        "error": None,  # so few images show none
        "higher_is_better": True,
        "features": "eye",
        "n": 12,
        "reference": "train",
        "reference_n": 10,
    }
    (samples,) = seen
    assert samples.fake.tolist() == [[7, 7]] * 12
    assert samples.fake.dtype == samples.real.dtype == np.float32
    assert samples.real.shape == (10, 2)
    assert samples.real_modes is samples.fake_modes is None


def test_every_net_looks_once_however_many_metrics_read_it(prepared: Prepared) -> None:
    eye, ear = Eye(), Eye("ear", "bb")
    more = [metric("b", gap), metric("c", gap), metric("d", gap, features="ear")]
    known = catalogue(eye.offer, ear.offer, GAP, *more)
    measure(known, plan(known, "gap", "b", "c", "d"), prepared)
    assert sorted(eye.seen) == sorted(ear.seen) == [10, 12]
    assert len(eye.loads) == 1


def test_images_in_batches_are_measured_as_they_are_together(prepared: Prepared) -> None:
    known = catalogue(Eye().offer, GAP)
    scorer = evaluator(known, plan(known, "gap"), prepared)
    fakes = np.random.default_rng(0).integers(0, 256, (37, 1, 4, 4), dtype=np.uint8)
    batches = iter(torch.split(torch.from_numpy(fakes), 5))
    assert scorer.measure(batches) == scorer.measure(fakes)
    assert next(batches, None) is None


def test_weights_that_changed_since_the_plan_are_refused(prepared: Prepared) -> None:
    eye = Eye()
    known = catalogue(eye.offer, GAP)
    planned = plan(known, "gap")
    eye.current = "bb"
    with pytest.raises(DataError, match=r"the weights of eye have changed since .* was planned"):
        measure(known, planned, prepared)
    assert eye.seen == []


def test_weights_given_as_a_file_reach_the_net(prepared: Prepared, tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_text("dd")
    eye = Eye(takes_weights=True)
    known = catalogue(eye.offer, GAP)
    measure(known, plan(known, "gap", weights=Weights(file)), prepared, weights=Weights(file))
    assert eye.loads == [("cpu", file)]


def test_a_judge_names_the_modes_for_the_metrics_that_need_them(prepared: Prepared) -> None:
    judge = Eye("judge", "cc", modes=lambda features: features[:, 0].astype(np.int64) // 10)
    dataset = steps(judge="judge", modes=4)
    seen: dict[str, Samples] = {}

    def spy(name: str, **more: Any) -> Metric:
        return metric(name, lambda samples: float(bool(seen.setdefault(name, samples))), **more)

    known = catalogue(Eye().offer, judge.offer, spy("plain"), spy("count", reads_modes=True))
    planned = plan(known, "plain", "count", dataset=dataset)
    measure(known, planned, prepared, dataset=dataset)
    count, plain = seen["count"], seen["plain"]
    assert count.modes == 4
    assert count.real_modes is not None
    assert count.fake_modes is not None
    assert set(count.real_modes) == {0, 1, 2, 3}
    assert count.fake_modes.tolist() == [0] * 12
    assert plain.real_modes is plain.fake_modes is None
    assert plain.fake.tolist() == count.fake.tolist()  # both read the evaluation's own features


def refuse(_: Samples) -> float:
    raise Unscorable("all the same")


def steps(version: str = "1", load: Any = DATASET.load, **more: Any) -> Dataset:
    return Dataset(name="steps", source="a test", version=version, load=load, **more)


@pytest.mark.parametrize(
    ("compute", "why"),
    [(lambda _: float("nan"), "odd gave nan, which is no score"), (refuse, "all the same")],
)
def test_a_metric_without_a_score_takes_no_other_down(
    compute: Callable[[Samples], float], why: str, prepared: Prepared
) -> None:
    known = catalogue(Eye().offer, GAP, metric("odd", compute))
    measured = measure(known, plan(known, "odd", "gap"), prepared)
    assert list(measured.scores) == ["gap"]
    assert measured.unscored == {"odd": why}


def test_a_metric_that_breaks_is_named(prepared: Prepared) -> None:
    known = catalogue(Eye().offer, metric("odd", lambda _: 1 / 0))
    with pytest.raises(GanBenchError, match="the metric odd failed: ZeroDivisionError: division"):
        measure(known, plan(known, "odd"), prepared)


def test_the_error_of_sampling_is_that_of_drawing_again(prepared: Prepared) -> None:
    known = catalogue(Eye().offer, GAP)
    scorer = evaluator(known, plan(known, "gap", samples=1024), prepared)
    drawn = np.random.default_rng(0).integers(100, 200, (60, 1024, 1, 4, 4)).astype(np.uint8)
    scores = [scorer.measure(fakes).scores["gap"] for fakes in drawn]
    stated = np.array([score.error for score in scores], float)
    seen = np.std([score.value for score in scores], ddof=1)
    assert np.sqrt((stated**2).mean()) == pytest.approx(seen, rel=0.3)


def test_counts_of_modes_get_no_error(prepared: Prepared) -> None:
    judge = Eye("judge", "cc", modes=lambda features: features[:, 0].astype(np.int64))
    known = catalogue(Eye().offer, judge.offer, GAP, metric("count", gap, reads_modes=True))
    planned = plan(known, "gap", "count", dataset=steps(judge="judge"))
    given: dict[str, Any] = {"dataset": steps(judge="judge"), "fakes": FAKES.repeat(30, 0)}
    scores = measure(known, planned, prepared, **given).scores
    assert scores["gap"].error is not None
    assert scores["count"].error is None


def test_one_image_repeated_is_a_collapse_whatever_the_metrics_say(prepared: Prepared) -> None:
    known = catalogue(Eye().offer, GAP)
    planned = plan(known, "gap")
    fault = measure(known, planned, prepared).fault
    assert fault == ("collapsed", "all 12 images of G are the same")
    assert measure(known, planned, prepared, fakes=TRAIN).fault is None


def test_features_that_are_not_finite_are_a_verdict(prepared: Prepared) -> None:
    def load(*_: Any) -> Callable[[Tensor], Tensor]:
        return lambda images: (images.flatten(1).float()).log()  # of 0

    known = catalogue(Features(name="eye", source="a", digest=lambda _: "aa", load=load), GAP)
    with pytest.raises(DataError, match="eye gives features of steps that are not finite"):
        evaluator(known, plan(known, "gap"), prepared)
    brighter = steps("2", lambda *_: Images(train=TRAIN + 1, held_out=TRAIN[:6] + 1))
    scorer = evaluator(known, plan(known, "gap"), prepare(Source(brighter), 4), brighter)
    kind, reason = scorer.measure(FAKES * 0).fault or ("", "")
    assert kind == "diverged"
    assert "not finite, as seen by eye" in reason


def test_a_tick_reads_its_metric_and_the_gauges_and_no_other(prepared: Prepared) -> None:
    eye, ear = Eye(), Eye("ear", "bb")
    metrics = (
        metric("first", lambda _: 1),
        metric("other", lambda _: 2, features="ear"),
        metric("low", lambda _: 3, floor=0.5),
        metric("of ticks", lambda _: 4),
    )
    known = catalogue(eye.offer, ear.offer, *metrics)
    given: dict[str, Any] = {"samples": 40, "tick_samples": 8, "gauges": ("low",)}
    evaluation = plan(known, "first", "other", **given)
    assert [(gauge.name, gauge.floor) for gauge in evaluation.gauges] == [("low", 0.5)]
    scorer = evaluator(known, evaluation, prepared)
    ear.seen.clear()
    assert scorer.look(FAKES[:8]) == {"first": 1.0, "low": 3.0}
    other = evaluator(known, plan(known, "first", **given, tick_metric="of ticks"), prepared)
    assert other.look(FAKES[:8]) == {"of ticks": 4.0, "low": 3.0}
    assert ear.seen == []


def test_few_images_are_compared_with_all_real_ones_unless_a_metric_needs_as_many(
    prepared: Prepared,
) -> None:
    seen: dict[str, Samples] = {}

    def spy(name: str, **more: Any) -> Metric:
        def compute(samples: Samples) -> float:
            samples.share("which", lambda: len(samples.real))
            assert samples.share("which", lambda: 0) == len(samples.real)  # not shared with others
            seen[name] = samples
            return 1.0

        return metric(name, compute, **more)

    known = catalogue(Eye().offer, spy("all"), spy("equal", equal_counts=True))
    scorer = evaluator(known, plan(known, "all", "equal", samples=40), prepared)
    scores = scorer.measure(FAKES[:8]).scores
    assert {name: score.reference_n for name, score in scores.items()} == {"all": 40, "equal": 8}
    assert {name: len(samples.real) for name, samples in seen.items()} == {"all": 40, "equal": 8}
    assert seen["equal"].real[:, 0].tolist() == [0, 6, 11, 17, 22, 28, 33, 39]  # evenly


def test_a_metric_that_needs_as_many_real_images_is_refused_if_there_are_fewer(
    prepared: Prepared,
) -> None:
    known = catalogue(Eye().offer, GAP, metric("equal", gap, equal_counts=True))
    measured = measure(known, plan(known, "gap", "equal", samples=12), prepared)
    assert measured.scores.keys() == {"gap", "equal"}
    small = plan(known, "gap", "equal", samples=12).model_copy(update={"reference": "held-out"})
    measured = measure(known, small, prepared)
    assert measured.scores.keys() == {"gap"}
    assert "there are 6 real images for 12 samples." in measured.unscored["equal"]


def test_all_training_images_are_seen_only_if_a_metric_reads_them(prepared: Prepared) -> None:
    seen: list[Samples] = []
    known = catalogue(
        Eye().offer,
        metric("copies", lambda samples: seen.append(samples) or 1.0, reads_train=True),
        metric("plain", lambda samples: seen.append(samples) or 1.0),
    )
    for name in ("copies", "plain"):
        measure(known, plan(known, name), prepared)
    first, second = seen
    assert first.train is not None
    assert first.held_out is not None
    assert (len(first.train), len(first.held_out), len(first.real)) == (40, 6, 10)
    assert second.train is second.held_out is None


@pytest.mark.parametrize(
    ("samples", "reference", "rows"),
    [
        (10, "train", [0, 4, 9, 13, 17, 22, 26, 30, 35, 39]),
        (40, "train", [*range(40)]),
        (1000, "train", [*range(40)]),
        (3, "held-out", [100, 102, 105]),
    ],
)
def test_the_reference_is_as_many_real_images_as_there_are_evenly_over_the_split(
    samples: int, reference: str, rows: list[int], prepared: Prepared
) -> None:
    known = catalogue(Eye().offer, GAP)
    evaluation = plan(known, "gap", samples=samples).model_copy(update={"reference": reference})
    images = reference_images(prepared, evaluation)
    assert images[:, 0, 0, 0].tolist() == rows


def test_every_net_sees_transparency_over_white() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (300, 4, 5, 7), dtype=np.uint8)
    images[:, 3, :2] = 0
    images[:, 3, 4:] = 255
    layers = [Image.fromarray(image.transpose(1, 2, 0)) for image in images]
    white = Image.new("RGBA", (7, 5), "white")
    flat = np.stack([np.asarray(Image.alpha_composite(white, each)) for each in layers])
    expected = flat[..., :3].transpose(0, 3, 1, 2).astype(int)
    seen = extract_all(lambda batch: batch.flatten(1), images, "cpu").reshape(300, 3, 5, 7)
    assert np.abs(seen - expected).max() <= 1  # Pillow rounds twice
    assert (seen[:, :, :2] == 255).all()
    assert np.array_equal(seen[:, :, 4:], images[:, :3, 4:])


def test_features_of_many_images_are_taken_in_batches_and_in_order() -> None:
    eye = Eye()
    images = (np.arange(600) % 256).astype(np.uint8)[:, None, None, None]
    found = extract_all(eye.load("cpu", None), images, "cpu")
    assert found[:, 0].tolist() == [k % 256 for k in range(600)]
    assert found.dtype == np.float32
    assert max(eye.seen) <= 256
    assert sum(eye.seen) == 600
