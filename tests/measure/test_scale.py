"""The sets of known quality that give a table its scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nets import GAP, TRAIN, Eye, catalogue, evaluator, metric, plan

from gan_bench import Samples, Unscorable
from gan_bench.contract.protocol import Data, Evaluation
from gan_bench.data.cache import Prepared
from gan_bench.measure.evaluator import reference_images
from gan_bench.measure.scale import measure_scale, other_real, too_few
from gan_bench.results.scale import read_scale, write_scale

KNOWN = catalogue(Eye().offer, GAP)


def values(images: np.ndarray) -> list[int]:
    """The value of each image of one colour: 0 to 39 for training images, 100 to 105 held out."""
    return sorted(images[:, 0, 0, 0].tolist())


def evaluation(samples: int, reference: str = "train", **more: Any) -> Evaluation:
    return plan(KNOWN, "gap", samples=samples, reference=reference, **more)


@pytest.mark.parametrize(
    ("samples", "reference", "held_out", "trained"),
    [
        (4, "train", 4, 0),
        (6, "train", 6, 0),
        (10, "train", 6, 4),
        (23, "train", 6, 17),
        (3, "held-out", 3, 0),
        (6, "held-out", 0, 6),
        (40, "held-out", 0, 40),
    ],
)
def test_other_real_images_are_none_of_the_reference_and_held_out_ones_come_first(
    samples: int, reference: str, held_out: int, trained: int, prepared: Prepared
) -> None:
    asked = evaluation(samples, reference)
    other = other_real(prepared, asked)
    assert other is not None
    chosen = values(other.images)
    assert len(set(chosen)) == samples
    assert not set(chosen) & set(values(reference_images(prepared, asked)))
    assert sum(value >= 100 for value in chosen) == other.held_out.sum() == held_out
    assert sum(value < 100 for value in chosen) == trained
    assert values(other.images[other.held_out]) == [each for each in chosen if each >= 100]


def test_other_real_images_are_spread_and_shuffled(prepared: Prepared) -> None:
    other = other_real(prepared, evaluation(20))
    assert other is not None
    trained = other.images[~other.held_out][:, 0, 0, 0].astype(int)
    assert trained.tolist() != sorted(trained)
    assert np.diff(sorted(trained)).max() <= 4
    again = other_real(prepared, evaluation(20))
    assert again is not None
    assert np.array_equal(other.images, again.images)


def test_too_few_other_images_are_said_with_the_number_of_samples_that_leaves_enough(
    prepared: Prepared,
) -> None:
    asked = evaluation(24)
    assert other_real(prepared, asked) is None
    scale = measure_scale(evaluator(KNOWN, asked, prepared), prepared)
    assert scale.real is None
    assert scale.why_no_real == (
        "24 other real images are needed, and steps has 22 outside the reference: "
        "--samples 23 leaves enough"
    )
    assert other_real(prepared, evaluation(23)) is not None


@pytest.mark.parametrize("reference", ["train", "held-out"])
@pytest.mark.parametrize(("train", "held_out"), [(40, 6), (41, 6), (500, 0), (9, 1)])
def test_the_number_that_is_advised_leaves_enough(
    train: int, held_out: int, reference: str
) -> None:
    data = Data(
        name="a", fingerprint="b", shape=(1, 1, 1), train=train, held_out=held_out
    )  # fmt: skip
    images = np.arange(train + held_out, dtype=np.uint16)[:, None, None, None]
    prepared = Prepared(data, images[:train], images[train:], {})
    advised = int(too_few(data, evaluation(10_000, reference)).split("--samples ")[1].split()[0])
    assert other_real(prepared, evaluation(advised, reference)) is not None
    assert other_real(prepared, evaluation(advised + 1, "train")) is None


def test_the_scale_is_measured_as_the_rows_are(prepared: Prepared) -> None:
    seen: list[str] = []
    asked = evaluation(6, tick_samples=3, gauges=())
    scorer = evaluator(KNOWN, asked, prepared)
    scale = measure_scale(scorer, prepared, lambda phase, *_: seen.append(phase))
    other = other_real(prepared, asked)
    assert scale.real is not None
    assert other is not None
    assert scale.real.scores == scorer.measure(other.images).scores
    assert scale.real.tick == scorer.look(other.images[:3])
    assert list(scale.bad) == ["noise", "one colour", "one image"]
    grey = np.full((6, *prepared.data.shape), 128, np.uint8)
    assert scale.bad["one colour"].scores == scorer.measure(grey).scores
    assert scale.bad["one image"].scores == scorer.measure(TRAIN[:1].repeat(6, 0)).scores
    assert seen == [
        f"measuring {name}" for name in ("other real images", "noise", "one colour", "one image")
    ]


def test_a_net_sees_one_image_of_a_set_of_equal_ones(prepared: Prepared) -> None:
    eye = Eye()
    known = catalogue(eye.offer, GAP)
    scorer = evaluator(known, plan(known, "gap", samples=20), prepared)
    eye.seen.clear()
    measure_scale(scorer, prepared)
    assert eye.seen == [20, 20, 1, 1]


def test_metrics_that_refuse_are_left_out(prepared: Prepared) -> None:
    def refuse(samples: Samples) -> float:
        if not np.ptp(samples.fake, axis=0).any():
            raise Unscorable("all the same")
        return 1.0

    known = catalogue(Eye().offer, GAP, metric("odd", refuse))
    scorer = evaluator(known, plan(known, "gap", "odd", samples=6), prepared)
    scale = measure_scale(scorer, prepared)
    assert scale.real is not None
    assert scale.real.scores.keys() == scale.bad["noise"].scores.keys() == {"gap", "odd"}
    assert scale.bad["one image"].scores.keys() == {"gap"}


@pytest.mark.parametrize(("samples", "reference", "n"), [(10, "train", 6), (6, "held-out", None)])
def test_what_looks_for_copies_reads_only_images_that_no_training_has_seen(
    samples: int, reference: str, n: int | None, prepared: Prepared
) -> None:
    copies = metric("copies", lambda samples: float(samples.fake[:, 0].min()), reads_train=True)
    known = catalogue(Eye().offer, GAP, copies)
    asked = plan(known, "gap", "copies", samples=samples, reference=reference)
    scale = measure_scale(evaluator(known, asked, prepared), prepared)
    assert scale.real is not None
    score = scale.real.scores.get("copies")
    assert (score and score.n) == n
    assert score is None or score.value >= 100


def test_a_scale_comes_back_as_it_was_written(prepared: Prepared, tmp_path: Path) -> None:
    assert read_scale(tmp_path) is None
    scale = measure_scale(evaluator(KNOWN, evaluation(6), prepared), prepared)
    write_scale(tmp_path, scale)
    assert read_scale(tmp_path) == scale


def test_a_scale_keeps_what_the_networks_say_of_themselves(prepared: Prepared) -> None:
    said = "this eye names a class for what shows nothing"
    known = catalogue(Eye(warning=said).offer, Eye("ear", warning="not asked").offer, GAP)
    scale = measure_scale(evaluator(known, plan(known, "gap", samples=6), prepared), prepared)
    assert scale.warnings == (said,)
    assert measure_scale(evaluator(KNOWN, evaluation(6), prepared), prepared).warnings == ()
