"""A leaderboard at equal training time: all curves are read where the fastest had finished."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from laid_rows import column, sections

from gan_bench.report import leaderboard
from gan_bench.report.documents import to_csv, to_json
from gan_bench.report.equal_time import EqualTime
from gan_bench.report.markdown import to_markdown
from gan_bench.report.page.document import to_html
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import SPEED, TICKS, cells_in
from records import PLAIN, write_cell


def at_equal_time(results: Path) -> EqualTime:
    (board,) = leaderboard.load(results, by_time=True).boards
    return board.equal_time or pytest.fail("no cell has completed the schedule")


def write_race(
    results: Path,
    name: str,
    seconds_per_tick: float,
    scores: list[float],
    status: str = "finished",
    seed: int = 0,
) -> None:
    """A cell of four ticks, or of fewer if it ended early."""
    cost = {
        "train_seconds": 4 * seconds_per_tick,
        "images_per_second": 1.0,
        "evaluate_seconds": 1.0,
        "peak_memory_mib": 1.0,
        "g_parameters": 1,
        "d_parameters": 1,
    }
    folder = write_cell(
        results, name, seed=seed, status=status, scores={"fd-eye": scores[-1]}, cost=cost
    )
    for k, score in enumerate(scores, start=1):
        kimg = {"kimg": 25.0 * k}
        append_line(
            folder / SPEED, kimg | {"seconds": seconds_per_tick * k, "images_per_second": 1.0}
        )
        append_line(folder / TICKS, kimg | {"step": k, "scores": {"fd-eye": score}})


@pytest.fixture
def race(tmp_path: Path) -> Path:
    write_race(tmp_path, "fast", 10, [90, 80, 60, 50])
    write_race(tmp_path, "slow", 40, [70, 30, 10, 5])
    write_cell(tmp_path, "stuck", status=None)
    return tmp_path


def test_all_curves_are_read_where_the_fastest_had_finished(race: Path) -> None:
    reached = at_equal_time(race)
    assert reached.seconds == 40
    assert [(each.row.architecture, each.kimg, each.scores) for each in reached.moments] == [
        ("fast", [100.0], [50]),
        ("slow", [25.0], [70]),
        ("stuck", [], []),
    ]


def test_the_order_by_time_may_differ_from_that_by_work(race: Path) -> None:
    (board,) = leaderboard.load(race).boards
    assert [row.architecture for row in board.rows] == ["slow", "fast", "stuck"]
    boards = leaderboard.load(race, by_time=True)
    for table in sections(boards.boards[0]):
        assert column(table, "architecture") == ["fast", "slow", "stuck"]
    for text in (to_markdown(boards, race), to_html(boards)):
        assert "after 40 s of training each" in text
    (document,) = json.loads(to_json(boards))["protocols"]
    assert document["equal_time"]["seconds"] == 40
    assert [row["architecture"] for row in document["rows"]] == ["fast", "slow", "stuck"]


def test_a_row_says_how_many_seeds_had_a_score_by_then_and_how_far_they_were(
    tmp_path: Path,
) -> None:
    write_race(tmp_path, "fast", 10, [90, 80, 60, 50])
    write_race(tmp_path, "fast", 20, [90, 80, 70, 60], seed=1)
    write_race(tmp_path, "slow", 40, [70, 30, 10, 5])
    write_race(tmp_path, "slow", 50, [70, 30, 10, 5], seed=1)  # no tick within 40 s
    (board,) = leaderboard.load(tmp_path, by_time=True).boards
    then, *_ = sections(board)
    scores = next(each.text for each in then.columns if each.title == "fd-eye ↓")
    assert column(then, scores) == ["50 to 80", "70 (1 of 2 seeds)"]
    assert column(then, "kimg by then") == ["50 to 100", "25"]


def test_csv_has_what_each_cell_scored_by_then(race: Path) -> None:
    table = pd.read_csv(StringIO(to_csv(leaderboard.load(race, by_time=True))))
    assert table["equal_time_kimg"].tolist()[:2] == [100, 25]
    assert table["equal_time_fd-eye"].tolist()[:2] == [50, 70]
    assert table["equal_time_kimg"].isna().tolist() == [False, False, True]
    assert "equal_time" not in to_csv(leaderboard.load(race))


def test_it_is_said_that_rows_in_the_order_of_time_are_not_in_that_of_the_median(
    tmp_path: Path,
) -> None:
    for seed in range(2):
        write_race(tmp_path, "fast", 10, [90, 80, 60, 50], seed=seed)
        write_race(tmp_path, "slow", 40, [70, 30, 10, 5], seed=seed)
    text = to_markdown(leaderboard.load(tmp_path, by_time=True), tmp_path)
    assert "rows are in the order of their scores at equal time" in text
    assert "median seed" not in text


@pytest.mark.parametrize(
    ("status", "ticks", "seconds"),
    [
        ("diverged", 4, 40), ("failed", 4, 40),
        ("collapsed", 1, 40), ("degraded", 3, 40), ("finished", 3, 40),
        ("collapsed", 4, 4), ("degraded", 4, 4), ("finished", 4, 4),
    ],
)  # fmt: skip
def test_only_a_cell_that_completed_the_schedule_sets_the_time_whatever_the_verdict(
    status: str, ticks: int, seconds: float, race: Path
) -> None:
    write_race(race, "other", 1, [60.0] * ticks, status)
    assert at_equal_time(race).seconds == seconds


@pytest.mark.parametrize(
    ("ticks", "first"), [(3, "whole"), (4, "fragile")], ids=["before that time", "after it"]
)
def test_a_seed_that_had_diverged_by_then_counts_as_the_worst(
    ticks: int, first: str, tmp_path: Path
) -> None:
    for seed in range(2):
        write_race(tmp_path, "whole", 10, [90, 80, 60, 50], seed=seed)
    write_race(tmp_path, "fragile", 10, [20, 20, 20, 20])
    write_race(tmp_path, "fragile", 10, [20] * ticks, "diverged", seed=1)
    moments = at_equal_time(tmp_path).moments
    assert moments[0].row.architecture == first
    fragile = next(each for each in moments if each.row.architecture == "fragile")
    assert len(fragile.scores) == ticks - 2  # it has no score if it had diverged by then


def test_a_tick_without_a_score_is_passed_over(race: Path) -> None:
    for cell in cells_in(race / PLAIN.slug):
        append_line(cell / TICKS, {"kimg": 5.0, "scores": {"fd-eye": None}})
        append_line(cell / TICKS, {"kimg": 5.0, "scores": {}})
    assert [moment.scores for moment in at_equal_time(race).moments] == [[50], [70], []]


def test_files_that_cannot_be_read_leave_a_row_without_a_number(race: Path) -> None:
    (race / PLAIN.slug / "slow" / "hinge" / "seed0" / TICKS).write_text("{\n")
    assert [moment.scores for moment in at_equal_time(race).moments] == [[50], [], []]


def test_without_a_finished_cell_there_is_no_equal_time(tmp_path: Path) -> None:
    write_cell(tmp_path, "a", status=None)
    text = to_markdown(leaderboard.load(tmp_path, by_time=True), tmp_path)
    assert "| a" in text
    assert "- no cell has completed the schedule" in text
