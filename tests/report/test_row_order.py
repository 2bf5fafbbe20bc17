"""The order of rows: by a metric in its own direction, and by the median over seeds."""

from __future__ import annotations

from pathlib import Path

import pytest
from laid_rows import lay_seeds, names

from gan_bench import UsageError
from gan_bench.report import leaderboard
from gan_bench.report.facts import claims
from gan_bench.report.first_table import ranks
from gan_bench.report.markdown import to_markdown
from gan_bench.report.score_columns import plus_minus
from records import DIVERSITY, FD, PLAIN, protocol, write_cell


@pytest.mark.parametrize(
    ("sort", "first"), [("fd-eye", "good"), ("diversity", "bad"), (None, "good")]
)
def test_a_table_is_sorted_by_the_metric_asked_for_in_its_own_direction(
    sort: str | None, first: str, two: Path
) -> None:
    (board,) = leaderboard.load(two, sort=sort).boards
    assert board.rows[0].architecture == first


def test_the_first_metric_may_be_one_where_more_is_better(tmp_path: Path) -> None:
    under = protocol(metrics=(DIVERSITY, FD))
    write_cell(tmp_path, "a", under=under, scores={"fd-eye": 1.0, "diversity": 0.1})
    write_cell(tmp_path, "b", under=under, scores={"fd-eye": 2.0, "diversity": 0.2})
    assert names(tmp_path) == ["b", "a"]


def test_a_metric_to_sort_by_that_the_table_has_not_is_a_usage_error(two: Path) -> None:
    with pytest.raises(UsageError, match=r"fd-eye, diversity\. Did you mean fd-eye\?"):
        leaderboard.load(two, sort="fd-eyes")


def test_a_table_without_the_metric_keeps_its_order_and_says_so(tmp_path: Path) -> None:
    for metric, under in ((FD, PLAIN), (DIVERSITY, protocol(metrics=(DIVERSITY,)))):
        for name, score in (("a", 1.0), ("b", 2.0)):
            write_cell(tmp_path, name, under=under, scores={metric.name: score})
    boards = leaderboard.load(tmp_path, sort="fd-eye")
    assert sorted(each.unsorted or "" for each in boards.boards) == ["", "fd-eye"]
    said = "fd-eye was not measured here: the rows are ordered by diversity"
    assert to_markdown(boards, tmp_path).count(said) == 1
    with pytest.raises(UsageError, match=r"the metrics of .* are .*fd-eye.*diversity"):
        leaderboard.load(tmp_path, sort="nothing")


@pytest.mark.parametrize(
    ("mean", "half", "text"),
    [
        (2.5e-9, 1.5e-9, "2.5e-09 ± 1.5e-09"),
        (-0.04, 1.7, "0.0 ± 1.7"),
        (12.345, 0.678, "12.35 ± 0.68"),
        (5.0, 0.0, "5 ± 0"),
    ],
)
def test_a_mean_has_as_many_decimals_as_its_interval_gives_meaning(
    mean: float, half: float, text: str
) -> None:
    assert plus_minus(mean, half) == text


def test_seeds_of_a_row_rank_by_their_median(tmp_path: Path) -> None:
    lay_seeds(tmp_path, "unsteady", [1.0, 20.0, 7.0])
    lay_seeds(tmp_path, "steady", [5.0, 6.0, 19.0])
    assert names(tmp_path) == ["steady", "unsteady"]


@pytest.mark.parametrize("more", [[], [8.0]])
def test_a_table_says_so_where_its_means_are_out_of_order(
    more: list[float], tmp_path: Path
) -> None:
    lay_seeds(tmp_path, "unsteady", [5.0, 6.0, 90.0, *more])
    lay_seeds(tmp_path, "steady", [9.0, 10.0, 11.0, *more])
    (board,) = leaderboard.load(tmp_path).boards
    assert names(tmp_path) == ["unsteady", "steady"]
    middle = {"unsteady": "6", "steady": "10"} if not more else {"unsteady": "7", "steady": "9.5"}
    medians = ", ".join(f"{name} / hinge: {score}" for name, score in middle.items())
    assert f"rows are in the order of the median seed ({medians})" in claims(board)
    lay_seeds(tmp_path, "unsteady", [5.0, 6.0, 7.0, *more])
    assert "median" not in claims(leaderboard.load(tmp_path).boards[0])


def test_equal_rows_share_a_number_and_the_next_one_counts_them(tmp_path: Path) -> None:
    for name, value in (("a", 1.0), ("b", 1.0), ("c", 2.0)):
        write_cell(tmp_path, name, scores={"fd-eye": value})
    (board,) = leaderboard.load(tmp_path).boards
    assert ranks(board) == ["1", "1", "3"]
