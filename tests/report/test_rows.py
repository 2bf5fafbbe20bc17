"""Rows of a leaderboard: their order, their numbers, their seeds, and rows without a number."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from gan_bench import UsageError
from gan_bench.report import leaderboard
from gan_bench.report.documents import to_json
from gan_bench.report.facts import protocol_lines
from gan_bench.report.notes import Note, notes
from gan_bench.report.tables import sections
from gan_bench.results.layout import RECORD
from gan_bench.results.records import read_record, write_record
from records import DIVERSITY, FD, PLAIN, protocol, write_cell

GOOD = [10.0, 11.0, 12.0, 10.5, 11.5, 10.2]
BAD = [20.0, 21.0, 22.0, 20.5, 21.5, 20.2]


def seeds(results: Path, name: str, values: list[float], **more: Any) -> None:
    for seed, value in enumerate(values):
        write_cell(results, name, seed=seed, scores={"fd-eye": value}, **more)


def tables(results: Path) -> list[list[list[str]]]:
    (board,) = leaderboard.load(results).boards
    return [[[column.text for column in each.columns], *each.rows] for each in sections(board)]


def names(results: Path) -> list[str]:
    return [row[0] for row in tables(results)[0][1:]]


# Order


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


def test_seeds_of_a_row_rank_by_their_median(tmp_path: Path) -> None:
    seeds(tmp_path, "unsteady", [1.0, 20.0, 7.0])
    seeds(tmp_path, "steady", [5.0, 6.0, 19.0])
    assert names(tmp_path) == ["steady", "unsteady"]


# Seeds that ended without a score


def ended(results: Path, name: str, values: list[float], without: int, **more: Any) -> None:
    """A row of these values, and of seeds that ended without one."""
    seeds(results, name, values)
    for seed in range(len(values), len(values) + without):
        write_cell(results, name, seed=seed, **{"status": "diverged"} | more)


def ties(results: Path) -> dict[str, str]:
    (board,) = leaderboard.load(results).boards
    return {row.architecture: tie for row, tie in zip(board.rows, board.ties, strict=True)}


def test_the_survivors_of_a_row_do_not_beat_a_whole_one(tmp_path: Path) -> None:
    ended(tmp_path, "fragile", [97.0, 99.0, 101.0, 103.0], 2)
    seeds(tmp_path, "whole", [107.0, 109.0, 110.0, 111.0, 112.0, 113.0])
    assert ties(tmp_path) == {"fragile": "a", "whole": "a"}


@pytest.mark.parametrize(
    ("survivors", "order"),
    [(1, ["good", "fragile"]), (3, ["good", "fragile"]), (4, ["fragile", "good"])],
)
def test_a_row_of_which_half_has_no_score_stands_behind_one_that_has_all(
    survivors: int, order: list[str], tmp_path: Path
) -> None:
    ended(tmp_path, "fragile", [1.0] * survivors, 6 - survivors)  # 3 of 6: the median is infinite
    seeds(tmp_path, "good", GOOD)
    assert names(tmp_path) == order


def test_of_rows_without_a_finite_median_the_one_with_more_scores_is_first(tmp_path: Path) -> None:
    ended(tmp_path, "one", [1.0], 5)
    ended(tmp_path, "two", [9.0, 9.0], 4)
    ended(tmp_path, "better", [8.0, 9.0], 4)
    ended(tmp_path, "none", [], 6)
    write_cell(tmp_path, "waiting", status=None)
    assert names(tmp_path) == ["better", "two", "one", "none", "waiting"]


def test_a_row_whose_seeds_all_diverged_is_tied_worst(tmp_path: Path) -> None:
    seeds(tmp_path, "good", GOOD)
    ended(tmp_path, "first", [], 6)
    ended(tmp_path, "second", [], 6, status="failed")
    assert ties(tmp_path) == {"good": "a", "first": "b", "second": "b"}


@pytest.mark.parametrize(
    "more",
    [{"status": "failed"}, {"status": "finished"}, {"scores": {"diversity": 1}}],
    ids=["failed", "no score at all", "refused"],
)
def test_whatever_ended_without_a_score_is_missing(more: dict[str, Any], tmp_path: Path) -> None:
    ended(tmp_path, "a", [1.0, 2.0, 3.0], 2, **more)
    (write_cell(tmp_path, "a", seed=5, scores={"fd-eye": 1.0}) / RECORD).write_text("{")
    write_cell(tmp_path, "a", seed=6, status=None)  # not known yet
    (board,) = leaderboard.load(tmp_path).boards
    (row,) = board.rows
    assert (row.missing("fd-eye"), row.counted("fd-eye")) == (3, 6)
    assert row.costs(FD) == [1.0, 2.0, 3.0, math.inf, math.inf, math.inf]
    assert row.mean("fd-eye") == 2.0
    assert row.missing("no such metric") == 6


def test_a_cost_is_low_where_the_metric_is_high(tmp_path: Path) -> None:
    under = protocol(metrics=(DIVERSITY, FD))
    write_cell(tmp_path, "a", under=under, scores={"diversity": 0.2})
    (board,) = leaderboard.load(tmp_path).boards
    assert board.rows[0].costs(DIVERSITY) == [-0.2]


def test_what_is_not_finished_is_not_worst(tmp_path: Path) -> None:
    seeds(tmp_path, "begun", [1.0, 2.0])
    for seed in range(2, 6):
        write_cell(tmp_path, "begun", seed=seed, status=None)
    seeds(tmp_path, "whole", GOOD)
    assert names(tmp_path) == ["begun", "whole"]
    assert ties(tmp_path) == {"begun": "", "whole": "a"}


def test_seeds_without_a_score_count_towards_the_four_that_letters_need(tmp_path: Path) -> None:
    ended(tmp_path, "fragile", [1.0, 2.0], 2)
    seeds(tmp_path, "whole", GOOD)
    (board,) = leaderboard.load(tmp_path).boards
    assert ties(tmp_path) == {"whole": "a", "fragile": "a"}
    claims = dict(protocol_lines(PLAIN, board.cells))["±"]
    assert "a seed that ended without a score counts as the worst of all" in claims


def test_other_metrics_are_ordered_by_the_same_rule(tmp_path: Path) -> None:
    # by the means of the survivors, both metrics would rank c before b before a
    under = protocol(metrics=(FD, DIVERSITY))
    for name, lost in (("a", 0), ("b", 2), ("c", 3)):
        for seed in range(4):
            known = seed >= lost
            fd = {"fd-eye": 5.0 - lost}
            scores = fd | ({"diversity": 0.1 + lost / 10} if known else {})
            write_cell(tmp_path, name, seed=seed, under=under, scores=scores)
    (board,) = leaderboard.load(tmp_path).boards
    assert [row.architecture for row in board.rows] == ["c", "b", "a"]
    assert board.agreements == {"diversity": -1.0}
    by_diversity = leaderboard.load(tmp_path, sort="diversity").boards[0]
    assert [row.architecture for row in by_diversity.rows] == ["a", "b", "c"]


def test_a_net_names_no_winner_by_its_survivors(tmp_path: Path) -> None:
    ended(tmp_path, "fragile", [1.0], 5)
    seeds(tmp_path, "whole", GOOD)
    (board,) = leaderboard.load(tmp_path).boards
    assert board.winners == {"eye": "whole / hinge"}


# Numbers


def test_a_title_says_where_better_lies_and_a_number_has_four_digits(two: Path) -> None:
    table = tables(two)[0]
    assert table[0][2:4] == ["fd-eye ↓ (n = 500)", "diversity ↑"]
    assert table[1][2:4] == ["12.35", "0.5"]


def test_every_row_shows_what_it_cost(two: Path) -> None:
    table = tables(two)[-1]
    assert dict(zip(table[0][2:], table[1][2:], strict=True)) == {
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
    columns, *rows = tables(tmp_path)[0]
    assert columns[4:6] == ["best @ kimg (n = 256)", "lost since"]
    assert [[row[0], *row[4:6]] for row in rows] == [
        ["steady", "27 @ 40", "0"],
        ["falling", "20 @ 40", "12"],
    ]


# Seeds


def test_from_four_seeds_on_a_row_has_an_interval_and_a_letter(tmp_path: Path) -> None:
    seeds(tmp_path, "good", GOOD)
    seeds(tmp_path, "bad", BAD)
    seeds(tmp_path, "twin", [value + 0.01 for value in BAD])
    columns, *rows = tables(tmp_path)[0]
    assert columns[2:4] == ["fd-eye ↓ (n = 500)", "tie"]
    assert [row[3] for row in rows] == ["a", "b", "b"]
    assert rows[0][2] == "10.87 ± 0.82"  # t(5) = 2.571, s = 0.779


def test_under_four_seeds_a_row_has_its_range_and_every_value_and_no_claim(tmp_path: Path) -> None:
    seeds(tmp_path, "a", [30.0, 10.0, 20.0])
    table, every, _ = tables(tmp_path)
    assert "tie" not in table[0]
    assert (table[1][2], table[1][-1]) == ("10 to 30", "3 finished")
    assert every[1][:4] == ["a", "hinge", "30, 10, 20", "10"]
    (board,) = leaderboard.load(tmp_path).boards
    facts = dict(protocol_lines(PLAIN, board.cells))
    assert facts["seeds"] == "0, 1, 2"
    assert facts["±"].startswith("no interval with fewer than 4 seeds")


def test_a_row_of_few_seeds_beside_one_of_many_has_no_letter(tmp_path: Path) -> None:
    seeds(tmp_path, "good", GOOD)
    seeds(tmp_path, "few", BAD[:2])
    assert [row[3] for row in tables(tmp_path)[0][1:]] == ["a", "–"]


def test_the_spread_of_training_and_that_of_sampling_are_separate(tmp_path: Path) -> None:
    for seed, value in enumerate([1.0, 3.0, 5.0, 7.0]):
        folder = write_cell(tmp_path, "a", seed=seed, scores={"fd-eye": value})
        record = read_record(folder)
        score = record.scores["fd-eye"].model_copy(update={"error": 1.0})
        write_record(folder, record.model_copy(update={"scores": {"fd-eye": score}}))
    row = json.loads(to_json(leaderboard.load(tmp_path)))["protocols"][0]["rows"][0]
    metric = row["metrics"]["fd-eye"]
    assert metric["sd_seeds"] == pytest.approx((20 / 3) ** 0.5)
    assert metric["sd_sampling"] == 1.0
    assert metric["sd_training"] == pytest.approx((20 / 3 - 1) ** 0.5)
    assert (metric["low"] + metric["high"]) / 2 == pytest.approx(4.0)


# Rows without a number


@pytest.mark.parametrize("status", ["diverged", "failed"])
def test_a_cell_without_scores_is_a_row_at_the_end_without_a_number(status: str, two: Path) -> None:
    write_cell(two, "aaa", status=status, cost=None)
    assert names(two) == ["good", "bad", "aaa"]
    assert tables(two)[0][-1][2:] == [*["–"] * 4, f"1 {status}"]
    assert tables(two)[-1][-1][2:] == ["–"] * 7


def test_a_seed_that_diverged_does_not_enter_the_mean(tmp_path: Path) -> None:
    write_cell(tmp_path, "a", scores={"fd-eye": 10.0})
    write_cell(tmp_path, "a", seed=1, status="diverged", reason="loss_d not finite")
    row = tables(tmp_path)[0][1]
    assert (row[2], row[-1]) == ("10 (1 of 2 seeds)", "1 finished, 1 diverged")


@pytest.fixture
def survivors(tmp_path: Path) -> Path:
    """Four seeds with scores, one that diverged, one whose record is damaged, one unfinished."""
    for seed, value in enumerate([97.0, 99.0, 101.0, 103.0]):
        write_cell(tmp_path, "a", seed=seed, scores={"fd-eye": value, "diversity": 0.5})
    write_cell(tmp_path, "a", seed=4, status="diverged", reason="loss_d not finite")
    (write_cell(tmp_path, "a", seed=5) / RECORD).write_text("{")
    write_cell(tmp_path, "a", seed=6, status=None)
    return tmp_path


def test_a_mean_of_survivors_says_of_how_many_seeds_it_is(survivors: Path) -> None:
    row = tables(survivors)[0][1]
    assert row[2] == "100.0 ± 4.1 (4 of 6 seeds)"
    assert row[4] == "0.5 ± 0"  # the number is said once
    (board,) = leaderboard.load(survivors).boards
    fault = Note(
        "fault",
        "a / hinge: 2 of 6 seeds have no score and count as worst; the mean is that of the other 4",
    )
    assert fault in notes(board)
    document = json.loads(to_json(leaderboard.load(survivors)))["protocols"][0]
    assert document["rows"][0]["metrics"]["fd-eye"]["missing"] == 2


def test_a_metric_that_refused_some_seeds_says_of_how_many_its_mean_is(survivors: Path) -> None:
    write_cell(survivors, "a", seed=3, scores={"fd-eye": 103.0})
    row = tables(survivors)[0][1]
    assert row[2:5:2] == ["100.0 ± 4.1 (4 of 6 seeds)", "0.5 (3 of 6 seeds)"]


@pytest.mark.parametrize("status", ["finished", "failed", None])
def test_a_row_without_lost_seeds_or_without_scores_has_no_such_fault(
    status: str | None, tmp_path: Path
) -> None:
    scores = {"fd-eye": 1.0} if status == "finished" else {}
    write_cell(tmp_path, "a", status=status, scores=scores)
    (board,) = leaderboard.load(tmp_path).boards
    assert not [note for note in notes(board) if "worst" in note.text]


def test_a_cell_that_is_not_done_is_counted(two: Path) -> None:
    write_cell(two, "good", seed=1, status=None)
    write_cell(two, "waiting", status=None)
    counts = ["1 finished, 1 unfinished", "1 finished", "1 unfinished"]
    assert [row[-1] for row in tables(two)[0][1:]] == counts


@pytest.mark.parametrize("content", ['{"status": "finished"}', "[NaN]"])
def test_a_record_that_cannot_be_read_is_a_row_at_the_end_that_is_counted(
    content: str, two: Path
) -> None:
    (write_cell(two, "aaa") / RECORD).write_text(content)
    assert names(two) == ["good", "bad", "aaa"]
    row = json.loads(to_json(leaderboard.load(two)))["protocols"][0]["rows"][2]
    assert row["status"] == {"unreadable": 1}
    assert RECORD in row["remarks"][0]
