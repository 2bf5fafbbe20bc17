"""`gan-bench score`: a table, one JSON document, or one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from given import Command, refused
from records import write_cell

QUICK = ("--features", "pixels", "--metric", "fd,diversity")


def test_the_table_has_a_metric_a_row(gan_bench: Command, shapes: Path) -> None:
    said = gan_bench("score", shapes, shapes, *QUICK)
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0] == f"real         {shapes}: 40 images"
    assert [line.split()[0] for line in lines[-2:]] == ["fd-pixels", "diversity"]


def test_json_has_scores_with_errors_and_counts(gan_bench: Command, shapes: Path) -> None:
    document = json.loads(gan_bench("score", shapes, shapes, *QUICK, "--json").out)
    score = document["scores"]["diversity"]
    assert (score["n"], score["reference_n"], score["features"]) == (40, 40, "pixels")
    assert score["value"] == pytest.approx(1)
    assert document["real"]["shape"] == [3, 24, 24]


def test_a_generator_is_no_set_of_images(gan_bench: Command, shapes: Path) -> None:
    (shapes.parent / "G.pt").write_bytes(b"any")
    refused(gan_bench("score", shapes, shapes.parent / "G.pt", *QUICK), 2, "G.pt is a generator")
    said = gan_bench("score", shapes, shapes, "--z-dim", 5)
    refused(said, 2, "--z-dim is for --like PROTOCOL")


def test_one_path_is_not_enough(gan_bench: Command, shapes: Path) -> None:
    refused(gan_bench("score", shapes), 2, "give two sets of images")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--metric", "fdd"), 2, "Did you mean fwd?"),
        (("--features", "pixel"), 2, "Did you mean pixels?"),
        (("--preset", "standart"), 2, "Did you mean standard?"),
    ],
)
def test_a_wrong_name_is_answered(
    gan_bench: Command, shapes: Path, words: tuple[str, str], code: int, says: str
) -> None:
    refused(gan_bench("score", shapes, shapes, *words), code, says)


def test_a_missing_folder_is_named(gan_bench: Command, shapes: Path) -> None:
    refused(gan_bench("score", shapes, "nowhere", *QUICK), 4, "there is no", "nowhere")


@pytest.mark.parametrize("words", [("--size", "16"), ("--metric", "fd"), ("--preset", "quick")])
def test_what_a_protocol_decides_is_refused_with_it(
    gan_bench: Command, shapes: Path, words: tuple[str, str]
) -> None:
    said = gan_bench("score", shapes, "--like", "faces", *words)
    refused(said, 2, f"{words[0]}: the protocol of --like decides it")


def test_an_unknown_protocol_is_answered(gan_bench: Command, shapes: Path, tmp_path: Path) -> None:
    refused(gan_bench("score", shapes, "--like", "faces"), 2, "no results in results")
    write_cell(tmp_path / "results", "dcgan")
    said = gan_bench("score", shapes, "--like", "face", "--results", tmp_path / "results")
    refused(said, 2)
    said = gan_bench("score", shapes, "--like", "nothing", "--results", tmp_path / "results")
    refused(said, 2, "no protocol nothing", "it has faces-16px-100kimg")


@pytest.mark.usefixtures("no_cell_is_started")
def test_a_wrong_entry_is_refused_before_anything_is_trained(
    gan_bench: Command, shapes: Path
) -> None:
    refused(gan_bench("run", "--data", shapes, "--entry", "mine=nowhere"), 2, "no file or folder")
