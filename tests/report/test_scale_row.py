"""Other real images: the first row of every table of scores, and the measure of all others."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from laid_rows import column, sections
from PIL import Image
from rich.console import Console
from scales import lay_scale

from gan_bench.contract.protocol import MetricSpec
from gan_bench.report import leaderboard
from gan_bench.report.documents import to_csv, to_json
from gan_bench.report.figures import stale
from gan_bench.report.formats import FORMATS, render
from gan_bench.report.leaderboard import Board
from gan_bench.report.notes import notes
from gan_bench.report.quality import quality
from gan_bench.report.section import RANK
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import SPEED, TICKS, cells_in, figure_path
from gan_bench.results.scale import REAL, Scale, write_scale
from parsed import Page, rendered
from records import DIVERSITY, FD, PLAIN, protocol, write_cell

SCORES = {"fd-eye": 3.0, "diversity": 1.0}
TICK = {"fd-eye": 9.0}
FD_EAR = MetricSpec(name="fd-ear", higher_is_better=False, features="ear")
SHARE = MetricSpec(name="share", higher_is_better=True, features="eye")
KD = MetricSpec(name="kd-eye", higher_is_better=False, features="eye")


def only(results: Path, **how: bool) -> Board:
    (board,) = leaderboard.load(results, **how).boards  # type: ignore[arg-type]
    return board


@pytest.fixture
def scaled(two: Path) -> Path:
    """Two rows, a tick, and a scale."""
    for cell in cells_in(two / PLAIN.slug):
        append_line(cell / TICKS, {"kimg": 50.0, "scores": {"fd-eye": 40.0}})
        append_line(cell / SPEED, {"kimg": 100.0, "seconds": 90.0})
    lay_scale(two, SCORES, tick=TICK)
    return two


# In every format


def test_every_table_of_scores_begins_with_other_real_images(scaled: Path) -> None:
    under = protocol(metrics=(FD, *(spec(k) for k in range(5))))
    write_cell(scaled, "a", under=under, scores={"fd-eye": 6.0, "m0": 0.5})
    lay_scale(scaled, {"fd-eye": 3.0, "m0": 0.75}, under=under)
    for board in leaderboard.load(scaled).boards:
        for table in sections(board):
            scores = any("↓" in each.title or "↑" in each.title for each in table.columns)
            ranked = table.columns[0] == RANK
            assert [row[ranked] for row in table.scale] == [REAL] * len(table.scale)
            assert table.scale or not scores
            assert all(len(row) == len(table.columns) for row in table.scale)


def spec(k: int) -> MetricSpec:
    return MetricSpec(name=f"m{k}", higher_is_better=True, features="eye")


def test_each_format_sets_other_real_images_off(scaled: Path) -> None:
    boards = leaderboard.load(scaled)
    markdown = render(boards, "markdown", scaled)
    assert f"|  | *{REAL}* | *3* | *1* | *1* |" in markdown
    page = render(boards, "html", scaled)
    assert Page(page).tables == rendered(markdown).tables
    assert page.count('<tr class="scale">') == 2  # of scores and of the best tick
    head, row = f" & {REAL} & 3 & 1 & 1 \\\\", r"\midrule"
    assert f"{row}\n    {head}\n    {row}\n    1 & good" in render(boards, "latex", scaled)
    coloured = Console(width=200, force_terminal=True, color_system="standard")
    assert f"\x1b[3m{REAL}" in render(boards, "terminal", scaled, coloured)


@pytest.mark.parametrize("width", [40, 80, 300])
def test_a_terminal_leaves_other_real_images_out_where_they_have_no_number(
    width: int, scaled: Path
) -> None:
    text = render(leaderboard.load(scaled), "terminal", scaled, Console(width=width))
    lines = text.splitlines()
    assert REAL in " ".join(text.split())
    assert not [line for line in lines if line.strip() == REAL]


def test_json_has_the_scale_and_csv_has_one_line_for_each_cell(scaled: Path) -> None:
    boards = leaderboard.load(scaled)
    (document,) = json.loads(to_json(boards))["protocols"]
    assert Scale.model_validate(document["scale"]) == boards.boards[0].scale
    assert pd.read_csv(io.StringIO(to_csv(boards)))["architecture"].tolist() == ["good", "bad"]


def test_results_without_a_scale_show_none(two: Path) -> None:
    for style in FORMATS:
        text = render(leaderboard.load(two), style, two)
        assert REAL not in text
        assert "×" not in text
    assert not [table for table in sections(only(two)) if table.scale]


# What it says


def test_the_ranking_metric_is_told_as_multiples_of_the_real_score(scaled: Path) -> None:
    table = sections(only(scaled))[0]
    assert column(table, "fd-eye ↓ (n = 500)") == ["3", "12.35", "99"]
    assert column(table, "× real") == ["1", "4.12", "33"]
    assert column(table, "diversity ↑") == ["1", "0.5", "0.9"]
    assert column(sections(only(scaled))[1], "best @ kimg (n = 256)")[0] == "9"


@pytest.mark.parametrize(
    ("metric", "real"),
    [(SHARE, 0.5), (KD, 0.0), (KD, -0.1), (KD, (3.0, 100))],
    ids=["higher is better", "real images at 0", "real images below 0", "fewer real images"],
)
def test_there_are_no_multiples_where_they_would_mean_nothing(
    metric: MetricSpec, real: float | tuple[float, int], tmp_path: Path
) -> None:
    under = protocol(metrics=(metric,))
    write_cell(tmp_path, "a", under=under, scores={metric.name: 0.3})
    lay_scale(tmp_path, {metric.name: real}, under=under)
    table = sections(only(tmp_path))[0]
    assert "× real" not in [each.title for each in table.columns]
    shown = "3 (n = 100)" if isinstance(real, tuple) else f"{real:g}"
    assert column(table, f"{metric.name} {metric.arrow} (n = 500)") == [shown, "0.3"]


def test_a_second_net_has_multiples_of_its_own(tmp_path: Path) -> None:
    under = protocol(metrics=(FD, FD_EAR, DIVERSITY))
    write_cell(tmp_path, "a", under=under, scores={"fd-eye": 6.0, "fd-ear": 40.0})
    lay_scale(tmp_path, {"fd-eye": 3.0, "fd-ear": 4.0}, under=under)
    table = sections(only(tmp_path))[0]
    assert column(table, "× real") == ["1", "2"]
    assert column(table, "× real (fd-ear)") == ["1", "10"]


def test_at_equal_time_the_scale_is_that_of_a_tick(scaled: Path) -> None:
    table = sections(only(scaled, by_time=True))[0]
    assert column(table, "fd-eye ↓ (n = 256)") == ["9", "40", "40"]
    assert column(table, "× real") == ["1", "4.44", "4.44"]


def test_why_there_are_no_other_real_images_and_what_networks_say_is_said_once(two: Path) -> None:
    warned = "this judge names a class for what shows nothing"
    few = "900 images are all there are"
    write_scale(two / PLAIN.slug, Scale(real=None, why_no_real=few, warnings=(warned,)))
    texts = [note.text for note in notes(only(two))]
    assert texts.count(f"no scores of {REAL}: 900 images are all there are") == 1
    assert texts.count(warned) == 1
    assert not [table for table in sections(only(two)) if table.scale]


# The metric of the ticks may be another one than the ranking metric


@pytest.fixture
def ticked(tmp_path: Path) -> Path:
    """Ranked by fd-eye, with ticks by kd-eye."""
    plain = protocol(metrics=(FD, KD))
    evaluation = plain.evaluation.model_copy(update={"tick_metric": KD})
    under = plain.model_copy(update={"evaluation": evaluation})
    best = {"metric": "kd-eye", "value": 0.5, "kimg": 40.0, "final": 0.75}
    folder = write_cell(tmp_path, "a", under=under, scores={"fd-eye": 30.0}, best=best)
    for kimg, score in ((40.0, 0.5), (100.0, 0.75)):
        append_line(folder / TICKS, {"kimg": kimg, "scores": {"kd-eye": score}})
    append_line(folder / SPEED, {"kimg": 100.0, "seconds": 90.0})
    lay_scale(tmp_path, {"fd-eye": 3.0}, tick={"kd-eye": 0.1}, under=under)
    return tmp_path


def test_the_best_tick_and_the_table_at_equal_time_are_by_the_metric_of_the_ticks(
    ticked: Path,
) -> None:
    at_time, _, table, *_ = sections(only(ticked, by_time=True))
    assert column(at_time, "kd-eye ↓ (n = 256)") == ["0.1", "0.75"]
    assert column(table, "best @ kimg (kd-eye, n = 256)") == ["0.1", "0.5 @ 40"]
    assert column(table, "lost since") == ["", "0.25"]
    (document,) = json.loads(to_json(leaderboard.load(ticked)))["protocols"]
    assert [best["value"] for best in document["rows"][0]["best"]] == [0.5]
    assert quality(only(ticked)) is not None


# The curve


def test_the_curve_has_a_line_at_the_tick_score_of_other_real_images(scaled: Path) -> None:
    with_line = pixels(only(scaled))
    lay_scale(scaled, SCORES)
    without = pixels(only(scaled))
    grey = (68, 68, 68)
    assert (with_line == grey).all(axis=2).sum() > (without == grey).all(axis=2).sum()


def pixels(board: Board) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(quality(board) or b"")).convert("RGB"))


def test_a_curve_older_than_the_scale_is_drawn_again(scaled: Path) -> None:
    board = only(scaled)
    path = figure_path(board.folder, "quality")
    path.parent.mkdir()
    path.write_bytes(quality(board) or b"")
    assert "quality" not in stale(board)
    scale = lay_scale(scaled, SCORES, tick={"fd-eye": 8.0})
    os.utime(path, (1000, 1000))
    for cell in board.cells["folder"]:
        os.utime(cell / "record.json", (900, 900))
    assert "quality" in stale(board)
    os.utime(scale, (950, 950))
    assert "quality" not in stale(board)
