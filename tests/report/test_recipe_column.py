"""Rows that were trained by recipes of their own say so in every format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gan_bench.report import leaderboard
from gan_bench.report.formats import render
from gan_bench.report.notes import notes
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import SPEED, TICKS
from records import protocol, write_cell

SHARED = protocol()
OWN = SHARED.model_copy(update={"schedule": SHARED.schedule.model_copy(update={"recipes": "own"})})
RECIPE = {"d_steps": 5, "betas": [0.0, 0.9]}
TEXT = "betas 0 0.9, d_steps 5"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    for seed in (0, 1):
        write_cell(tmp_path, "a", "critic", seed, OWN, scores={"fd-eye": 1.0}, recipe=RECIPE)
        write_cell(tmp_path, "a", "plain", seed, OWN, scores={"fd-eye": 2.0})
    return tmp_path


@pytest.mark.parametrize("style", ["terminal", "markdown", "html", "csv", "latex"])
def test_a_recipe_is_shown(style: str, own: Path) -> None:
    text = render(leaderboard.load(own), style, own)
    assert TEXT in text.replace("\\_", "_")


def test_a_program_reads_the_recipe_of_each_seed(own: Path) -> None:
    (document,) = json.loads(render(leaderboard.load(own), "json", own))["protocols"]
    assert [row["recipes"] for row in document["rows"]] == [[RECIPE] * 2, [{}] * 2]


def test_a_note_says_what_such_a_table_compares(own: Path) -> None:
    (board,) = leaderboard.load(own).boards
    assert any("each row was trained by its own recipe" in note.text for note in notes(board))


def test_without_recipes_nothing_is_said_of_them(tmp_path: Path) -> None:
    write_cell(tmp_path, "a", scores={"fd-eye": 1.0})
    boards = leaderboard.load(tmp_path)
    text = render(boards, "markdown", tmp_path).replace(str(tmp_path), "")
    assert "recipe" not in text


def test_a_cell_is_complete_when_its_own_schedule_is(own: Path) -> None:
    schedule = SHARED.schedule.model_copy(update={"d_steps": 9})
    kimg = schedule.shown(schedule.updates) / 1000
    assert kimg < 100
    for seed in (0, 1):
        folder = write_cell(
            own, "a", "critic", seed, OWN, scores={"fd-eye": 1.0}, recipe={"d_steps": 9}
        )
        append_line(folder / SPEED, {"kimg": kimg, "seconds": 90, "images_per_second": 1})
        append_line(folder / TICKS, {"step": 1, "kimg": kimg, "scores": {"fd-eye": 1.0}})
    (board,) = leaderboard.load(own, by_time=True).boards
    assert board.equal_time is not None
