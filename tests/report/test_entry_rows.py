"""Entries stand in the table of their protocol, are marked, and no claim is about them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from scales import lay_scale

from gan_bench.contract.protocol import Evaluation
from gan_bench.report.answer import answer
from gan_bench.report.findings import winners
from gan_bench.report.first_table import ranks
from gan_bench.report.formats import FORMATS, render
from gan_bench.report.leaderboard import Board, load
from gan_bench.report.notes import notes
from gan_bench.report.page.overview import best_card
from gan_bench.results.atomic import make_folder
from gan_bench.results.entries import EntryRecord, write_entry
from gan_bench.results.layout import entry_dir, protocol_dir
from gan_bench.results.records import Score
from records import PLAIN, write_cell

SIX = (100.0, 101.0, 102.0, 103.0, 104.0, 105.0)


def write(results: Path, name: str, fd: float, images: int = 500, **more: object) -> Path:
    folder = entry_dir(protocol_dir(results, PLAIN), name)
    make_folder(folder)
    of = {"features": "eye", "n": images, "reference": "train", "reference_n": 500}
    given: dict[str, object] = {
        "name": name,
        "kind": "images",
        "origin": "there/",
        "fingerprint": "ab",
        "images": images,
        "evaluation": PLAIN.evaluation,
        "scores": {"fd-eye": Score(value=fd, higher_is_better=False, **of)},  # type: ignore[arg-type]
        "device": "cpu",
        "ended": "2026-01-01T00:00:00+00:00",
    }
    write_entry(folder, EntryRecord.model_validate(given | more))
    return folder


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for seed, value in enumerate(SIX):
        write_cell(tmp_path, "dcgan", seed=seed, scores={"fd-eye": value})
        write_cell(tmp_path, "dense", seed=seed, scores={"fd-eye": 3 * value})
    return tmp_path


def board(results: Path) -> Board:
    (only,) = load(results).boards
    return only


def test_an_entry_stands_in_the_order_of_the_rows_without_a_letter(results: Path) -> None:
    write(results, "mine", 200)
    read = board(results)
    assert [row.name for row in read.rows] == [
        "dcgan / hinge",
        "mine / not trained here",
        "dense / hinge",
    ]
    assert read.ties == ["a", "", "b"]


def test_letters_and_claims_are_those_without_the_entry(results: Path) -> None:
    before = board(results)
    facts = render(load(results), "markdown", results)
    write(results, "mine", 1)  # better than all
    after = board(results)
    assert [row.name for row in after.trained] == [row.name for row in before.rows]
    assert [tie for tie in after.ties if tie] == before.ties
    assert winners(after) == winners(before)
    claims = [line for line in facts.splitlines() if line.startswith(("- ±", "- seeds"))]
    assert claims
    for line in claims:
        assert line in render(load(results), "markdown", results)


@pytest.mark.parametrize("noise", [10, 1000])
def test_a_good_entry_makes_no_leader_of_rows_that_are_no_better_than_noise(
    noise: float, results: Path
) -> None:
    """The answer is about what was trained here; the order of the table is about all rows."""
    lay_scale(results, real={"fd-eye": 1}, noise={"fd-eye": noise})
    before = answer(board(results))
    floored = "no row is better than noise"
    assert (floored in before) == (noise < min(SIX))
    before = before.replace(floored, "no row that was trained here is better than noise")
    write(results, "mine", 5)
    read = board(results)
    assert answer(read).startswith(before.removesuffix("."))
    assert ranks(read) == ["1", "2", "3"]


@pytest.mark.parametrize(("fd", "first"), [(3, True), (15, False)])
def test_an_entry_is_ahead_where_it_is_first_in_the_table(
    fd: float, first: bool, tmp_path: Path
) -> None:
    for seed, value in enumerate((1.0, 5.0, 200.0)):  # the median is 5, and the mean 69
        write_cell(tmp_path, "dcgan", seed=seed, scores={"fd-eye": value})
    write(tmp_path, "mine", fd)
    read = board(tmp_path)
    assert ranks(read) == ["1", "2"]
    assert (read.rows[0].name == "mine / not trained here") == first
    assert ("the entry mine" in answer(read)) == first
    facts = render(load(tmp_path), "markdown", tmp_path)
    assert ("rows are in the order of the median seed" in facts) != first


@pytest.mark.parametrize(("fd", "praised"), [(50, False), (20, True)])
def test_an_entry_is_praised_only_if_it_is_better_than_noise(
    fd: float, praised: bool, results: Path
) -> None:
    lay_scale(results, real={"fd-eye": 1}, noise={"fd-eye": 40})
    write(results, "mine", fd)
    assert ("the entry mine" in answer(board(results))) == praised


@pytest.mark.parametrize(("fd", "doubted"), [(20, True), (40, False)])
def test_an_entry_better_than_other_real_images_is_doubted(
    fd: float, doubted: bool, results: Path
) -> None:
    lay_scale(results, real={"fd-eye": 30})
    write(results, "mine", fd)
    said = "mine / not trained here: better than other real images (30) by fd-eye"
    assert any(note.text.startswith(said) for note in notes(board(results))) == doubted


@pytest.mark.parametrize("style", FORMATS)
def test_every_format_shows_it(results: Path, style: str) -> None:
    write(results, "mine", 200, images=400, notes=("400 images, where the others have 500",))
    text = render(load(results), style, results)
    assert "mine" in text
    assert "not trained here" in text
    assert "seedNone" not in text


@pytest.mark.parametrize("by_time", [True, False])
def test_fewer_images_are_marked(results: Path, by_time: bool) -> None:
    write(results, "few", 200, images=400)
    write(results, "all", 210)
    text = render(load(results, by_time=by_time), "markdown", results)
    (few,) = [line for line in text.splitlines() if "| few |" in line]
    (same,) = [line for line in text.splitlines() if "| all |" in line]
    assert "200 (n = 400)" in few
    assert "n =" not in same


def test_the_export_of_a_row_is_not_said_to_be_better_than_it(tmp_path: Path) -> None:
    write_cell(tmp_path, "dcgan", scores={"fd-eye": 1258.5613})
    write(tmp_path, "mine", 1258.5522)
    assert "the entry mine" not in answer(board(tmp_path))
    write(tmp_path, "better", 1257.4)
    assert "the entry better" in answer(board(tmp_path))


def test_the_card_of_a_protocol_is_that_of_its_best_trained_row(results: Path) -> None:
    write(results, "mine", 5)
    card = best_card(board(results))
    assert card is not None
    assert (card.rank, card.name) == ("2", "dcgan / hinge")


def test_the_answer_counts_trained_rows_as_such(results: Path) -> None:
    write_cell(results, "dense", "minimax", scores={"fd-eye": 900.0})
    assert "leads the next of 3 rows, dense / hinge," in answer(board(results))
    write(results, "mine", 700)
    assert "leads the next of 3 trained rows, dense / hinge," in answer(board(results))


def test_programs_are_told(results: Path) -> None:
    write(results, "mine", 200)
    (protocol,) = json.loads(render(load(results), "json", results))["protocols"]
    told = {row["architecture"]: (row["trained_here"], row["seeds"]) for row in protocol["rows"]}
    assert told["mine"] == (False, [])
    assert told["dcgan"] == (True, [0, 1, 2, 3, 4, 5])
    lines = list(csv.DictReader(io.StringIO(render(load(results), "csv", results))))
    assert (lines[-1]["architecture"], lines[-1]["loss"]) == ("mine", "not trained here")
    assert float(lines[-1]["fd-eye"]) == 200
    assert lines[-1]["seed"] == ""


def test_one_of_another_evaluation_is_left_out_and_named(results: Path) -> None:
    other: Evaluation = PLAIN.evaluation.model_copy(update={"samples": 900})
    write(results, "mine", 1, evaluation=other)
    read = board(results)
    assert len(read.rows) == 2
    text = render(load(results), "markdown", results)
    assert "mine / not trained here: scored by another evaluation: left out" in text


def test_a_damaged_one_is_named_and_the_others_stand(results: Path) -> None:
    write(results, "good", 200)
    (write(results, "bad", 200) / "entry.json").write_text('{"name": "bad"}')
    text = render(load(results), "markdown", results)
    assert "| good |" in text
    assert "entry.json" in text


def test_entries_alone_are_a_table(tmp_path: Path) -> None:
    """The cells may have failed, or are yet to be trained."""
    write_cell(tmp_path, "dcgan", status=None)
    write(tmp_path, "mine", 200)
    for style in FORMATS:
        assert "mine" in render(load(tmp_path), style, tmp_path)
