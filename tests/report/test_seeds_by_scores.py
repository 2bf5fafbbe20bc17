"""Where scores chose how many seeds a row has, no letter and no lead forgets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gan_bench.report.answer import answer
from gan_bench.report.facts import claims
from gan_bench.report.findings import findings
from gan_bench.report.formats import render
from gan_bench.report.leaderboard import Board, load
from gan_bench.results.layout import PLANS, protocol_dir
from gan_bench.results.plans import SeedPlan, Sequential, plan_lines
from records import PLAIN, write_cell

ROWS = ("a", "hinge"), ("b", "hinge")


def board(
    results: Path, alpha: float = 0.05, per_look: int = 4, third: bool = False, seeds: int = 8
) -> Board:
    """Rows a and b, far apart, under a sequential test of these two."""
    for name, first in (("a", 10.0), ("b", 90.0), *([("c", 50.0)] if third else [])):
        for seed in range(seeds):
            write_cell(results, name, seed=seed, scores={"fd-eye": first + seed / 10})
    test = Sequential(alpha=alpha, per_look=per_look, most=seeds, rows=ROWS)
    plan = SeedPlan(seeds=per_look, when="now", records=0, sequential=test)
    (protocol_dir(results, PLAIN) / PLANS).write_bytes(plan_lines([plan]))
    (read,) = load(results).boards
    return read


def test_a_further_row_does_not_make_the_test_forgotten(tmp_path: Path) -> None:
    read = board(tmp_path, third=True)
    assert read.ties == ["", "", ""]
    assert not any(each.proven for each in findings(read).rulings)
    said = claims(read)
    assert "no letters: the scores of some rows decided how many seeds they got" in said
    assert "Holm" not in said
    assert answer(read) == "a, c and b are not tested against each other (fd-eye)."
    (document,) = json.loads(render(load(tmp_path), "json", tmp_path))["protocols"]
    assert document["winners"]["eye"]["tested"] is False


def test_tables_for_papers_and_programs_name_the_sequential_test(tmp_path: Path) -> None:
    read = board(tmp_path, alpha=0.1)
    assert read.decision
    table = " ".join(render(load(tmp_path), "latex", tmp_path).split())
    assert "a false difference appears in at most 10 \\% of tables)" in table
    assert "which may hold less often: scores decided the number of seeds" in table
    (document,) = json.loads(render(load(tmp_path), "json", tmp_path))["protocols"]
    test = document["sequential_test"]
    assert (test["alpha"], test["per_look"], test["most"]) == (0.1, 4, 8)
    assert test["seeds"] == [["a", "hinge", 4], ["b", "hinge", 4]]
    assert test["told_apart"] == [[["a", "hinge"], ["b", "hinge"]]]


def test_with_few_seeds_the_test_is_said_and_its_letters_are_not_denied(tmp_path: Path) -> None:
    read = board(tmp_path, alpha=0.5, per_look=2, seeds=2)
    assert read.decision
    assert all(read.ties)
    said = claims(read)
    assert "a sequential permutation test" in said
    assert "no interval with fewer than 4 seeds" in said
    assert "no letters" not in said


@pytest.mark.parametrize(("alpha", "said"), [(0.05, False), (0.5, True)])
def test_the_answer_says_at_which_error_rows_are_told_apart(
    alpha: float, said: bool, tmp_path: Path
) -> None:
    read = board(tmp_path, alpha=alpha)
    assert findings(read).rulings[0].proven
    assert ("(fd-eye, a test at 50 %)" in answer(read)) == said
    assert "interval" not in answer(read)  # none holds where scores chose the number of seeds


def test_the_seeds_of_the_test_are_not_called_those_of_the_row(tmp_path: Path) -> None:
    board(tmp_path)
    for seed in range(8, 11):
        write_cell(tmp_path, "a", seed=seed, scores={"fd-eye": 10.0})
    (read,) = load(tmp_path).boards
    assert len(read.rows[0].values("fd-eye")) == 11
    assert "seeds that the test has looked at: a / hinge 8 (" in claims(read)
