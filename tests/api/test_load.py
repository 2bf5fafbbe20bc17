"""`gan_bench.load(...)`: leaderboards as data frames, tables and pictures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gan_bench
from gan_bench import Board, StorageError, UsageError, load
from gan_bench.contract.protocol import RunEnvironment
from gan_bench.results.layout import CURVE, PROTOCOL, SAMPLES, TICKS
from gan_bench.results.measurements import ask_for
from parsed import Page, rendered
from records import PLAIN, protocol, write_cell, write_training

HOSTILE = "<script>alert(1)</script>"
LONG = protocol(kimg=500)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two cells with all there is, one that is not done, and a cell of another protocol."""
    for seed, value in ((10, 2.0), (2, 3.0)):
        folder = write_cell(tmp_path / "r", "dcgan", seed=seed, scores={"fd-eye": value})
        write_training(folder, colour=seed)
        tick = '{"step": 5, "kimg": 0.4, "scores": {"fd-eye": 9}, "verdict": null}\n'
        (folder / TICKS).write_text(tick)
    write_cell(tmp_path / "r", "dense", status=None)
    write_cell(tmp_path / "r", "dense", under=LONG)
    return tmp_path / "r"


@pytest.fixture
def board(results: Path) -> Board:
    return load(results, PLAIN.slug)[0]


def test_there_is_a_board_for_each_protocol(results: Path) -> None:
    boards = load(str(results))
    assert [board.slug for board in boards] == [PLAIN.slug, LONG.slug]
    assert boards[LONG.slug[:16]].protocol == LONG
    assert (boards[-1].slug, len(boards[:1])) == (LONG.slug, 1)
    with pytest.raises(UsageError, match="2 boards begin with 'faces'"):
        boards["faces"]


def test_a_board_is_found_by_its_name_when_its_cells_are_measured_in_another_way_too(
    results: Path,
) -> None:
    added = PLAIN.evaluation.model_copy(update={"samples": 300}).beside(PLAIN.evaluation)
    cell = results / PLAIN.slug / "dcgan/hinge/seed2"
    ask_for(cell, added, RunEnvironment(device="cpu", named=True))
    boards = load(results)
    assert len(boards) == 3
    for name in (PLAIN.slug, PLAIN.slug[:-2]):
        assert boards[name].slug == PLAIN.slug
    for name in (f"{PLAIN.slug}/{added.slug}", f"{PLAIN.slug}/"):
        assert boards[name].slug == f"{PLAIN.slug}/{added.slug}"


@pytest.mark.parametrize("name", ["notes", "1.2.3", "...", "٣"])
def test_a_picture_that_is_no_sample_grid_is_left_alone(board: Board, name: str) -> None:
    samples = board.folder / "dcgan/hinge/seed2" / SAMPLES
    before = np.asarray(board.samples("dcgan/hinge/seed2"))
    (samples / f"{name}.png").write_bytes(b"no picture")
    for kimg in (None, 0.1, 1e9):
        image = board.samples("dcgan/hinge/seed2", kimg)
        assert image.size == (before.shape[1], before.shape[0])
    with pytest.raises(UsageError, match="kimg='x' is of type str: give a number"):
        board.samples("dcgan/hinge/seed2", "x")  # type: ignore[arg-type]


def test_a_frame_has_a_row_for_each_cell_and_is_the_callers(board: Board) -> None:
    frame = board.frame()
    assert list(frame["seed"]) == [2, 10, 0]
    assert list(frame["status"]) == ["finished", "finished", "unfinished"]
    assert list(frame["fd-eye"][:2]) == [3.0, 2.0]
    frame["fd-eye"] = 0
    assert board.frame()["fd-eye"][0] == 3.0


