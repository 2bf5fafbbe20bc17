"""Samples -> features once -> scores, on features nets and metrics that can be seen through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_bench import DataError, Dataset, Features, Images, Metric, Samples, Schedule, UsageError
from gan_bench.catalogue import Catalogue, Plugin
from gan_bench.evaluate import extract_all, find_metric, plan_evaluation, reference_images, score
from gan_bench.images import Prepared, Source, prepare
from gan_bench.protocol import Evaluation, Protocol


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
    scores = score(known, protocol(prepared, plan(known, "spy")), DATASET, prepared, FAKES, "cpu")
    assert scores["spy"].model_dump() == {
        "value": 4.5,
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
    score(known, protocol(prepared, evaluation), DATASET, prepared, FAKES, "cpu")
    assert sorted(eye.seen) == sorted(ear.seen) == [10, 12]
    assert len(eye.loads) == 1


def test_real_features_are_computed_once_for_a_data_set_and_kept(prepared: Prepared) -> None:
    eye = Eye()
    known = catalogue(eye.offer, GAP)
    planned = protocol(prepared, plan(known, "gap"))
    first = score(known, planned, DATASET, prepared, FAKES, "cpu")
    second = score(known, planned, DATASET, prepared, FAKES, "cpu")
    assert eye.seen == [10, 12, 12]
    assert first == second


@pytest.mark.parametrize("change", ["samples", "reference", "digest", "data", "net", "release"])
def test_kept_features_are_those_of_the_same_reference_and_net(
    change: str, prepared: Prepared
) -> None:
    eye = Eye()
    known = catalogue(eye.offer, GAP)
    evaluation = plan(known, "gap")
    score(known, protocol(prepared, evaluation), DATASET, prepared, FAKES, "cpu")
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
    score(known, protocol(prepared, evaluation), DATASET, prepared, FAKES, "cpu")
    assert sorted(eye.seen) == sorted([expected, 12])


def test_weights_that_changed_since_the_plan_are_refused(prepared: Prepared) -> None:
    eye = Eye()
    known = catalogue(eye.offer, GAP)
    planned = protocol(prepared, plan(known, "gap"))
    eye.current = "bb"
    with pytest.raises(DataError, match=r"the weights of eye have changed since .* was planned"):
        score(known, planned, DATASET, prepared, FAKES, "cpu")
    assert eye.seen == []


def test_weights_given_as_a_file_reach_the_net(prepared: Prepared, tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_text("dd")
    eye = Eye(takes_weights=True)
    known = catalogue(eye.offer, GAP)
    planned = protocol(prepared, plan(known, "gap", weights=file))
    score(known, planned, DATASET, prepared, FAKES, "cpu", file)
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
    score(known, planned, dataset, prepared, FAKES, "cpu")
    count, plain = seen["count"], seen["plain"]
    assert count.modes == 4
    assert count.real_modes is not None
    assert count.fake_modes is not None
    assert set(count.real_modes) == {0, 1, 2, 3}
    assert count.fake_modes.tolist() == [0] * 12
    assert plain.real_modes is plain.fake_modes is None
    assert plain.fake.tolist() == count.fake.tolist()  # both read the evaluation's own features


def test_a_score_that_is_no_number_is_an_error_that_names_the_metric(prepared: Prepared) -> None:
    known = catalogue(Eye().offer, metric("odd", lambda _: float("nan")))
    planned = protocol(prepared, plan(known, "odd"))
    with pytest.raises(ValueError, match="odd"):
        score(known, planned, DATASET, prepared, FAKES, "cpu")


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
