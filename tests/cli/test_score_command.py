"""`gan-bench score`: a table, one JSON document, or one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from gan_bench.contract.errors import DataError
from gan_bench.contract.protocol import RunEnvironment
from gan_bench.results.layout import protocol_folder_of
from gan_bench.results.measurements import ask_for
from given import Command, Draw, refused
from records import PLAIN, protocol, write_cell

QUICK = ("--features", "pixels", "--metric", "fd,diversity")


def test_the_table_has_a_metric_a_row(gan_bench: Command, shapes: Path) -> None:
    said = gan_bench("score", shapes, shapes, *QUICK)
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0] == f"real         {shapes}: 40 images"
    assert [line.split()[0] for line in lines[-2:]] == ["fd-pixels", "diversity"]
    assert "no ±: a standard error needs 128 generated images, and 40 were compared" in said.err


def test_how_many_of_the_images_are_compared_is_said(
    gan_bench: Command, shapes: Path, draw_shapes: Draw
) -> None:
    other = draw_shapes(shapes.parent / "other", 30)
    said = gan_bench("score", shapes, other, *QUICK, "--samples", "20")
    assert said.out.splitlines()[:2] == [
        f"real         {shapes}: 20 of 40 images",
        f"generated    {other}: 20 of 30 images",
    ]


def test_json_has_scores_with_errors_and_counts(gan_bench: Command, shapes: Path) -> None:
    document = json.loads(gan_bench("score", shapes, shapes, *QUICK, "--json").out)
    score = document["scores"]["diversity"]
    assert (score["n"], score["reference_n"], score["features"]) == (40, 40, "pixels")
    assert score["value"] == pytest.approx(1)
    assert document["real"]["shape"] == [3, 24, 24]


def test_a_generator_is_no_set_of_images(gan_bench: Command, shapes: Path) -> None:
    (shapes.parent / "G.pt").write_bytes(b"any")
    (shapes.parent / "cell").mkdir()
    (shapes.parent / "cell/record.json").write_text("{}")
    for path in (shapes.parent / "G.pt", shapes.parent / "cell"):
        refused(
            gan_bench("score", shapes, path, *QUICK), 2, f"{path} is a generator, which is scored"
        )
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
    refused(gan_bench("score", shapes, "nowhere", *QUICK), 2, "there is no", "nowhere")
    refused(gan_bench("score", shapes, 300 * "x", *QUICK), 2, "there is no xxx")


@pytest.mark.parametrize("words", [("--size", "16"), ("--metric", "fd"), ("--preset", "quick")])
def test_what_a_protocol_decides_is_refused_with_it(
    gan_bench: Command, shapes: Path, words: tuple[str, str]
) -> None:
    said = gan_bench("score", shapes, "--like", "faces", *words)
    refused(said, 2, f"{words[0]}: the protocol of --like decides it")


def test_an_unknown_protocol_is_answered(gan_bench: Command, shapes: Path, tmp_path: Path) -> None:
    refused(gan_bench("score", shapes, "--like", "faces"), 2, "no results in results")
    home = protocol_folder_of(write_cell(tmp_path / "results", "dcgan"))
    for word in ("face5", "Faces-16px", f"{home.name}/fid"):
        said = gan_bench("score", shapes, "--like", word, "--results", tmp_path / "results")
        refused(said, 2, f"no protocol {word}", f"it has {home.name}", f"Did you mean {home.name}?")


def test_a_beginning_of_several_names_is_answered_with_a_short_list(
    gan_bench: Command, shapes: Path, tmp_path: Path
) -> None:
    for kimg in range(100, 1000, 100):
        write_cell(tmp_path / "results", "dcgan", under=protocol(kimg=kimg))
    for word in ("faces", "zzz"):
        said = gan_bench("score", shapes, "--like", word, "--results", tmp_path / "results")
        refused(said, 2, "--like faces is the beginning of" if word == "faces" else "it has")
        assert said.err.count("faces-16px-") == 6
        assert "and 3 more" in said.err


@pytest.mark.parametrize("kind", ["folder", "folder/", "relative/", "link", "slug", "slug/"])
def test_a_protocol_is_found_by_its_folder_or_its_name(
    kind: str, gan_bench: Command, tmp_path: Path
) -> None:
    home = protocol_folder_of(write_cell(tmp_path / "results", "dcgan"))
    (tmp_path / "link").symlink_to(home)
    like = {
        "relative/": f"../results/{home.name}/",
        "link": tmp_path / "link",
        "slug": home.name,
        "slug/": f"{home.name}/",
        "folder": home,
        "folder/": f"{home}/",
    }[kind]
    said = gan_bench("score", "nowhere", "--like", like, "--results", tmp_path / "results")
    refused(said, 2, "there is no nowhere: give images")


def test_a_board_by_another_evaluation_and_a_cell_are_no_protocol(
    gan_bench: Command, shapes: Path, tmp_path: Path
) -> None:
    cell = write_cell(tmp_path / "results", "dcgan")
    home = protocol_folder_of(cell)
    evaluation = PLAIN.evaluation.model_copy(update={"samples": 300}).beside(PLAIN.evaluation)
    ask_for(cell, evaluation, RunEnvironment(device="cpu", named=True))
    for like, says in ((f"{home.name}/{evaluation.slug}", home.name), (cell, home)):
        said = gan_bench("score", shapes, "--like", like, "--results", tmp_path / "results")
        refused(said, 2, f"--like {like} is", f"--like {says}")


def test_published_results_say_that_the_images_must_be_given(
    gan_bench: Command, shapes: Path, tmp_path: Path
) -> None:
    cell = write_cell(tmp_path / "results", "dcgan")
    (cell / "cell.json").unlink()
    like = ("--like", protocol_folder_of(cell))
    refused(gan_bench("score", shapes, *like), 2, "as published records have none", "--data")
    said = gan_bench("score", shapes, *like, "--data", shapes)
    refused(said, 4, "has changed since this protocol was planned", "with --data")
    refused(gan_bench("score", shapes, shapes, "--data", shapes), 2, "--data is for --like")


def test_an_entry_is_shown_by_the_protocol_s_own_evaluation_alone(
    gan_bench: Command, shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = write_cell(tmp_path / "results", "dcgan")
    added = PLAIN.evaluation.model_copy(update={"samples": 300}).beside(PLAIN.evaluation)
    ask_for(cell, added, RunEnvironment(device="cpu", named=True))
    monkeypatch.setattr("gan_bench.run.entries.score_entries", lambda *_: None)
    tables = gan_bench("report", tmp_path / "results", "--format", "markdown").out.count("\n## ")
    said = gan_bench("score", shapes, "--like", protocol_folder_of(cell))
    assert (tables, said.out.count("\n## ")) == (1, 0)
    assert said.out.startswith(f"## {PLAIN.slug}\n")


@pytest.mark.usefixtures("no_cell_is_started")
def test_a_wrong_entry_is_refused_before_anything_is_trained(
    gan_bench: Command, shapes: Path
) -> None:
    refused(
        gan_bench("run", "--data", shapes, "--entry", "mine=nowhere"),
        2,
        "there is no nowhere: give",
    )


def test_what_was_trained_is_shown_even_if_an_entry_cannot_be_scored(
    gan_bench: Command, shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = write_cell(tmp_path / "results", "dcgan")
    slug = protocol_folder_of(cell).name

    def trained(*_: object) -> tuple[object, None, int]:
        return SimpleNamespace(board=slug), None, 0

    def failing(*_: object) -> None:
        raise DataError("mine has one image")

    monkeypatch.setattr("gan_bench.cli.run._train", trained)
    monkeypatch.setattr("gan_bench.run.whole_run.score_asked", failing)
    monkeypatch.setattr("gan_bench.cli.run.count_failures", lambda _: None)
    said = gan_bench("run", "--results", tmp_path / "results", "--entry", f"mine={shapes}")
    assert (said.code, said.out.split("\n")[0]) == (4, f"## {slug}")
    assert "mine has one image" in said.err
