"""Judges of one's own classes: trained, tested on held-out images, kept in a file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from nets import DATASET, Eye, catalogue
from safetensors.numpy import save

from gan_bench import DataError, Features, UsageError
from gan_bench.catalogue import load
from gan_bench.contract.protocol import Data
from gan_bench.data.cache import Prepared
from gan_bench.data.reporting.report import DataReport
from gan_bench.measure.judging.judge_file import (
    KEY,
    Header,
    judge_offer,
    judged_by,
    mode_of,
    read_judge,
    shown,
    with_judge,
    write_judge,
)
from gan_bench.measure.judging.network import Network
from gan_bench.measure.judging.shapes import shapes_of
from gan_bench.measure.judging.training import Trained, calibration_error, train_judge
from gan_bench.run.given_data import source_of
from gan_bench.run.request import Request

SIZE, STEPS = 16, 60


def stripes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(count, 1, 16, 16) images with a vertical stripe, a horizontal one, or both."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count)
    images = random.normal(20, 8, (count, 1, SIZE, SIZE))
    images[labels != 1, :, :, 6:10] = 220
    images[labels != 0, :, 6:10] = 220
    return images.clip(0, 255).astype(np.uint8), labels


def prepared_of(labels: str = "right") -> Prepared:
    (train, train_labels), (held_out, held_out_labels) = stripes(300, 0), stripes(60, 1)
    if labels == "random":
        train_labels = np.random.default_rng(2).permutation(train_labels)
    data = Data(name="shapes", fingerprint="ab", shape=(1, SIZE, SIZE), train=300, held_out=60)
    report = DataReport(name="shapes", sides=(SIZE, SIZE), channels=1, train=300, held_out=60)
    report = replace(report, counts={"classes": {"plus": 1, "across": 1, "down": 1}})
    given = {"train": train_labels, "held_out": held_out_labels}
    return Prepared(data, train, held_out, report, labels=given if labels != "none" else {})


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train_judge(prepared_of(), SIZE, STEPS, seed=0)


@pytest.fixture
def file(trained: Trained, tmp_path: Path) -> Path:
    write_judge(tmp_path / "shapes.judge", trained.header, trained.tensors)
    return tmp_path / "shapes.judge"


def test_a_judge_names_images_that_it_never_saw_and_says_how_well(trained: Trained) -> None:
    header = trained.header
    assert header.classes == ("across", "down", "plus")
    assert (header.held_out, header.fingerprint) == (60, "ab")
    assert header.accuracy >= 0.9
    assert header.accuracy + header.rejected <= 1
    assert 0 <= header.calibration_error < 0.3
    assert header.spoilt["uniform noise"] >= 0.9
    assert trained.refusal is None


def test_a_judge_that_is_often_wrong_is_refused_with_what_to_do() -> None:
    refusal = train_judge(prepared_of("random"), SIZE, 10, seed=0).refusal
    assert refusal is not None
    assert "60 held-out images rightly, and 90 % are needed" in refusal
    assert "Give more images" in refusal


def test_a_judge_that_names_what_shows_nothing_has_a_warning(trained: Trained) -> None:
    assert trained.header.warning is None
    blind = trained.header.model_copy(update={"spoilt": {"noise": 1.0, "halves": 0.125}})
    assert blind.warning is not None
    assert "rejects only 12.5 % of images that are spoilt on purpose (halves)" in blind.warning


def test_who_uses_a_judge_that_names_what_shows_nothing_is_warned(
    trained: Trained, tmp_path: Path
) -> None:
    blind = trained.header.model_copy(update={"spoilt": {"halves": 0.125}})
    write_judge(tmp_path / "blind.judge", blind, trained.tensors)
    request = Request(data="toonfaces", judge=tmp_path / "blind.judge")
    source, notes = source_of(request, load(), "toonfaces")
    assert source.dataset.judge == blind.name
    assert notes == [f"warning: {blind.warning}"]
    assert judge_offer(tmp_path / "blind.judge").warning == blind.warning


def test_a_judge_of_an_older_release_is_read_and_has_no_warning(
    trained: Trained, tmp_path: Path
) -> None:
    header = json.loads(trained.header.model_dump_json())
    del header["spoilt"]
    path = tmp_path / "old.judge"
    path.write_bytes(save(trained.tensors, {KEY: json.dumps(header)}))
    old = read_judge(path).header
    assert old.spoilt == {}
    assert old.warning is None


def test_equal_seeds_give_equal_files_and_the_random_state_is_left_alone(tmp_path: Path) -> None:
    before = torch.get_rng_state()
    digests = [
        write_judge(tmp_path / "judge", one.header, one.tensors)
        for one in (train_judge(prepared_of(), SIZE, 10, seed) for seed in (0, 0, 1))
    ]
    assert digests[0] == digests[1] != digests[2]
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("prepared", "said"),
    [
        (prepared_of("none"), "shapes has no classes: put the images of each class into a folder"),
        (
            replace(prepared_of(), labels={"train": np.arange(300) % 3, "held_out": np.arange(9)}),
            "9 held-out images, and 20 are needed",
        ),
        (
            replace(prepared_of(), labels={"train": np.zeros(300), "held_out": np.arange(60) % 3}),
            "no training image of the class down, plus",
        ),
    ],
    ids=["no labels", "few held out", "a class without images"],
)  # fmt: skip
def test_images_that_teach_no_classes_are_refused(prepared: Prepared, said: str) -> None:
    with pytest.raises(DataError, match=said):
        train_judge(prepared, SIZE, 10, seed=0)


def test_the_file_is_a_features_net_that_names_modes(file: Path, trained: Trained) -> None:
    offer = judge_offer(file)
    assert offer.name == "judge-of-shapes"
    assert read_judge(file).header == trained.header
    assert offer.digest(None) == read_judge(file).sha256
    images, labels = stripes(60, 1)
    f = offer.load("cpu", None)
    features = f(torch.from_numpy(images))
    assert (features.shape, features.dtype) == ((60, 64), torch.float32)
    torch.testing.assert_close(f(torch.from_numpy(images[7:9])), features[7:9])
    assert offer.modes is not None
    assert (offer.modes(features.numpy()) == labels).mean() == trained.header.accuracy


def test_images_of_another_size_or_in_colour_are_judged_as_well(file: Path) -> None:
    images, labels = stripes(60, 1)
    offer = judge_offer(file)
    larger = torch.from_numpy(images.repeat(2, 2).repeat(2, 3).repeat(3, 1))
    assert offer.modes is not None
    assert (offer.modes(offer.load("cpu", None)(larger).numpy()) == labels).mean() >= 0.9
    assert shown(torch.zeros(2, 1, 20, 30, dtype=torch.uint8), 3, 16).shape == (2, 3, 16, 16)


def test_a_data_set_gets_the_judge_and_the_number_of_its_modes(file: Path) -> None:
    known = with_judge(catalogue(Eye().offer), file)
    assert known.find(Features, "judge-of-shapes").modes is not None
    dataset = judged_by(DATASET, file)
    assert (dataset.judge, dataset.modes) == ("judge-of-shapes", 3)
    with pytest.raises(UsageError, match="a plugin offers judge-of-shapes already"):
        with_judge(known, file)


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\x02\0\0\0\0\0\0\0{}", None])
def test_a_file_that_is_no_judge_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "a.judge"
    if content is not None:
        path.write_bytes(content)
    said = "--judge: cannot read .*a.judge: No such file"
    if content is not None:
        said = "--judge .*a.judge: .*no file that `gan-bench judge` wrote"
    with pytest.raises(DataError, match=said):
        read_judge(path)


def test_a_damaged_judge_is_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DataError, match="or it is damaged"):
        read_judge(file)


def test_a_judge_that_is_unsure_names_no_mode() -> None:
    logits = np.array([[1, 9, 0, 0], [-1, 9, 0, 0], [1, 0, 0, 0], [1, 0, 0, 9]], np.float32)
    assert mode_of(logits).tolist() == [0, -1, -1, 2]


@pytest.mark.parametrize(
    ("confidence", "right", "error"),
    [(0.9, 9, 0.0), (0.9, 5, 0.4), (0.6, 10, 0.4)],
)
def test_the_calibration_error_is_the_gap_of_confidence_and_accuracy(
    confidence: float, right: int, error: float
) -> None:
    probabilities = np.tile([confidence, 1 - confidence], (10, 1))
    labels = np.array([0] * right + [1] * (10 - right))
    assert calibration_error(probabilities, labels) == pytest.approx(error)


def test_a_header_survives_the_file(trained: Trained) -> None:
    assert Header.model_validate_json(trained.header.model_dump_json()) == trained.header


@pytest.mark.parametrize(("channels", "size", "values"), [(1, 16, 2), (3, 20, 5), (4, 128, 1)])
def test_the_shapes_that_a_file_must_have_are_those_of_the_network(
    channels: int, size: int, values: int
) -> None:
    state = Network(channels, size, values).state_dict()
    assert shapes_of(channels, size, values) == {
        name: tuple(each.shape) for name, each in state.items()
    }


HOSTILE = {
    "size": [10**9, 0, -1, 1e308, "x"],
    "channels": [0, 10**6],
    "classes": [[], ["a"] * 10_001, "abc", None],
    "data": ["../../x", "a/b", "", "\x1b[2J", "x" * 300],
    "accuracy": [float("nan"), 2, -1],
    "held_out": [-1, 10**400],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in HOSTILE.items() for value in values]
)
def test_a_header_that_claims_what_cannot_be_is_refused_before_a_network_is_made(
    name: str, value: object, trained: Trained, tmp_path: Path
) -> None:
    header = json.dumps(trained.header.model_dump(mode="json") | {name: value})
    path = tmp_path / "a.judge"
    path.write_bytes(save(trained.tensors, {KEY: header}))
    with pytest.raises(DataError, match="no file that `gan-bench judge` wrote, or it is damaged"):
        judge_offer(path)


@pytest.mark.parametrize("fault", ["another shape", "one lacks", "one more", "not finite"])
def test_weights_that_are_not_those_of_the_header_are_refused(
    fault: str, trained: Trained, tmp_path: Path
) -> None:
    tensors = {name: each.copy() for name, each in trained.tensors.items()}
    if fault == "another shape":
        tensors["heads.bias"] = np.zeros(9, np.float32)
    elif fault == "one lacks":
        del tensors["norms.0.weight"]
    elif fault == "one more":
        tensors["x"] = np.zeros(1, np.float32)
    else:
        tensors["heads.bias"][0] = np.nan
    write_judge(tmp_path / "a.judge", trained.header, tensors)
    with pytest.raises(DataError, match="or it is damaged"):
        read_judge(tmp_path / "a.judge")


@pytest.mark.parametrize("metadata", [b"null", b"[]", b"7"])
def test_metadata_that_is_no_table_is_refused(metadata: bytes, tmp_path: Path) -> None:
    header = b'{"__metadata__": ' + metadata + b"}"
    (tmp_path / "a.judge").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(DataError, match="or it is damaged"):
        read_judge(tmp_path / "a.judge")
