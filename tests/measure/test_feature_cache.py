"""What is computed of real images is computed once, and kept for every run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from nets import FAKES, GAP, TRAIN, Eye, catalogue, evaluator, measure, metric, plan

from gan_bench import Dataset, Features, Images, Metric, Samples, StorageError
from gan_bench.catalogue import Plugin
from gan_bench.data.cache import Prepared, prepare
from gan_bench.data.source import Source


def test_real_features_are_computed_once_for_a_data_set_and_kept(prepared: Prepared) -> None:
    eye = Eye()
    known = catalogue(eye.offer, GAP)
    planned = plan(known, "gap")
    first = measure(known, planned, prepared)
    second = measure(known, planned, prepared)
    assert eye.seen == [10, 12, 12]
    assert first == second


@pytest.mark.parametrize("change", ["samples", "reference", "digest", "data", "net", "release"])
def test_kept_features_are_those_of_the_same_reference_and_net(
    change: str, prepared: Prepared
) -> None:
    eye = Eye()
    known = catalogue(eye.offer, GAP)
    evaluation = plan(known, "gap")
    measure(known, evaluation, prepared)
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
    measure(known, evaluation, prepared)
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
    scorer = evaluator(known, plan(known, "gap", "a", "b"), prepared)
    scores = scorer.measure(FAKES).scores
    assert scores["a"].value == scores["b"].value == scores["gap"].value
    assert made == ["found", "known of 10"]
    scorer.measure(FAKES + 1)  # other samples, the same real images
    assert made == ["found", "known of 10", "found"]


def test_what_is_known_of_the_real_images_is_kept_by_samples_and_release(
    prepared: Prepared,
) -> None:
    made: list[str] = []
    known = catalogue(Eye().offer, metric("a", lambda s: costly(s, made)))
    for samples in (10, 10, 12, 12, 10):
        measure(known, plan(known, "a", samples=samples), prepared)
    assert [each for each in made if each != "found"] == ["known of 10", "known of 12"]
    offer, _ = known.offers[Metric]["a"]
    for version in ("1", "2", "2"):
        known.offers[Metric]["a"] = (offer, Plugin("test", "test", version, dict))
        measure(known, plan(known, "a"), prepared)
    assert made.count("known of 10") == 2


@pytest.mark.parametrize("damage", [lambda old: old[:-7], lambda old: b"", lambda old: b"rubbish"])
def test_what_was_kept_and_is_damaged_is_made_again(
    prepared: Prepared, home: Path, damage: Callable[[bytes], bytes]
) -> None:
    made: list[str] = []
    known = catalogue(Eye().offer, metric("a", lambda s: costly(s, made)))
    planned = plan(known, "a")
    before = measure(known, planned, prepared)
    for kept in (home / "features").glob("*.npz"):
        kept.write_bytes(damage(kept.read_bytes()))
    assert measure(known, planned, prepared) == before
    assert made.count("known of 10") == 2


def test_a_disk_that_is_full_when_something_is_kept_is_no_fault_of_the_metric(
    prepared: Prepared, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    known = catalogue(Eye().offer, metric("a", lambda s: costly(s, made)))
    scorer = evaluator(known, plan(known, "a"), prepared)

    def full(*_: object) -> None:
        raise StorageError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("gan_bench.measure.feature_cache.write_arrays", full)
        with pytest.raises(StorageError, match="no space left"):
            scorer.measure(FAKES)
    assert "a" in scorer.measure(FAKES).scores  # when there is room again
