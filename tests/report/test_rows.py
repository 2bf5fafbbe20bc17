"""Rows of a leaderboard: their numbers, their seeds, and rows without a number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from laid_rows import BAD, GOOD, board_of, lay_seeds, names, sections, shown

from gan_bench.report import leaderboard
from gan_bench.report.documents import to_json
from gan_bench.report.facts import claims, protocol_lines
from gan_bench.report.seed_tables import best_ticks
from gan_bench.results.layout import RECORD
from gan_bench.results.records import read_record, write_record
from records import write_cell

# Numbers


def test_a_title_says_where_better_lies_and_a_number_has_four_digits(two: Path) -> None:
    assert shown(two, "fd-eye ↓ (n = 500)", "diversity ↑")[0] == ["12.35", "0.5"]


def test_the_place_of_a_row_comes_first_and_equal_rows_share_one(two: Path) -> None:
    write_cell(two, "twin", scores={"fd-eye": 99.0, "diversity": 0.9})
    write_cell(two, "none", status="failed", cost=None)
    places = [["1", "good"], ["2", "bad"], ["2", "twin"], ["–", "none"]]
    assert shown(two, "#", "architecture") == places


def test_what_is_the_same_for_every_row_is_said_in_a_line(two: Path) -> None:
    table, *_ = sections(board_of(two))
    assert table.shared == "every row has loss = hinge; minutes = 1.5; cells = 1 finished"
    assert table.names == 2
    write_cell(two, "a", loss="r1", cost=None)
    table, *_ = sections(board_of(two))
    assert [column.title for column in table.columns[: table.names]] == [
        "#",
        "architecture",
        "loss",
    ]
    assert table.shared == "every row has cells = 1 finished"


def test_every_row_shows_what_it_cost(two: Path) -> None:
    write_cell(two, "a", loss="r1", cost=None)  # or the costs would be the same for every row
    table = sections(board_of(two))[-1]
    heads = [column.title for column in table.columns]
    assert dict(zip(heads[2:], table.rows[0][2:], strict=True)) == {
        "images/s": "1,111",
        "s/kimg": "0.9",
        "training": "1 min 30 s",
        "measuring": "5 s",
        "memory": "839 MB",
        "G + D parameters": "1.2 + 0.3 M",
        "G + D MACs": "2.5 + 1 M",
    }


def test_the_table_ranks_by_the_final_score_and_shows_the_best_tick_and_the_drop(
    tmp_path: Path,
) -> None:
    best = {"metric": "fd-eye", "value": 20.0, "kimg": 40.0, "final": 32.0}
    write_cell(tmp_path, "falling", scores={"fd-eye": 30.0}, best=best)
    best |= {"value": 27.0, "final": 27.0}
    write_cell(tmp_path, "steady", scores={"fd-eye": 25.0}, best=best)
    assert shown(tmp_path, "architecture", "best @ kimg (n = 256)", "lost since") == [
        ["steady", "27 @ 40", "0"],
        ["falling", "20 @ 40", "12"],
    ]


# Seeds


def test_from_four_seeds_on_a_row_has_an_interval_and_a_letter(tmp_path: Path) -> None:
    lay_seeds(tmp_path, "good", GOOD)
    lay_seeds(tmp_path, "bad", BAD)
    lay_seeds(tmp_path, "twin", [value + 0.01 for value in BAD])
    rows = shown(tmp_path, "fd-eye ↓ (n = 500)", "tie")
    assert [tie for _, tie in rows] == ["a", "b", "b"]
    assert rows[0][0] == "10.87 ± 0.82"  # t(5) = 2.571, s = 0.779


def test_under_four_seeds_a_row_has_its_range_and_every_value_and_no_claim(tmp_path: Path) -> None:
    lay_seeds(tmp_path, "a", [30.0, 10.0, 20.0])
    assert shown(tmp_path, "tie") == []
    assert shown(tmp_path, "fd-eye ↓ (n = 500)", "cells") == [["10 to 30", "3 finished"]]
    assert shown(tmp_path, "by seed", "sd of seeds") == [["30, 10, 20", "10"]]
    board = board_of(tmp_path)
    assert dict(protocol_lines(board))["seeds"] == "0, 1, 2"
    assert claims(board).startswith("no interval and no letters with fewer than 4 seeds")


@pytest.mark.parametrize(
    ("rows", "letters", "claim"),
    [
        ({"a": (6, 0)}, [""], "no letters: there is no other row to compare with"),
        (
            {"a": (6, 0), "b": (3, 0)},
            ["", ""],
            "no letters: all rows but one have fewer than 4 seeds that have ended",
        ),
        (
            {"a": (6, 0), "b": (3, 3), "c": (2, 1)},
            ["a", "a", ""],
            "1 row has no letter, because of fewer than 4 seeds that have ended",
        ),
        ({"a": (0, 4), "b": (0, 4)}, ["", ""], "no letters: no seed has a score of fd-eye"),
    ],
)
def test_a_row_without_a_letter_has_a_reason(
    rows: dict[str, tuple[int, int]], letters: list[str], claim: str, tmp_path: Path
) -> None:
    for name, (scored, lost) in rows.items():
        lay_seeds(tmp_path, name, GOOD[:scored], lost)
    board = board_of(tmp_path)
    assert sorted(board.ties, reverse=True) == letters
    said = claims(board).split("; ")
    assert claim in said
    assert any("share a letter" in each for each in said) == any(letters)


def test_seeds_of_unequal_speed_took_as_long_as_it_is_said(two: Path) -> None:
    cost = {
        "images_per_second": 1000.0,
        "train_seconds": 8.0,
        "evaluate_seconds": 1.0,
        "peak_memory_mib": 1.0,
        "g_parameters": 1,
        "d_parameters": 1,
    }
    write_cell(two, "a", loss="r1", cost=cost)
    slow = {"images_per_second": 125.0, "train_seconds": 64.0}
    write_cell(two, "a", loss="r1", seed=1, cost=cost | slow)
    table = sections(board_of(two))[-1]
    heads = [column.title for column in table.columns]
    (row,) = (dict(zip(heads, row, strict=True)) for row in table.rows if "r1" in row)
    assert (row["training"], row["s/kimg"], row["images/s"]) == ("36 s", "4.5", "222")


def test_the_spread_of_training_and_that_of_sampling_are_separate(tmp_path: Path) -> None:
    lay_errors(tmp_path, error=1.0)
    row = json.loads(to_json(leaderboard.load(tmp_path)))["protocols"][0]["rows"][0]
    metric = row["metrics"]["fd-eye"]
    assert metric["sd_seeds"] == pytest.approx((20 / 3) ** 0.5)
    assert metric["sd_sampling"] == 1.0
    assert metric["sd_training"] == pytest.approx((20 / 3 - 1) ** 0.5)
    assert (metric["low"] + metric["high"]) / 2 == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("error", "row"),
    [
        (1.0, ["2.58", "1", "2.38"]),
        (3.0, ["2.58", "3", "none seen"]),  # no part of 2.58 is 3
        ((20 / 3) ** 0.5 * (1 - 1e-15), ["2.58", "2.58", "none seen"]),  # they differ by rounding
        (None, ["2.58", "–", "–"]),
    ],
)
def test_the_table_of_seeds_says_what_sampling_leaves_for_training(
    error: float | None, row: list[str], tmp_path: Path
) -> None:
    lay_errors(tmp_path, error)
    assert shown(tmp_path, "sd of seeds", "sampling alone", "left for training") == [row]


def lay_errors(results: Path, error: float | None) -> None:
    """A row of 1, 3, 5, 7, each with this sampling error."""
    for seed, value in enumerate([1.0, 3.0, 5.0, 7.0]):
        folder = write_cell(results, "a", seed=seed, scores={"fd-eye": value})
        record = read_record(folder)
        score = record.scores["fd-eye"].model_copy(update={"error": error})
        write_record(folder, record.model_copy(update={"scores": {"fd-eye": score}}))


# Rows without a number


@pytest.mark.parametrize("status", ["diverged", "failed"])
def test_a_cell_without_scores_is_a_row_at_the_end_without_a_number(status: str, two: Path) -> None:
    write_cell(two, "aaa", status=status, cost=None)
    assert names(two) == ["good", "bad", "aaa"]
    score, diversity, minutes, cells = shown(
        two, "fd-eye ↓ (n = 500)", "diversity ↑", "minutes", "cells"
    )[-1]
    assert [score, diversity, minutes, cells] == ["–", "–", "–", f"1 {status}"]
    assert sections(board_of(two))[-1].rows[-1] == ["aaa", *["–"] * 7]


def test_a_seed_that_diverged_does_not_enter_the_mean(tmp_path: Path) -> None:
    write_cell(tmp_path, "a", scores={"fd-eye": 10.0})
    write_cell(tmp_path, "a", seed=1, status="diverged", reason="loss_d not finite")
    row = shown(tmp_path, "fd-eye ↓ (n = 500)", "cells")
    assert row == [["10 (1 of 2 seeds)", "1 finished, 1 diverged"]]


def test_a_cell_that_is_not_done_is_counted(two: Path) -> None:
    write_cell(two, "good", seed=1, status=None)
    write_cell(two, "waiting", status=None)
    counts = [["1 finished, 1 unfinished"], ["1 finished"], ["1 unfinished"]]
    assert shown(two, "cells") == counts


@pytest.mark.parametrize("content", ['{"status": "finished"}', "[NaN]"])
def test_a_record_that_cannot_be_read_is_a_row_at_the_end_that_is_counted(
    content: str, two: Path
) -> None:
    (write_cell(two, "aaa") / RECORD).write_text(content)
    assert names(two) == ["good", "bad", "aaa"]
    row = json.loads(to_json(leaderboard.load(two)))["protocols"][0]["rows"][2]
    assert row["status"] == {"unreadable": 1}
    assert RECORD in row["remarks"][0]


def test_the_best_tick_of_a_row_is_not_that_of_seeds_that_diverged(tmp_path: Path) -> None:
    for seed, status in enumerate(("finished", "diverged", "finished")):
        best = {"metric": "fd-eye", "value": 30.0 + seed, "kimg": 50.0, "final": 40.0}
        write_cell(tmp_path, "a", seed=seed, status=status, scores={"fd-eye": 40.0}, best=best)
    (board,) = leaderboard.load(tmp_path).boards
    (row,) = board.rows
    assert [best["value"] for best in row.bests("fd-eye")] == [30, 32]
    shown = [column for column in best_ticks(board) if column.column.title == "best @ kimg"]
    assert shown[0].texts == ["31 @ 50 (2 of 3 seeds)"]
