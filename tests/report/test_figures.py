"""The pictures of a leaderboard: what they show, when they are drawn, what a damaged file costs."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

import crowd
from gan_bench import StorageError
from gan_bench.base.pictures import RULE
from gan_bench.contract.protocol import Data
from gan_bench.report import figures, leaderboard
from gan_bench.report import quality as quality_picture
from gan_bench.report.curves import LOSSES, columns_of, curves, lie_beyond, limits
from gan_bench.report.figures import stale
from gan_bench.report.palette import D_COLOUR, G_COLOUR, colour_of
from gan_bench.report.quality import ONE_SEED, quality
from gan_bench.report.selection import figure_paths, what_is_shown
from gan_bench.report.sheet import sample_sheet
from gan_bench.results.layout import CONTACT_SHEET, CURVE, RECORD, TICKS
from records import protocol, spread, write_cell, write_contact_sheet, write_training

Draw = Callable[[leaderboard.Board], bytes | None]
ARCHITECTURES = [f"arch{k:02d}" for k in range(14)]
ALL = {"samples", "losses", "scores"}  # of what write_training writes


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def only(results: Path) -> leaderboard.Board:
    (board,) = leaderboard.load(results).boards
    return board


def pictures(results: Path) -> dict[str, np.ndarray]:
    """Name -> (height, width, 3) pixels of the pictures of the one protocol."""
    return {p.stem: np.asarray(Image.open(p).convert("RGB")) for p in figures.draw(only(results))}


@pytest.fixture
def cell(tmp_path: Path) -> Path:
    """One cell that has something to draw."""
    folder = write_cell(tmp_path, "a", scores={"fd-eye": 1.0})
    write_training(folder)
    return folder


# What they show


@pytest.mark.parametrize(("side", "zoom"), [(16, 4), (128, 1)])
def test_the_sheet_has_a_strip_for_each_cell_and_a_tile_for_each_tick(
    side: int, zoom: int, tmp_path: Path
) -> None:
    data = Data(name="big", fingerprint="ab", shape=(3, side, side), train=9, held_out=1)
    under = protocol().model_copy(update={"data": data})
    for name, colour in (("a", 50), ("b", 200)):
        folder = write_cell(tmp_path, name, under=under, scores={"fd-eye": colour})
        write_training(folder, ticks=4, side=side, colour=colour)
    sheet = pictures(tmp_path)["samples"]
    places = [
        [np.argwhere((sheet == (colour, 10 * tick, 0)).all(axis=2)) for tick in range(1, 5)]
        for colour in (50, 200)
    ]
    assert {len(pixels) for strip in places for pixels in strip} == {6 * (side * zoom) ** 2}
    for strip in places:
        for left, right in pairwise(strip):
            assert left[:, 1].max() < right[:, 1].min()
            assert left[:, 0].min() == right[:, 0].min()
    assert max(p[:, 0].max() for p in places[0]) < places[1][0][:, 0].min()  # the best first


def test_the_sheet_shows_rectangles(tmp_path: Path) -> None:
    data = Data(name="wide", fingerprint="ab", shape=(3, 16, 24), train=9, held_out=1)
    under = protocol().model_copy(update={"data": data})
    folder = write_cell(tmp_path, "a", under=under, scores={"fd-eye": 1})
    write_training(folder, ticks=3, side=16, width=24)
    sheet = pictures(tmp_path)["samples"]
    for tick in (1, 2, 3):
        pixels = np.argwhere((sheet == (0, 10 * tick, 0)).all(axis=2))
        assert len(pixels) == 6 * 16 * 24 * 4**2


def test_a_grid_of_few_images_has_a_tile_of_those(cell: Path) -> None:
    for path in (cell / "samples").iterdir():
        with Image.open(path) as opened:
            opened.crop((0, 0, 8 * 18 + 2, 2 * 18 + 2)).save(path)  # ten images are two rows
    sheet = pictures(cell.parents[3])["samples"]
    assert np.count_nonzero((sheet == (0, 10, 0)).all(axis=2)) == 4 * 64**2
    assert np.count_nonzero((sheet == 0).all(axis=2)) < 64**2  # text, but no black tile


def test_the_sheet_has_a_strip_of_real_images_on_top(cell: Path) -> None:
    board = only(cell.parents[3])
    without = sample_sheet(board) or b""
    colours = spread(write_contact_sheet(board.folder), 12)
    sheet = np.asarray(Image.open(BytesIO(sample_sheet(board) or b"")).convert("RGB"))
    real = [np.argwhere((sheet == colour).all(axis=2)) for colour in colours]
    assert {len(pixels) for pixels in real} == {64**2}  # 16 px, enlarged as the samples are
    samples = np.argwhere((sheet == (0, 10, 0)).all(axis=2))
    assert max(pixels[:, 0].max() for pixels in real) < samples[:, 0].min()
    (board.folder / CONTACT_SHEET).write_bytes(b"rubbish")
    assert sample_sheet(board) == without


def test_a_sheet_without_its_real_images_is_not_kept_when_the_disk_fails(
    cell: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would look up to date, and nobody would draw it again."""
    board = only(cell.parents[3])
    write_contact_sheet(board.folder)
    open_ = os.open

    def failing(path: Any, *given: Any) -> int:
        if Path(path).name == CONTACT_SHEET:
            raise OSError(errno.EIO, "Input/output error")
        return open_(path, *given)

    with monkeypatch.context() as broken:
        broken.setattr("os.open", failing)
        with pytest.raises(StorageError, match=r"cannot read .*contact-sheet\.png: Input"):
            figures.draw(board)
    assert not figure_paths(board)["samples"].exists()
    figures.draw(board)
    assert figure_paths(board)["samples"].exists()


