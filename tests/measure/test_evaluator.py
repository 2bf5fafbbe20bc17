"""Samples -> features once -> scores, on features nets and metrics that can be seen through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_bench import (
    DataError,
    Dataset,
    Features,
    GanBenchError,
    Images,
    Metric,
    Samples,
    Schedule,
    StorageError,
    Unscorable,
    UsageError,
)
from gan_bench.catalogue import Catalogue, Plugin
from gan_bench.contract.protocol import Evaluation, Protocol
from gan_bench.data.cache import Prepared, prepare
from gan_bench.data.source import Source
from gan_bench.measure.evaluator import Evaluator, Measured, reference_images
from gan_bench.measure.features import extract_all
from gan_bench.run.plan_evaluation import find_metric, plan_evaluation


def catalogue(*offers: Features | Metric | Dataset) -> Catalogue:
    made = Catalogue()
    for offer in offers:
        made.offers[type(offer)][offer.name] = (offer, Plugin("test", "test", "1", dict))
    return made


class Eye:
    """A features net: the mean and the maximum of every image. It counts what it looks at."""

    def __init__(self, name: str = "eye", digest: str = "aa", **more: Any) -> None:
        self.seen: list[int] = []
        self.loads: list[tuple[str, Path | None]] = []
        self.current = digest
        self.offer = Features(
            name=name, source="a test", digest=self.digest, load=self.load, **more
        )

    def digest(self, weights: Path | None) -> str:
        return self.current if weights is None else weights.read_text()

    def load(self, device: str, weights: Path | None) -> Callable[[Tensor], Tensor]:
        self.loads.append((device, weights))

        def features(images: Tensor) -> Tensor:
            assert images.dtype == torch.uint8
            self.seen.append(len(images))
            flat = images.flatten(1).float()
            return torch.stack([flat.mean(1), flat.amax(1)], 1)

        return features


def metric(name: str, compute: Callable[[Samples], float], **more: Any) -> Metric:
    return Metric(name=name, source="a test", **{"higher_is_better": True} | more, compute=compute)


def gap(samples: Samples) -> float:
    return float(np.abs(samples.real.mean(0) - samples.fake.mean(0)).sum())


GAP = metric("gap", gap, higher_is_better=False)
TRAIN = np.arange(40, dtype=np.uint8)[:, None, None, None].repeat(4, 2).repeat(4, 3)
FAKES = np.full((12, 1, 4, 4), 7, np.uint8)
DATASET = Dataset(
    name="steps",
    source="a test",
    version="1",
    load=lambda *_: Images(train=TRAIN, held_out=TRAIN[:6] + 100),
)


@pytest.fixture
def prepared(home: Path) -> Prepared:
    return prepare(Source(DATASET), 4)


def protocol(prepared: Prepared, evaluation: Evaluation) -> Protocol:
    return Protocol(data=prepared.data, schedule=Schedule(kimg=1), evaluation=evaluation)


def measure(
    known: Catalogue,
    planned: Protocol,
    dataset: Dataset,
    prepared: Prepared,
    weights: Path | None = None,
    fakes: np.ndarray = FAKES,
) -> Measured:
    return Evaluator(known, planned, dataset, prepared, "cpu", weights).measure(fakes)


def plan(known: Catalogue, *metrics: str, dataset: Dataset = DATASET, **more: Any) -> Evaluation:
    given: dict[str, Any] = {"features": "eye", "samples": 10, "weights": None} | more
    return plan_evaluation(known, dataset, metrics=metrics, **given)


# Planning


def test_a_metrics_family_is_completed_by_the_features() -> None:
    known = catalogue(Eye().offer, metric("fd-eye", gap, features="eye"), metric("fd-ear", gap))
    assert find_metric(known, "fd", "eye").name == "fd-eye"
    assert find_metric(known, "fd", "ear").name == "fd-ear"
    assert find_metric(known, "fd-ear", "eye").name == "fd-ear"
    with pytest.raises(UsageError, match="no metric is called 'fd'"):
        find_metric(known, "fd", "nose")


def test_a_metric_of_just_that_name_comes_before_a_family() -> None:
    known = catalogue(metric("gap", gap), metric("gap-eye", gap))
    assert find_metric(known, "gap", "eye").name == "gap"


def test_the_plan_says_what_every_metric_reads_and_where_better_lies() -> None:
    known = catalogue(
        Eye().offer, Eye("ear", "bb").offer, GAP, metric("heard", gap, features="ear")
    )
    evaluation = plan(known, "gap", "heard")
    assert [(m.name, m.higher_is_better, m.features) for m in evaluation.metrics] == [
        ("gap", False, "eye"),
        ("heard", True, "ear"),
    ]
    assert evaluation.digests == {"eye": "aa", "ear": "bb"}
    assert evaluation.features == "eye"
    assert evaluation.samples == 10


def test_only_nets_that_are_read_are_asked_for_their_weights() -> None:
    def missing(weights: Path | None) -> str:
        raise DataError("no weights")

    broken = Features(name="ear", source="a test", digest=missing, load=lambda *_: abs)
    known = catalogue(Eye().offer, broken, GAP, metric("heard", gap, features="ear"))
    assert plan(known, "gap").digests == {"eye": "aa"}
    with pytest.raises(DataError, match="no weights"):
        plan(known, "heard")


def test_the_judge_of_a_data_set_is_read_only_if_a_metric_needs_modes() -> None:
    judged = Dataset(name="j", source="a test", version="1", load=DATASET.load, judge="judge")
    counting = metric("count", gap, reads_modes=True)
    known = catalogue(Eye().offer, Eye("judge", "cc").offer, GAP, counting)
    assert plan(known, "gap", dataset=judged).digests == {"eye": "aa"}
    assert plan(known, "gap", "count", dataset=judged).digests == {"eye": "aa", "judge": "cc"}


def test_weights_are_given_to_the_nets_that_take_them_and_to_no_other(tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("dd")
    known = catalogue(
        Eye().offer, Eye("ear", takes_weights=True).offer, GAP, metric("heard", gap, features="ear")
    )
    evaluation = plan(known, "gap", "heard", weights=tmp_path / "weights")
    assert evaluation.digests == {"eye": "aa", "ear": "dd"}


@pytest.mark.parametrize(
    ("features", "metrics", "said"),
    [
        ("eey", ("gap",), "no features net is called 'eey'. Did you mean eye"),
        ("eye", ("gpa",), "no metric is called 'gpa'. Did you mean gap"),
    ],
)
def test_an_unknown_name_is_a_usage_error(
    features: str, metrics: tuple[str, ...], said: str
) -> None:
    with pytest.raises(UsageError) as error:
        plan(catalogue(Eye().offer, GAP), *metrics, features=features)
    assert said in str(error.value)


def test_a_metric_asked_for_twice_is_measured_once() -> None:
    known = catalogue(Eye().offer, metric("fd-eye", gap, features="eye"))
    assert [judged.name for judged in plan(known, "fd", "fd-eye", "fd").metrics] == ["fd-eye"]


# Scoring


def test_a_score_is_the_metric_of_real_and_generated_features(prepared: Prepared) -> None:
    seen: list[Samples] = []

    def compute(samples: Samples) -> float:
        seen.append(samples)
        return 4.5

    known = catalogue(Eye().offer, metric("spy", compute))
    found = measure(known, protocol(prepared, plan(known, "spy")), DATASET, prepared)
    assert found.scores["spy"].model_dump() == {
        "value": 4.5,
        "error": None,  # of so few images none can be told
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
    known = catalogue(
        eye.offer,
        ear.offer,
        GAP,
        metric("b", gap),
        metric("c", gap),
        metric("d", gap, features="ear"),
    )
    evaluation = plan(known, "gap", "b", "c", "d")
    measure(known, protocol(prepared, evaluation), DATASET, prepared)
    assert sorted(eye.seen) == sorted(ear.seen) == [10, 12]
    assert len(eye.loads) == 1


def test_real_features_are_computed_once_for_a_data_set_and_kept(prepared: Prepared) -> None:
    eye = Eye()
    known = catalogue(eye.offer, GAP)
    planned = protocol(prepared, plan(known, "gap"))
    first = measure(known, planned, DATASET, prepared)
    second = measure(known, planned, DATASET, prepared)
    assert eye.seen == [10, 12, 12]
    assert first == second


@pytest.mark.parametrize("change", ["samples", "reference", "digest", "data", "net", "release"])
def test_kept_features_are_those_of_the_same_reference_and_net(
    change: str, prepared: Prepared
) -> None:
    eye = Eye()
    known = catalogue(eye.offer, GAP)
    evaluation = plan(known, "gap")
    measure(known, protocol(prepared, evaluation), DATASET, prepared)
    eye.seen.clear()
    expected = 10
    if change == "samples":
        evaluation, expected = plan(known, "gap", samples=20), 20
    elif change == "reference":
        evaluation, expected = evaluation.model_copy(update={"reference": "held-out"}), 6
    elif change == "digest":
        eye.current = "bb"
        evaluation = plan(known, "gap")
    elif change == "release":
        known.offers[Features]["eye"] = (eye.offer, Plugin("test", "test", "2", dict))
    elif change == "data":
        changed = Images(train=TRAIN + 1, held_out=TRAIN[:6])
        other = Dataset(name="other", source="a test", version="1", load=lambda *_: changed)
        prepared = prepare(Source(other), 4)
    else:
        eye = Eye("ear")
        known = catalogue(eye.offer, GAP)
        evaluation = plan(known, "gap", features="ear")
    measure(known, protocol(prepared, evaluation), DATASET, prepared)
    assert sorted(eye.seen) == sorted([expected, 12])


def costly(samples: Samples, made: list[str]) -> float:
    """A metric that keeps what it knows of the real images, and shares what it found."""

    def known() -> dict[str, np.ndarray]:
        made.append(f"known of {len(samples.real)}")
        return {"mean": samples.real.mean(0), "n": np.array(len(samples.real))}

    def found() -> float:
        made.append("found")
        return float(np.abs(samples.keep("known", known)["mean"] - samples.fake.mean(0)).sum())

    return float(samples.share("found", found))


def test_what_metrics_share_is_made_once_for_the_samples(prepared: Prepared) -> None:
    made: list[str] = []
    two = [metric(name, lambda s: costly(s, made), higher_is_better=False) for name in "ab"]
    known = catalogue(Eye().offer, GAP, *two)
    planned = protocol(prepared, plan(known, "gap", "a", "b"))
    ruler = Evaluator(known, planned, DATASET, prepared, "cpu")
    scores = ruler.measure(FAKES).scores
    assert scores["a"].value == scores["b"].value == scores["gap"].value
    assert made == ["found", "known of 10"]
    ruler.measure(FAKES + 1)  # other samples, the same real images
    assert made == ["found", "known of 10", "found"]


def test_what_is_known_of_the_real_images_is_made_once_and_kept(prepared: Prepared) -> None:
    made: list[str] = []
    known = catalogue(Eye().offer, metric("a", lambda s: costly(s, made)))
    for samples in (10, 10, 12, 12, 10):
        planned = protocol(prepared, plan(known, "a", samples=samples))
        measure(known, planned, DATASET, prepared)
    assert [each for each in made if each != "found"] == ["known of 10", "known of 12"]


def test_what_is_kept_belongs_to_one_release_of_the_metrics_plugin(prepared: Prepared) -> None:
    made: list[str] = []
    known = catalogue(Eye().offer, metric("a", lambda s: costly(s, made)))
    planned = protocol(prepared, plan(known, "a"))
    for version in ("1", "2", "2"):
        offer, _ = known.offers[Metric]["a"]
        known.offers[Metric]["a"] = (offer, Plugin("test", "test", version, dict))
        measure(known, planned, DATASET, prepared)
    assert made.count("known of 10") == 2


@pytest.mark.parametrize("damage", [lambda old: old[:-7], lambda old: b"", lambda old: b"rubbish"])
def test_what_was_kept_and_is_damaged_is_made_again(
    prepared: Prepared, home: Path, damage: Callable[[bytes], bytes]
) -> None:
    made: list[str] = []
    known = catalogue(Eye().offer, metric("a", lambda s: costly(s, made)))
    planned = protocol(prepared, plan(known, "a"))
    before = measure(known, planned, DATASET, prepared)
    for kept in (home / "features").glob("*.npz"):
        kept.write_bytes(damage(kept.read_bytes()))
    assert measure(known, planned, DATASET, prepared) == before
    assert made.count("known of 10") == 2


def test_a_disk_that_is_full_when_something_is_kept_is_no_fault_of_the_metric(
    prepared: Prepared, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    known = catalogue(Eye().offer, metric("a", lambda s: costly(s, made)))
    planned = protocol(prepared, plan(known, "a"))
    ruler = Evaluator(known, planned, DATASET, prepared, "cpu")

    def full(*_: object) -> None:
        raise StorageError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("gan_bench.measure.feature_cache.write_arrays", full)
        with pytest.raises(StorageError, match="no space left"):
            ruler.measure(FAKES)
    assert "a" in ruler.measure(FAKES).scores  # when there is room again


def test_images_in_batches_are_measured_as_they_are_together(prepared: Prepared) -> None:
    known = catalogue(Eye().offer, GAP)
    planned = protocol(prepared, plan(known, "gap"))
    ruler = Evaluator(known, planned, DATASET, prepared, "cpu")
    fakes = np.random.default_rng(0).integers(0, 256, (37, 1, 4, 4), dtype=np.uint8)
    batches = iter(torch.split(torch.from_numpy(fakes), 5))
    assert ruler.measure(batches) == ruler.measure(fakes)
    assert next(batches, None) is None


def test_weights_that_changed_since_the_plan_are_refused(prepared: Prepared) -> None:
    eye = Eye()
    known = catalogue(eye.offer, GAP)
    planned = protocol(prepared, plan(known, "gap"))
    eye.current = "bb"
    with pytest.raises(DataError, match=r"the weights of eye have changed since .* was planned"):
        measure(known, planned, DATASET, prepared)
    assert eye.seen == []


def test_weights_given_as_a_file_reach_the_net(prepared: Prepared, tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_text("dd")
    eye = Eye(takes_weights=True)
    known = catalogue(eye.offer, GAP)
    planned = protocol(prepared, plan(known, "gap", weights=file))
    measure(known, planned, DATASET, prepared, file)
    assert eye.loads == [("cpu", file)]


def test_a_judge_names_the_modes_for_the_metrics_that_need_them(prepared: Prepared) -> None:
    judge = Eye("judge", "cc", modes=lambda features: features[:, 0].astype(np.int64) // 10)
    dataset = Dataset(
        name="steps", source="a test", version="1", load=DATASET.load, judge="judge", modes=4
    )
    seen: dict[str, Samples] = {}

    def spy(name: str, **more: Any) -> Metric:
        return metric(name, lambda samples: float(bool(seen.setdefault(name, samples))), **more)

    known = catalogue(Eye().offer, judge.offer, spy("plain"), spy("count", reads_modes=True))
    planned = protocol(prepared, plan(known, "plain", "count", dataset=dataset))
    measure(known, planned, dataset, prepared)
    count, plain = seen["count"], seen["plain"]
    assert count.modes == 4
    assert count.real_modes is not None
    assert count.fake_modes is not None
    assert set(count.real_modes) == {0, 1, 2, 3}
    assert count.fake_modes.tolist() == [0] * 12
    assert plain.real_modes is plain.fake_modes is None
    assert plain.fake.tolist() == count.fake.tolist()  # both read the evaluation's own features


def test_a_score_that_is_no_number_is_no_score(prepared: Prepared) -> None:
    known = catalogue(Eye().offer, GAP, metric("odd", lambda _: float("nan")))
    found = measure(known, protocol(prepared, plan(known, "odd", "gap")), DATASET, prepared)
    assert list(found.scores) == ["gap"]
    assert found.unscored == {"odd": "odd gave nan, which is no score"}


def test_a_metric_that_refuses_takes_no_other_down(prepared: Prepared) -> None:
    def refuse(samples: Samples) -> float:
        raise Unscorable("all the same")

    known = catalogue(Eye().offer, GAP, metric("odd", refuse))
    found = measure(known, protocol(prepared, plan(known, "odd", "gap")), DATASET, prepared)
    assert list(found.scores) == ["gap"]
    assert found.unscored == {"odd": "all the same"}


def test_a_metric_that_breaks_is_named(prepared: Prepared) -> None:
    known = catalogue(Eye().offer, metric("odd", lambda _: 1 / 0))
    planned = protocol(prepared, plan(known, "odd"))
    with pytest.raises(GanBenchError, match="the metric odd failed: ZeroDivisionError: division"):
        measure(known, planned, DATASET, prepared)


# Errors, faults, looks


def test_the_error_of_sampling_is_that_of_drawing_again(prepared: Prepared) -> None:
    known = catalogue(Eye().offer, GAP)
    planned = protocol(prepared, plan(known, "gap", samples=1024))
    ruler = Evaluator(known, planned, DATASET, prepared, "cpu")
    drawn = np.random.default_rng(0).integers(100, 200, (60, 1024, 1, 4, 4)).astype(np.uint8)
    scores = [ruler.measure(fakes).scores["gap"] for fakes in drawn]
    told = np.array([score.error for score in scores], float)
    seen = np.std([score.value for score in scores], ddof=1)
    assert np.sqrt((told**2).mean()) == pytest.approx(seen, rel=0.3)


def test_counts_of_modes_get_no_error(prepared: Prepared) -> None:
    judge = Eye("judge", "cc", modes=lambda features: features[:, 0].astype(np.int64))
    dataset = Dataset(name="steps", source="a test", version="1", load=DATASET.load, judge="judge")
    known = catalogue(Eye().offer, judge.offer, GAP, metric("count", gap, reads_modes=True))
    planned = protocol(prepared, plan(known, "gap", "count", dataset=dataset))
    found = measure(known, planned, dataset, prepared, fakes=FAKES.repeat(30, 0))
    assert found.scores["gap"].error is not None
    assert found.scores["count"].error is None


def test_one_image_repeated_is_a_collapse_whatever_the_metrics_say(prepared: Prepared) -> None:
    known = catalogue(Eye().offer, GAP)
    planned = protocol(prepared, plan(known, "gap"))
    fault = measure(known, planned, DATASET, prepared).fault
    assert fault == ("collapsed", "all 12 images of G are the same")
    assert measure(known, planned, DATASET, prepared, fakes=TRAIN).fault is None


def test_features_that_are_not_finite_are_a_verdict(prepared: Prepared) -> None:
    def load(*_: Any) -> Callable[[Tensor], Tensor]:
        return lambda images: (images.flatten(1).float()).log()  # of 0

    known = catalogue(Features(name="eye", source="a", digest=lambda _: "aa", load=load), GAP)
    planned = protocol(prepared, plan(known, "gap"))
    with pytest.raises(DataError, match="eye gives features of steps that are not finite"):
        Evaluator(known, planned, DATASET, prepared, "cpu")
    brighter = Images(train=TRAIN + 1, held_out=TRAIN[:6] + 1)
    other = Dataset(name="other", source="a test", version="1", load=lambda *_: brighter)
    prepared = prepare(Source(other), 4)
    ruler = Evaluator(known, protocol(prepared, plan(known, "gap")), other, prepared, "cpu")
    kind, reason = ruler.measure(FAKES * 0).fault or ("", "")
    assert kind == "diverged"
    assert "not finite, as seen by eye" in reason


def test_a_tick_reads_the_ranking_metric_and_the_gauges_on_as_many_real_images(
    prepared: Prepared,
) -> None:
    seen: list[tuple[int, int]] = []

    def spy(samples: Samples) -> float:
        seen.append((len(samples.real), len(samples.fake)))
        return 1.0

    low = metric("low", spy, floor=0.5)
    other = metric("other", spy, features="ear")
    eye, ear = Eye(), Eye("ear", "bb")
    known = catalogue(eye.offer, ear.offer, metric("first", spy), other, low)
    evaluation = plan(known, "first", "other", samples=40, tick_samples=8, gauges=("low",))
    assert [(gauge.name, gauge.floor) for gauge in evaluation.gauges] == [("low", 0.5)]
    ruler = Evaluator(known, protocol(prepared, evaluation), DATASET, prepared, "cpu")
    ear.seen.clear()
    assert ruler.look(FAKES[:8]) == {"first": 1.0, "low": 1.0}
    assert seen == [(8, 8), (8, 8)]
    assert ear.seen == []


def test_all_training_images_are_seen_only_if_a_metric_reads_them(prepared: Prepared) -> None:
    seen: list[Samples] = []

    def spy(samples: Samples) -> float:
        seen.append(samples)
        return 1.0

    known = catalogue(Eye().offer, metric("copies", spy, reads_train=True), metric("plain", spy))
    measure(known, protocol(prepared, plan(known, "copies")), DATASET, prepared)
    measure(known, protocol(prepared, plan(known, "plain")), DATASET, prepared)
    first, second = seen
    assert first.train is not None
    assert first.held_out is not None
    assert (len(first.train), len(first.held_out), len(first.real)) == (40, 6, 10)
    assert second.train is second.held_out is None


# The reference


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


def test_features_of_many_images_are_taken_in_batches_and_in_order() -> None:
    eye = Eye()
    images = (np.arange(600) % 256).astype(np.uint8)[:, None, None, None]
    found = extract_all(eye.load("cpu", None), images, "cpu")
    assert found[:, 0].tolist() == [k % 256 for k in range(600)]
    assert found.dtype == np.float32
    assert max(eye.seen) <= 256
    assert sum(eye.seen) == 600
