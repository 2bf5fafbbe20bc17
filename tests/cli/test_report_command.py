"""`gan-bench report`: what it prints where, in which format, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gan_bench.cli.report import FORMATS
from gan_bench.report import formats
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import CURVE, FIGURES
from given import Command, refused
from records import PLAIN, write_cell

POINT = {"step": 1, "kimg": 1.0, "loss_d": 1.0, "loss_g": 1.0, "real_score": 0.5, "fake_score": 0.5}


@pytest.fixture
def full(gan_bench: Command) -> Path:
    """A results folder with two rows, and what their pictures are drawn from."""
    for name in ("dcgan", "dense"):
        append_line(write_cell(Path("full"), name) / CURVE, POINT)
    return Path("full")


def test_a_report_that_is_redirected_is_markdown(gan_bench: Command, full: Path) -> None:
    full.rename("results")
    said = gan_bench("report")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"## {PLAIN.slug}\n")
    assert "| dense | – |" in said.out


def test_the_command_line_knows_every_format() -> None:
    assert FORMATS == formats.FORMATS


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("board.md", "markdown"),
        ("board.html", "html"),
        ("board.csv", "csv"),
        ("made/board.JSON", "json"),
        ("board.tex", "latex"),
    ],
)
def test_the_ending_of_the_file_chooses_the_format(
    name: str, style: str, gan_bench: Command, full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_bench.report.tuning.shown.render_all", lambda *asked: asked[2])
    said = gan_bench("report", full, "--out", name)
    assert (said.code, said.out) == (0, "")
    assert Path(name).read_text() == style


def test_it_is_said_when_a_report_replaces_a_file(gan_bench: Command, full: Path) -> None:
    said = [gan_bench("report", full, "--out", "board.csv").err.strip() for _ in range(2)]
    assert said == ["written: board.csv", "written: board.csv, in place of the one that was there"]


@pytest.mark.parametrize("style", ["terminal", "markdown", "csv", "json"])
def test_a_format_that_is_asked_for_wins_over_the_ending(
    style: str, gan_bench: Command, full: Path
) -> None:
    shown = gan_bench("report", full, "--format", style)
    assert shown.code == 0
    assert "dcgan" in shown.out
    if style == "json":
        assert json.loads(shown.out)["schema"] == 1
    written = gan_bench("report", full, "--format", style, "--out", "board.html")
    assert (written.code, written.out) == (0, "")
    assert Path("board.html").read_text() == shown.out


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ([], ["error: no results in results: `gan-bench run` makes some, or name another folder"]),
        (["nowhere"], ["error: no results in nowhere"]),
        (["full", "--protocol", "x"], ["error: no protocol x in full"]),
        (["full", "--sort", "fid"], ["error: --sort fid: the metrics of"]),
        (["full", "--format", "pdf"], ["'pdf' is not one of"]),
        (["full", "--out", "board.pdf"], ["error: --out board.pdf: ", ".html"]),
        (["full", "--out", "board"], ["error: --out board: ", ".html"]),
    ],
    ids=lambda value: " ".join(value),
)
@pytest.mark.usefixtures("full")
def test_a_report_that_cannot_be_made_is_a_usage_error(
    words: list[str], parts: list[str], gan_bench: Command
) -> None:
    refused(gan_bench("report", *words), 2, *parts)
    assert not list(Path().glob("board*"))


def test_a_report_that_cannot_be_written_is_a_storage_error(gan_bench: Command, full: Path) -> None:
    Path("file").write_text("")
    said = gan_bench("report", full, "--out", "file/board.md")
    assert said.code == 5
    assert "/file: File exists" in said.err


def a_damaged_curve(cell: Path) -> None:
    (cell / CURVE).write_bytes(b"\0\0\0\n")


def a_file_in_place_of_the_folder(cell: Path) -> None:
    (cell.parents[2] / FIGURES).write_text("")


@pytest.mark.parametrize("damage", [a_damaged_curve, a_file_in_place_of_the_folder])
def test_pictures_that_cannot_be_drawn_cost_a_line_not_the_table(
    damage: Callable[[Path], None], gan_bench: Command, full: Path
) -> None:
    damage(write_cell(full, "dcgan"))
    said = gan_bench("report", full)
    assert said.code == 0
    assert "no pictures: cannot " in said.err
    assert "| dense | – |" in said.out


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--figures", "pdf"], ["--figures pdf needs --out DIR"]),
        (["--figures", "eps", "--out", "f"], ["eps", "pdf", "svg", "png"]),
        (
            ["--figures", "pdf", "--out", "f", "--format", "csv"],
            ["error: --figures and --format exclude each other"],
        ),
        (
            ["--figures", "pdf", "--out", "f", "--by", "time"],
            ["--figures and --by exclude each other"],
        ),
        (["--figures", "pdf", "--out", "full"], ["full", "is inside the results in"]),
    ],
)
def test_figures_for_a_paper_are_refused_in_one_sentence(
    words: list[str], parts: list[str], gan_bench: Command, full: Path
) -> None:
    refused(gan_bench("report", full, *words), 2, *parts)
    assert not Path("f").exists()


def test_figures_for_a_paper_are_files_in_a_folder(gan_bench: Command, full: Path) -> None:
    said = gan_bench("report", full, "--figures", "png", "--out", "paper")
    assert (said.code, said.out) == (0, "")
    folder = Path("paper", PLAIN.slug)
    assert said.err == f"5 files: {folder}\n"
    assert (folder / "losses-1col.png").is_file()