def test_curves_of_all_rows_are_panels_of_one_picture(tmp_path: Path) -> None:
    shapes = []
    for name in "abcd":
        write_training(write_cell(tmp_path, name), ticks=1)
        drawn = pictures(tmp_path)
        assert drawn["losses"].shape == drawn["scores"].shape
        shapes.append(drawn["losses"].shape[:2])
        for colour in map(rgb, (D_COLOUR, G_COLOUR)):
            assert (drawn["losses"] == colour).all(axis=2).any()
            assert (drawn["scores"] == colour).all(axis=2).any()
    heights, widths = zip(*shapes, strict=True)
    assert widths[0] < widths[1] == widths[3] < widths[2]  # four are two by two
    assert heights[0] == heights[1] == heights[2] < heights[3]


@pytest.mark.parametrize(
    ("draw", "name", "seeds"),
    [
        (lambda board: curves(board, LOSSES, "loss"), CURVE, 6),
        (quality, TICKS, 6),
        (sample_sheet, "samples/000001.000.png", 2),
    ],
    ids=["losses", "quality", "samples"],
)
def test_a_picture_shows_the_first_seeds_of_the_best_rows_however_the_table_is_sorted(
    draw: Draw, name: str, seeds: int, tmp_path: Path
) -> None:
    crowd.lay_grid(tmp_path, crowd.protocol(10), ARCHITECTURES, ["hinge"], range(seeds + 1))
    board = only(tmp_path)
    whole = draw(board)
    for row in board.rows:
        (row.folders[seeds] / name).unlink()
    for folder in [folder for row in board.rows[12:] for folder in row.folders[:seeds]]:
        (folder / name).unlink()
    assert draw(board) == whole
    sorted_otherwise = leaderboard.load(tmp_path, sort="kd-eye").boards[0]
    assert [row.name for row in sorted_otherwise.rows] != [row.name for row in board.rows]
    assert draw(sorted_otherwise) == whole
    (board.rows[11].folders[seeds - 1] / name).unlink()
    assert draw(board) != whole


def test_seeds_of_one_row_are_thin_lines_beside_their_mean_and_the_legend_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = crowd.lay_grid(tmp_path, crowd.protocol(), ["a"], ["hinge"], range(2))
    kept: list[Figure] = []
    monkeypatch.setattr(quality_picture, "png_of", lambda figure: kept.append(figure) or b"")
    quality(only(tmp_path))
    for path in root.glob("*/*/seed1/*.jsonl"):
        path.unlink()
    quality(only(tmp_path))
    several, single = ([each.axes[0].lines, each.legends[0].texts] for each in kept)
    *seeds, mean = (line for line in several[0] if line.get_color() == colour_of(0))
    assert len(seeds) == 2
    assert all(line.get_linewidth() < mean.get_linewidth() / 2 for line in seeds)
    ends = [np.array(line.get_ydata()) for line in seeds]
    assert np.allclose(mean.get_ydata(), np.mean(ends, axis=0))
    assert ONE_SEED in [text.get_text() for text in several[1]]
    assert [line.get_color() for line in single[0]].count(colour_of(0)) == 1
    assert ONE_SEED not in [text.get_text() for text in single[1]]


