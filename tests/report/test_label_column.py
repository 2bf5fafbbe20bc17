"""Rows whose pair was given the classes of the images are marked."""

from __future__ import annotations

import json
from pathlib import Path

from gan_bench.report import leaderboard
from gan_bench.report.formats import render
from records import write_cell


def test_a_row_that_was_given_labels_says_so(tmp_path: Path) -> None:
    write_cell(tmp_path, "sighted", scores={"fd-eye": 1.0}, conditional=True)
    write_cell(tmp_path, "blind", scores={"fd-eye": 2.0})
    write_cell(tmp_path, "unbuilt", status="failed", scores={})
    boards = leaderboard.load(tmp_path)
    lines = render(boards, "markdown", tmp_path).splitlines()
    top = next(k for k, line in enumerate(lines) if "| labels |" in line)
    cells = [[cell.strip() for cell in line.split("|")] for line in lines[top : top + 5]]
    place = cells[0].index("labels")
    assert [row[place] for row in cells[2:]] == ["given", "", ""]
    csv = render(boards, "csv", tmp_path).splitlines()
    place = csv[0].split(",").index("conditional")
    assert {line.split(",")[place] for line in csv[1:]} == {"yes", "no", ""}
    (document,) = json.loads(render(boards, "json", tmp_path))["protocols"]
    assert [row["conditional"] for row in document["rows"]] == [True, False, None]


def test_without_such_a_row_there_is_no_column(tmp_path: Path) -> None:
    write_cell(tmp_path, "blind", scores={"fd-eye": 2.0})
    assert "labels" not in render(leaderboard.load(tmp_path), "markdown", tmp_path)
