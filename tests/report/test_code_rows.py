"""Cells that were trained by different code are not averaged, and the report says what differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from laid_rows import board_of, names

from gan_bench.report import leaderboard
from gan_bench.report.documents import to_csv, to_json
from gan_bench.report.notes import notes
from gan_bench.results.records import Code, training_code, write_code
from records import write_cell


def code(*kinds: str, version: str = "1.0", **files: str) -> dict[str, Any]:
    """The code of a plugin as a record has it; each file is named by its content."""
    of = {f"arches/{name}.py": content for name, content in files.items()}
    return {
        "offers": {kind: ["mine"] for kind in kinds},
        "distribution": "arches",
        "version": version,
        "sha256": repr(sorted(of.items())),
        "files": of,
        "trains": bool({"architecture", "loss", "augmentation"} & {*kinds}),
    }


def lay(results: Path, *codes: dict[str, Any] | None) -> None:
    """A cell of `dcgan` / `hinge` for each code; without one, as an older version wrote it."""
    for seed, each in enumerate(codes):
        given = {"code": [each]} if each else {}
        write_cell(results, "dcgan", seed=seed, scores={"fd-eye": 10.0 + seed}, **given)


def said(results: Path) -> str:
    return "\n".join(note.text for note in notes(board_of(results)))


WIDE, NARROW = (code("architecture", nets=width, plugin="p") for width in ("512", "4"))
NARROW |= {"version": "1.1"}


def test_the_seeds_of_each_code_are_a_row_and_a_note_says_which_file_changed(
    tmp_path: Path,
) -> None:
    lay(tmp_path, WIDE, NARROW, WIDE, NARROW)
    rows = {row.architecture for row in board_of(tmp_path).rows}
    assert rows == {"dcgan"}
    marks = {training_code([Code.model_validate(each)])[:4] for each in (WIDE, NARROW)}
    assert sorted(names(tmp_path)) == sorted(f"dcgan (code {mark})" for mark in marks)
    wide, narrow = sorted(board_of(tmp_path).rows, key=lambda row: row.cells["seed"].tolist())
    assert [row.values("fd-eye") for row in (wide, narrow)] == [[10, 12], [11, 13]]
    text = said(tmp_path)
    assert "dcgan / hinge is 2 rows, one for each code: code " in text
    assert "seeds 0, 2 of arches 1.0" in text
    assert "seeds 1, 3 of arches 1.1" in text
    assert "Different: arches/nets.py" in text
    assert "plugin.py" not in text


def test_one_code_is_one_row_without_a_mark_whatever_its_version(tmp_path: Path) -> None:
    lay(tmp_path, WIDE, WIDE | {"version": "2.0"})
    assert names(tmp_path) == ["dcgan"]
    assert "code" not in said(tmp_path)


def test_records_without_code_stay_one_row_with_each_other_alone(tmp_path: Path) -> None:
    lay(tmp_path, None, None)
    assert names(tmp_path) == ["dcgan"]
    assert board_of(tmp_path).rows[0].code == ""
    lay(tmp_path, None, None, WIDE)
    assert "dcgan (code unknown)" in names(tmp_path)
    assert len(names(tmp_path)) == 2
    assert "An older version recorded no code" in said(tmp_path)


def test_the_loss_has_the_mark_if_it_alone_differs(tmp_path: Path) -> None:
    for seed, content in enumerate(("a", "b")):
        both = [WIDE, code("loss", hinge=content)]
        write_cell(tmp_path, "dcgan", seed=seed, scores={"fd-eye": 1.0}, code=both)
    shown = [row.labels for row in board_of(tmp_path).rows]
    assert {architecture for architecture, _ in shown} == {"dcgan"}
    assert all(loss.startswith("hinge (code ") for _, loss in shown)


@pytest.mark.parametrize("status", ["failed", None])
def test_a_cell_that_has_neither_scores_nor_code_is_in_the_newest_row(
    status: str | None, tmp_path: Path
) -> None:
    lay(tmp_path, WIDE)
    write_cell(tmp_path, "dcgan", seed=1, code=[NARROW], ended="2027-01-01T00:00:00+00:00")
    write_cell(tmp_path, "dcgan", seed=2, status=status)
    assert sorted(row.cells["seed"].tolist() for row in board_of(tmp_path).rows) == [[0], [1, 2]]


def test_an_unfinished_cell_is_in_the_row_of_the_code_that_it_runs(tmp_path: Path) -> None:
    lay(tmp_path, WIDE, NARROW)
    folder = write_cell(tmp_path, "dcgan", seed=2, status=None)
    write_code(folder, (Code.model_validate(WIDE),))
    assert sorted(row.cells["seed"].tolist() for row in board_of(tmp_path).rows) == [[0, 2], [1]]


def test_other_code_of_a_metric_is_no_other_row_but_a_note(tmp_path: Path) -> None:
    for seed, content in enumerate(("a", "b")):
        both = [WIDE, code("metric", fd=content)]
        write_cell(tmp_path, "dcgan", seed=seed, scores={"fd-eye": 1.0}, code=both)
    assert names(tmp_path) == ["dcgan"]
    assert (
        "not all cells were run with the same code of the metric mine (different: arches/fd.py): "
        "where this changes a score, their scores cannot be compared"
    ) in said(tmp_path)


def test_csv_and_json_name_the_code_and_keep_the_names_as_they_are(tmp_path: Path) -> None:
    lay(tmp_path, WIDE, NARROW)
    boards = leaderboard.load(tmp_path)
    digests = {training_code([Code.model_validate(each)]) for each in (WIDE, NARROW)}
    (protocol,) = json.loads(to_json(boards))["protocols"]
    assert {(row["architecture"], row["code"]) for row in protocol["rows"]} == {
        ("dcgan", digest) for digest in digests
    }
    assert all(digest in to_csv(boards) for digest in digests)


def test_every_board_of_rows_with_marks_has_letters_and_pairs(tmp_path: Path) -> None:
    lay(tmp_path, *[WIDE] * 6, *[NARROW] * 6)
    assert len(board_of(tmp_path).ties) == 2
    assert len({row.name for row in board_of(tmp_path).rows}) == 2
