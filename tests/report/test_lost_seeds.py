"""Seeds that ended without a score count as worst, and a mean says that it is of the others."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from laid_rows import GOOD, board_of, lay_seeds, names, shown, ties

from gan_bench.report import leaderboard
from gan_bench.report.documents import to_json
from gan_bench.report.facts import claims
from gan_bench.report.findings import winners
from gan_bench.report.notes import Note, notes
from gan_bench.results.layout import RECORD
from records import DIVERSITY, FD, protocol, write_cell


def test_the_survivors_of_a_row_do_not_beat_a_whole_one(tmp_path: Path) -> None:
    lay_seeds(tmp_path, "fragile", [97.0, 99.0, 101.0, 103.0], 2)
    lay_seeds(tmp_path, "whole", [107.0, 109.0, 110.0, 111.0, 112.0, 113.0])
    assert ties(tmp_path) == {"fragile": "a", "whole": "a"}


@pytest.mark.parametrize(
    ("survivors", "order"),
    [(1, ["good", "fragile"]), (3, ["good", "fragile"]), (4, ["fragile", "good"])],
)
def test_a_row_of_which_half_has_no_score_stands_behind_one_that_has_all(
    survivors: int, order: list[str], tmp_path: Path
) -> None:
    lay_seeds(tmp_path, "fragile", [1.0] * survivors, 6 - survivors)
    lay_seeds(tmp_path, "good", GOOD)
    assert names(tmp_path) == order


def test_of_rows_without_a_finite_median_the_one_with_more_scores_is_first(tmp_path: Path) -> None:
    lay_seeds(tmp_path, "one", [1.0], 5)
    lay_seeds(tmp_path, "two", [9.0, 9.0], 4)
    lay_seeds(tmp_path, "better", [8.0, 9.0], 4)
    lay_seeds(tmp_path, "none", [], 6)
    write_cell(tmp_path, "waiting", status=None)
    assert names(tmp_path) == ["better", "two", "one", "none", "waiting"]


def test_a_row_whose_seeds_all_diverged_is_tied_worst(tmp_path: Path) -> None:
    lay_seeds(tmp_path, "good", GOOD)
    lay_seeds(tmp_path, "first", [], 6)
    lay_seeds(tmp_path, "second", [], 6, status="failed")
    assert ties(tmp_path) == {"good": "a", "first": "b", "second": "b"}


@pytest.mark.parametrize(
    "more",
    [{"status": "failed"}, {"status": "finished"}, {"scores": {"diversity": 1}}],
    ids=["failed", "no score at all", "refused"],
)
def test_whatever_ended_without_a_score_is_missing(more: dict[str, Any], tmp_path: Path) -> None:
    lay_seeds(tmp_path, "a", [1.0, 2.0, 3.0], 2, **more)
    (write_cell(tmp_path, "a", seed=5, scores={"fd-eye": 1.0}) / RECORD).write_text("{")
    write_cell(tmp_path, "a", seed=6, status=None)  # not known yet
    board = board_of(tmp_path)
    (row,) = board.rows
    assert (row.missing("fd-eye"), row.counted("fd-eye")) == (3, 6)
    assert row.costs(FD) == [1.0, 2.0, 3.0, math.inf, math.inf, math.inf]
    assert row.mean("fd-eye") == 2.0
    assert row.missing("no such metric") == 6


def test_a_cost_is_low_where_the_metric_is_high(tmp_path: Path) -> None:
    under = protocol(metrics=(DIVERSITY, FD))
    write_cell(tmp_path, "a", under=under, scores={"diversity": 0.2})
    board = board_of(tmp_path)
    assert board.rows[0].costs(DIVERSITY) == [-0.2]


def test_what_is_not_finished_is_not_worst(tmp_path: Path) -> None:
    lay_seeds(tmp_path, "begun", [1.0, 2.0])
    for seed in range(2, 6):
        write_cell(tmp_path, "begun", seed=seed, status=None)
    lay_seeds(tmp_path, "whole", GOOD)
    assert names(tmp_path) == ["begun", "whole"]
    assert ties(tmp_path) == {"begun": "", "whole": ""}


def test_seeds_without_a_score_count_towards_the_four_that_letters_need(tmp_path: Path) -> None:
    lay_seeds(tmp_path, "fragile", [1.0, 2.0], 2)
    lay_seeds(tmp_path, "whole", GOOD)
    board = board_of(tmp_path)
    assert ties(tmp_path) == {"whole": "a", "fragile": "a"}
    said = claims(board)
    assert "a seed that ended without a score counts as the worst of all" in said


def test_other_metrics_are_ordered_by_the_same_rule(tmp_path: Path) -> None:
    # by the means of the survivors, both metrics would rank c before b before a
    under = protocol(metrics=(FD, DIVERSITY))
    for name, lost in (("a", 0), ("b", 2), ("c", 3)):
        for seed in range(4):
            known = seed >= lost
            fd = {"fd-eye": 5.0 - lost}
            scores = fd | ({"diversity": 0.1 + lost / 10} if known else {})
            write_cell(tmp_path, name, seed=seed, under=under, scores=scores)
    board = board_of(tmp_path)
    assert [row.architecture for row in board.rows] == ["c", "b", "a"]
    assert board.agreements == {"diversity": -1.0}
    by_diversity = leaderboard.load(tmp_path, sort="diversity").boards[0]
    assert [row.architecture for row in by_diversity.rows] == ["a", "b", "c"]


def test_a_net_names_no_winner_by_its_survivors(tmp_path: Path) -> None:
    lay_seeds(tmp_path, "fragile", [1.0], 5)
    lay_seeds(tmp_path, "whole", GOOD)
    board = board_of(tmp_path)
    assert winners(board)["eye"].first == "whole"


# What a mean says of them


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
    ((score, diversity),) = shown(survivors, "fd-eye ↓ (n = 500)", "diversity ↑")
    assert score == "100.0 ± 4.1 (4 of 6 seeds)"
    assert diversity == "0.5 ± 0"  # the number is said once
    board = board_of(survivors)
    fault = Note(
        "fault",
        "a / hinge: 2 of 6 seeds have no score and count as worst; the mean is that of the other 4",
    )
    assert fault in notes(board)
    document = json.loads(to_json(leaderboard.load(survivors)))["protocols"][0]
    assert document["rows"][0]["metrics"]["fd-eye"]["missing"] == 2


def test_a_metric_that_refused_some_seeds_says_of_how_many_its_mean_is(survivors: Path) -> None:
    write_cell(survivors, "a", seed=3, scores={"fd-eye": 103.0})
    row = shown(survivors, "fd-eye ↓ (n = 500)", "diversity ↑")
    assert row == [["100.0 ± 4.1 (4 of 6 seeds)", "0.5 (3 of 6 seeds)"]]


@pytest.mark.parametrize("status", ["finished", "failed", None])
def test_a_row_without_lost_seeds_or_without_scores_has_no_such_fault(
    status: str | None, tmp_path: Path
) -> None:
    scores = {"fd-eye": 1.0} if status == "finished" else {}
    write_cell(tmp_path, "a", status=status, scores=scores)
    board = board_of(tmp_path)
    assert not [note for note in notes(board) if "worst" in note.text]