def test_losses_of_several_seeds_say_that_each_has_a_line(tmp_path: Path) -> None:
    root = crowd.lay_grid(tmp_path, crowd.protocol(), ["a"], ["hinge"], range(2))
    heights = []
    for _ in range(2):
        picture = curves(only(tmp_path), LOSSES, "loss")
        heights.append(Image.open(BytesIO(picture or b"")).height)
        for path in root.glob("*/*/seed1/*.jsonl"):
            path.unlink()
    assert heights[0] > heights[1]  # by the line that says it


def test_a_row_without_a_curve_leaves_its_place_to_the_next(tmp_path: Path) -> None:
    crowd.lay_grid(tmp_path, crowd.protocol(), ARCHITECTURES, ["hinge"], range(1))
    board = only(tmp_path)
    drawn = []
    for place in (0, 13, 12):  # the best, the last, and the one that takes the free place
        (board.rows[place].folders[0] / CURVE).unlink()
        drawn.append(curves(board, LOSSES, "loss"))
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_picture_says_what_it_leaves_out(tmp_path: Path) -> None:
    crowd.lay_grid(tmp_path, crowd.protocol(), ARCHITECTURES, ["hinge"], range(2))
    board = only(tmp_path)
    few = replace(board, rows=board.rows[:12])
    left_out = "the best 12 of 14 rows by fd-eye"
    assert what_is_shown(board, few.rows, 2) == left_out
    assert what_is_shown(board, few.rows, 1) == f"{left_out}, the first seed of each"
    assert what_is_shown(few, few.rows, 2) == ""
    for draw in (sample_sheet, lambda board: curves(board, LOSSES, "loss")):
        heights = [Image.open(BytesIO(draw(each) or b"")).height for each in (board, few)]
        assert heights[0] > heights[1]  # by a line of text: both show the same rows


def test_a_value_beyond_the_axis_is_drawn_at_its_edge_and_the_picture_says_so(
    tmp_path: Path,
) -> None:
    seed = np.stack([np.arange(400.0), np.linspace(0, 1, 400)], axis=1)
    whole = limits([seed])
    assert whole[0] < 0 < 1 < whole[1]
    assert not lie_beyond([seed], whole)
    wider = seed.copy()
    wider[7, 1] = 1.8  # less than twice as much: the axis grows
    assert not lie_beyond([wider], limits([wider]))
    wider[7, 1] = 1000.0
    assert limits([wider])[1] < 2
    assert lie_beyond([wider], limits([wider]))
    folder = write_cell(tmp_path, "a", scores={"fd-eye": 1.0})
    write_training(folder, points=400)
    heights = [pictures(tmp_path)["losses"].shape[0]]
    lines = (folder / CURVE).read_text().splitlines()
    lines[3] = '{"step": 4, "kimg": 0.4, "loss_d": 1e9, "loss_g": 2.0}'
    (folder / CURVE).write_text("\n".join(lines) + "\n")
    os.utime(folder / RECORD, (2**32, 2**32))
    heights.append(pictures(tmp_path)["losses"].shape[0])
    assert heights[0] < heights[1]  # by the line that says it


@pytest.mark.parametrize(
    ("panels", "columns"), [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3), (6, 3), (8, 2), (12, 3)]
)
def test_the_fewest_places_of_a_figure_stay_empty(panels: int, columns: int) -> None:
    assert columns_of(panels) == columns


@pytest.mark.parametrize(("panels", "columns"), [(4, 4), (5, 3), (6, 3), (7, 4), (8, 4), (9, 3)])
def test_a_wider_figure_has_up_to_four_panels_beside_each_other(panels: int, columns: int) -> None:
    assert columns_of(panels, 4) == columns