def test_curves_and_ticks_are_long_frames(board: Board, results: Path) -> None:
    curves = board.curves()
    assert list(curves.columns[:6]) == ["architecture", "loss", "seed", "step", "kimg", "loss_d"]
    assert list(curves["seed"].unique()) == [2, 10]
    assert len(curves) == 40
    assert list(curves["kimg"][:2]) == [0.1, 0.2]
    assert math.isnan(curves["grad_d"][0])
    ticks = board.ticks()
    assert list(ticks.columns) == [
        *("architecture", "loss", "seed", "step", "kimg", "fd-eye", "verdict", "reason")
    ]
    assert list(ticks["fd-eye"]) == [9, 9]
    empty = load(results, LONG.slug)[0]
    assert list(empty.curves().columns) == list(curves.columns)
    assert len(empty.ticks()) == 0


def test_a_damaged_curve_is_a_storage_error(board: Board) -> None:
    (board.folder / "dcgan/hinge/seed2" / CURVE).write_bytes(b"\0\n")
    with pytest.raises(StorageError, match=CURVE):
        board.curves()
    assert len(board.frame()) == 3


def test_a_table_is_text_markdown_and_html(board: Board) -> None:
    table: Any = board.table()
    text = str(table)
    assert repr(table) == text
    assert "dcgan" in text
    assert max(map(len, text.splitlines())) <= 100
    page = rendered(table._repr_markdown_())
    assert page.tables[0][1][:2] == ["1", "dcgan"]
    html = Page(table._repr_html_())
    assert html.tables[0][1][:2] == ["1", "dcgan"]
    assert "img" not in page.tags | html.tags
    assert board._repr_html_() == table._repr_html_()


def test_all_boards_are_shown_together_with_what_cannot_be_read(results: Path) -> None:
    (results / LONG.slug / PROTOCOL).write_text("{")
    boards: Any = load(results)
    assert len(boards) == 1
    assert PROTOCOL in boards.unreadable[0]
    assert PROTOCOL in boards._repr_html_()
    assert PROTOCOL in str(boards).replace("\n", "")


def test_a_notebook_runs_nothing_that_a_record_says(tmp_path: Path) -> None:
    write_cell(tmp_path, "dcgan", status="failed", reason=HOSTILE, diagnosis=HOSTILE)
    shown: Any = load(tmp_path)[0]
    assert "script" not in Page(shown._repr_html_()).tags
    assert "script" not in rendered(shown._repr_markdown_()).tags


@pytest.mark.parametrize(("kimg", "green"), [(None, 40), (0.1, 10), (0.24, 20), (99, 40)])
def test_samples_are_those_of_the_last_tick_or_of_the_nearest(
    kimg: float | None, green: int, board: Board
) -> None:
    grid = board.samples("dcgan/hinge/seed10", kimg)
    assert np.asarray(grid)[5, 5].tolist() == [10, green, 0]
    assert board.samples(board.folder / "dcgan/hinge/seed10", kimg).size == grid.size


@pytest.mark.parametrize(
    ("cell", "error", "said"),
    [
        ("dcgan/hinge/seed3", UsageError, "Did you mean dcgan/hinge/seed"),
        ("dense/hinge/seed0", StorageError, "has no samples"),
        ("dcgan/hinge/seed2", StorageError, "cannot read .*0.400.png"),
    ],
)
def test_samples_that_are_not_there_or_damaged(
    cell: str, error: type[Exception], said: str, board: Board
) -> None:
    damaged = board.folder / "dcgan/hinge/seed2" / SAMPLES / "000000.400.png"
    damaged.write_bytes(b"no picture")
    with pytest.raises(error, match=said):
        board.samples(cell)


def test_a_generator_is_that_of_the_cells_folder(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gan_bench, "generator", lambda *a, **k: (a, k), raising=False)
    folder = board.folder / "dcgan/hinge/seed2"
    assert board.generator("dcgan/hinge/seed2", best=True) == ((folder,), {"best": True})


def test_a_folder_without_results_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no results in"):
        load(tmp_path)


def test_a_board_draws_figures_for_a_paper(board: Board, tmp_path: Path) -> None:
    written = board.figures(tmp_path / "paper", "svg")
    assert all(path.parent == tmp_path / "paper" and path.is_file() for path in written)
    assert {path.name for path in written} >= {"ranking-1col.svg", "captions.md"}
    with pytest.raises(UsageError, match="is inside the results in"):
        board.figures(board.folder)
