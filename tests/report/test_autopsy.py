"""The shares that remedies saved, and their intervals."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from scipy.stats import binomtest

from gan_bench.report.autopsy import (
    Autopsy,
    Patient,
    Tried,
    _signs,
    answer,
    document,
    summary,
)
from gan_bench.report.autopsy_sheet import autopsy_sheet
from gan_bench.results.records import Record, Status, Verdict, read_record
from records import GAUGED, write_cell, write_training

CONTROL = "another order"
VERDICT = Verdict(kind="collapsed", kimg=0.3, reason="stuck")


def record(saved: bool) -> Record:
    status: Status = "finished" if saved else "collapsed"
    return Record(architecture="a", loss="l", seed=0, status=status, ended="now")


def autopsy(outcomes: Mapping[str, Mapping[str, str]]) -> Autopsy:
    """Of each remedy and cell, a branch for each letter: s saved, l lost, - without a record."""

    def branches() -> Iterator[Tried]:
        for remedy, cells in outcomes.items():
            for cell, letters in cells.items():
                for index, letter in enumerate(letters, 1):
                    ended = None if letter == "-" else record(letter == "s")
                    yield Tried(remedy, Path("p/a/l", cell), index, Path("x"), ended)

    cells = dict.fromkeys(cell for each in outcomes.values() for cell in each)
    patients = [Patient(Path("p/a/l", cell), VERDICT, 0.2, True) for cell in cells]
    return Autopsy(patients, [*branches()], CONTROL, [])


@pytest.mark.parametrize("letters", ["s", "l", "sl", "ssll", "sssssssl", "lllllllll"])
def test_of_one_cell_each_branch_counts(letters: str) -> None:
    (share,) = autopsy({CONTROL: {"seed0": letters}}).shares()
    exact = binomtest(letters.count("s"), len(letters)).proportion_ci(0.95, method="exact")
    assert share.interval == pytest.approx((exact.low, exact.high))


@pytest.mark.parametrize("outcomes", ["slslllllll", "ssssssssss", "llll"])
def test_with_one_branch_a_cell_the_interval_is_the_usual_one(outcomes: str) -> None:
    cells = {f"seed{k}": letter for k, letter in enumerate(outcomes)}
    (share,) = autopsy({CONTROL: cells}).shares()
    exact = binomtest(outcomes.count("s"), len(outcomes)).proportion_ci(0.95, method="exact")
    assert share.interval == pytest.approx((exact.low, exact.high))


def test_more_branches_of_the_same_cells_do_not_feign_certainty() -> None:
    few, many = (
        autopsy({CONTROL: {"seed0": "s" * n, "seed1": "l" * n}}).shares()[0] for n in (1, 50)
    )
    assert many.share == few.share == 0.5
    assert many.interval == few.interval


def test_pairs_of_one_order_are_counted() -> None:
    _, share = autopsy(
        {CONTROL: {"seed0": "sll", "seed1": "ls"}, "slow": {"seed0": "ssl", "seed1": "sl"}}
    ).shares()
    assert (share.saved, share.tried, share.cells) == (3, 5, 2)
    assert (share.better, share.worse) == (2, 1)


def test_what_becomes_of_a_branch_that_has_not_ended_is_not_known() -> None:
    found = autopsy({CONTROL: {"seed0": "s-"}, "slow": {"seed0": "--"}})
    control, slow = found.shares()
    assert (control.saved, control.tried, control.share) == (1, 1, 1)
    assert (slow.saved, slow.tried, slow.share, slow.interval) == (0, 0, None, (0, 1))
    assert answer(found) == (
        "1 cell that went wrong. Without any change, in another order of the images, 1 of 1 branch "
        "ended without a verdict. No remedy is told apart from chance by so few. 3 branches have "
        "not ended."
    )
    shares, cells = summary(found).tables
    assert shares.rows[1][1:4] == ["0 of 0", "–", "–"]
    assert cells.rows[0][3:] == ["1 of 1", "–"]
    assert document(found)["shares"][1]["share"] is None


def test_remedies_of_one_share_and_other_counts_are_not_said_in_one_breath() -> None:
    control = {CONTROL: {"seed0": "llll", "seed1": "llll"}}
    unequal = control | {"slow": {"seed0": "ssss"}, "fast": {"seed0": "ssss", "seed1": "ssss"}}
    said = answer(autopsy(unequal))
    assert "0 of 8 branches ended without a verdict; with slow, in 1 cell, 4 of 4 did" in said
    assert "fast" not in said
    equal = control | {"slow": {"seed0": "ssss"}, "fast": {"seed1": "ssss"}}
    assert "; with slow or fast, in 1 cell, 4 of 4 did (40 to 100 %)." in answer(autopsy(equal))


def test_a_remedy_is_compared_with_the_control_in_its_own_cells() -> None:
    """The control never fails in the cell that the remedy was tried in."""
    lost = {f"seed{k}": "l" * 4 for k in range(1, 9)}
    found = autopsy({CONTROL: {"seed0": "s" * 9} | lost, "slow": {"seed0": "s" * 9}})
    control, slow = found.shares()
    assert slow.interval[0] > control.interval[1]
    assert not found.told_apart(slow)
    assert "No remedy is told apart" in answer(found)


def test_the_control_comes_first_and_then_the_remedy_that_saved_most() -> None:
    found = autopsy({CONTROL: {"s": "ll"}, "a": {"s": "sl"}, "b": {"s": "ss"}, "c": {"s": "sl"}})
    assert [share.remedy for share in found.shares()] == [CONTROL, "b", "a", "c"]


def test_the_answer_claims_no_more_than_the_intervals() -> None:
    few = {CONTROL: {"seed0": "llll"}, "slow": {"seed0": "ssss"}}
    assert "No remedy is told apart from chance" in answer(autopsy(few))
    many = {CONTROL: {"seed0": "l" * 12}, "slow": {"seed0": "s" * 12}}
    assert answer(autopsy(many)).endswith("with slow 12 of 12 did (74 to 100 %).")


def test_an_autopsy_of_nothing_but_the_control_says_so() -> None:
    assert answer(autopsy({CONTROL: {"seed0": "l"}})).endswith("No remedy suits.")


def test_the_tables_have_what_the_document_has() -> None:
    found = autopsy({CONTROL: {"seed0": "sl"}, "slow": {"seed0": "ss", "seed1": "ls"}})
    shares, cells = summary(found).tables
    assert [row[:3] for row in shares.rows] == [
        [f"nothing, {CONTROL}", "1 of 2", "50 %"],
        ["slow", "3 of 4", "75 %"],
    ]
    assert [row[3:] for row in cells.rows] == [["1 of 2", "2 of 2"], ["–", "1 of 2"]]
    saved = [each["saved"] for each in document(found)["shares"]]
    assert saved == [1, 3]


def test_the_sheet_shows_the_cell_at_its_verdict_and_each_branch_at_its_end(tmp_path: Path) -> None:
    cell = write_cell(tmp_path, "tiny", status="collapsed")
    write_training(cell, ticks=4, colour=10)
    branch = write_cell(tmp_path, "tiny", seed=1)
    write_training(branch, ticks=4, colour=200)
    tried = [Tried("slow", cell, 1, branch, record(True))]
    found = Autopsy([Patient(cell, VERDICT, 0.2, True)], tried, CONTROL, [])
    sheet = autopsy_sheet(found, found.patients[0], (16, 16))
    assert sheet is not None
    picture = Image.open(io.BytesIO(sheet)).convert("RGB")
    colours = {colour for _, colour in picture.getcolors(2**24)}
    assert {(10, 20, 0), (10, 30, 0), (10, 40, 0), (200, 40, 0)} <= colours
    assert not {(10, 10, 0), (200, 30, 0)} & colours


def test_a_cell_without_samples_has_no_sheet(tmp_path: Path) -> None:
    cell = write_cell(tmp_path, "tiny", status="collapsed")
    found = Autopsy([Patient(cell, VERDICT, 0.2, True)], [], CONTROL, [])
    assert autopsy_sheet(found, found.patients[0], (16, 16)) is None


@pytest.mark.parametrize(("diversity", "said"), [(0.0025, True), (0.4, False)])
def test_a_branch_that_is_saved_and_ends_as_a_collapsed_one_does_is_named(
    diversity: float, said: bool, tmp_path: Path
) -> None:
    cell = write_cell(tmp_path, "a", under=GAUGED, status="collapsed")
    write_cell(tmp_path, "a", seed=1, under=GAUGED, scores={"diversity": diversity})
    branch = Tried("slow", cell, 1, Path("x"), read_record(cell.with_name("seed1")))
    assert branch.saved
    branch = replace(branch, signs=tuple(_signs(branch)))
    found = Autopsy([Patient(cell, VERDICT, 0.2, True)], [branch], CONTROL, [])
    caveat = "A sign of mode collapse is seen in 1 of those without a verdict."
    assert (caveat in answer(found)) == said
    assert [*branch.signs] == [
        "a / hinge / seed0, slow: saved, but diversity is 0.0025 at the end: worse than 0.05 is a "
        "sign of mode collapse"
    ][: int(said)]