def test_a_white_sample_has_a_frame_and_few_ticks_make_a_narrow_sheet(tmp_path: Path) -> None:
    folder = write_cell(tmp_path, "a", scores={"fd-eye": 1.0})
    write_training(folder, ticks=2)
    board = only(tmp_path)
    write_contact_sheet(board.folder)
    for path in (folder / "samples").iterdir():
        Image.new("RGB", (8 * 18 + 2, 8 * 18 + 2), "white").save(path)
    sheet = np.asarray(Image.open(BytesIO(sample_sheet(board) or b"")).convert("RGB"))
    framed = np.count_nonzero((sheet == rgb(RULE)).all(axis=2))
    frames = (2 * 6 + 12) * 4 * 65  # around the samples of two ticks, and the real images
    assert frames <= framed < 1.01 * frames  # a letter may have a pixel of this colour
    assert sheet.shape[1] < 2 * (2 * 72 + 20) + 24


# When they are drawn


def test_a_picture_of_an_older_kind_is_drawn_again(cell: Path) -> None:
    board = only(cell.parents[3])
    for path in figures.draw(board):
        with Image.open(path) as opened:
            opened.convert("RGB").save(path)  # without the mark
    assert set(stale(board)) == ALL
    figures.draw(board)
    assert stale(board) == []


def test_a_picture_is_drawn_once_and_again_when_a_record_is_newer(cell: Path) -> None:
    board = only(cell.parents[3])
    first = figures.draw(board)
    assert {path.stem for path in first} == ALL
    for path in (cell / RECORD, *first):  # in the past, so that a coarse clock does not matter
        os.utime(path, (1000, 1000))
    assert [path.stat().st_mtime for path in figures.draw(board)] == [1000] * 3
    os.utime(cell / RECORD, (2000, 2000))
    assert all(path.stat().st_mtime > 2000 for path in figures.draw(board))


def test_a_picture_of_which_no_cell_has_anything_is_not_waited_for(tmp_path: Path) -> None:
    root = crowd.lay_grid(tmp_path, crowd.protocol(), ["a"], ["hinge"], range(2))
    assert stale(only(tmp_path)) == ["samples", "quality", "losses", "scores"]
    for path in root.glob("*/*/*/*.jsonl"):
        path.unlink()
    assert stale(only(tmp_path)) == ["samples"]
    figures.draw(only(tmp_path))
    assert stale(only(tmp_path)) == []


# What a damaged file costs


def test_a_cell_without_a_number_in_its_curve_costs_no_picture(tmp_path: Path) -> None:
    write_cell(tmp_path, "failed", status="failed", cost=None)
    folder = write_cell(tmp_path, "a", scores={"fd-eye": 1.0})
    for name in (CURVE, TICKS):
        (folder / name).write_text('{"step": 1}\n{"scores": 3, "kimg": true}\n{}\n')
    assert pictures(tmp_path) == {}
    write_training(write_cell(tmp_path, "b", scores={"fd-eye": 1.0}))
    assert set(pictures(tmp_path)) == ALL


@pytest.mark.parametrize("value", ['"1"', "[1]", "{}", "null", "NaN", "-Infinity", "1e400"])
def test_whatever_is_no_number_is_a_gap_in_a_curve(value: str, cell: Path) -> None:
    with (cell / CURVE).open("a") as curve:
        for name in ("loss_d", "kimg"):
            curve.write(f'{{"step": 21, "kimg": 2.1, "loss_g": 1, "{name}": {value}}}\n')
    assert set(pictures(cell.parents[3])) == ALL


@pytest.mark.parametrize(
    ("name", "content", "drawn"),
    [
        (CURVE, b"\0\0\0\0\n", {"samples"}),
        (CURVE, b"{]\n", {"samples"}),
        ("samples/0000.100.png", b"rubbish", {"losses", "scores"}),
        ("samples/notes.png", b"rubbish", {"losses", "scores"}),
    ],
)
def test_a_damaged_file_is_named_once_in_a_storage_error_and_the_rest_is_drawn(
    name: str, content: bytes, drawn: set[str], cell: Path
) -> None:
    (cell / name).write_bytes(content)
    board = only(cell.parents[3])
    with pytest.raises(StorageError, match=r"cannot draw ") as error:
        figures.draw(board)
    assert str(error.value).count(Path(name).name) == 1
    assert {path.stem for path in (board.folder / "figures").iterdir()} == drawn


def test_an_image_that_is_no_sample_grid_is_not_decoded(cell: Path) -> None:
    Image.new("1", (9000, 9000)).save(cell / "samples" / "1.png")
    with pytest.raises(StorageError, match=r"9000 x 9000 pixels, which is no sample grid"):
        figures.draw(only(cell.parents[3]))
