"""Every way in which cells are measured has a table of its own, and no table mixes two of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gan_bench import UsageError
from gan_bench.contract.protocol import Evaluation, MetricSpec, RunEnvironment
from gan_bench.report import leaderboard
from gan_bench.report.formats import render
from gan_bench.report.tables import chapters
from gan_bench.results.layout import SCORES, evaluation_dir, protocol_dir
from gan_bench.results.measurements import Measurement, ask_for, take_back, write_measurement
from gan_bench.results.records import Score
from gan_bench.results.scale import Scale, Scored, write_scale
from records import FD, PLAIN, write_cell, write_training

KD = MetricSpec(name="kd-eye", higher_is_better=False, features="eye")
OWN = PLAIN.evaluation
ADDED = OWN.model_copy(update={"metrics": (KD,), "samples": 300}).beside(OWN)
SLUG = f"{PLAIN.slug}/{ADDED.slug}"
HERE = RunEnvironment(device="cpu", named=True)


def measured(
    cell: Path,
    value: float | None,
    evaluation: Evaluation = ADDED,
    seconds: float | None = None,
) -> None:
    ask_for(cell, evaluation, HERE)
    score = {"higher_is_better": False, "features": "eye", "n": 300, "reference": "train"}
    scores = {} if value is None else {"kd-eye": Score(value=value, reference_n=300, **score)}
    unscored = {"kd-eye": "its weights are lost"} if value is None else {}
    found = Measurement(
        scores=scores,
        unscored=unscored,
        seconds=seconds,
        device="cpu",
        ended="2026-01-01T00:00:00+00:00",
    )
    write_measurement(cell, evaluation.slug, found)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two rows: `a` is ahead by the protocol's own metric, `b` by the one that was added."""
    for name, fd, kd in (("a", 1.0, 9.0), ("b", 2.0, 3.0)):
        cell = write_cell(tmp_path, name, scores={"fd-eye": fd, "diversity": 0.5})
        write_training(cell)
        measured(cell, kd)
    return tmp_path


def test_a_protocol_has_a_board_for_its_own_evaluation_and_for_each_that_was_added(
    results: Path,
) -> None:
    boards = leaderboard.load(results).boards
    assert [board.slug for board in boards] == [PLAIN.slug, SLUG]
    assert [board.ranking.name for board in boards] == ["fd-eye", "kd-eye"]
    assert [board.rows[0].architecture for board in boards] == ["a", "b"]
    own, added = boards
    assert "kd-eye" not in own.cells
    assert "fd-eye" not in added.cells
    assert (own.protocol, added.protocol) == (PLAIN, PLAIN.measured_by(ADDED))
    # the curves of a training do not depend on what is measured afterwards
    assert added.protocol.evaluation.at_ticks == FD


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (PLAIN.slug, [PLAIN.slug, SLUG]),
        ("faces", [PLAIN.slug, SLUG]),
        (SLUG, [SLUG]),
        (f"{PLAIN.slug}/kd", [SLUG]),
    ],
)
def test_a_board_is_chosen_by_its_name(results: Path, asked: str, found: list[str]) -> None:
    assert [board.slug for board in leaderboard.load(results, asked).boards] == found


def test_a_name_that_means_two_boards_is_refused(results: Path) -> None:
    more = ADDED.model_copy(update={"samples": 310})
    measured(protocol_dir(results, PLAIN) / "a" / "hinge" / "seed0", 4.0, more)
    with pytest.raises(UsageError, match=r"is the beginning of .*kd-eye-300.*, .*kd-eye-310"):
        leaderboard.load(results, f"{PLAIN.slug}/kd")


def test_a_trained_cell_that_is_not_measured_yet_is_called_so_and_is_not_worse(
    results: Path,
) -> None:
    write_cell(results, "c", scores={"fd-eye": 0.5})
    own, added = leaderboard.load(results).boards
    assert own.rows[0].architecture == "c"
    status = dict(zip(added.cells["architecture"], added.cells["status"], strict=True))
    assert status == {"a": "finished", "b": "finished", "c": "not measured"}
    assert [row.counted("kd-eye") for row in added.rows] == [1, 1, 0]
    text = render(leaderboard.load(results, SLUG), "markdown", results)
    assert "1 of 3 cells is not measured" in text
    assert "1 not measured" in text
    assert "unfinished" not in text
    assert "not done" not in text


def test_a_cell_whose_measuring_failed_says_why(results: Path) -> None:
    measured(write_cell(results, "c", scores={"fd-eye": 0.5}), None)
    text = render(leaderboard.load(results, SLUG), "markdown", results)
    assert "kd-eye: no score for 1 cell: its weights are lost" in text


def test_a_cell_that_failed_has_its_status_in_every_table(results: Path) -> None:
    write_cell(results, "c", status="diverged", reason="D's loss is not finite")
    for board in leaderboard.load(results).boards:
        assert board.cells.set_index("architecture")["status"]["c"] == "diverged"


def test_damaged_scores_are_named_and_the_others_stand(results: Path) -> None:
    cell = protocol_dir(results, PLAIN) / "a" / "hinge" / "seed0"
    (evaluation_dir(cell, ADDED.slug) / SCORES).write_text("{")
    own, added = leaderboard.load(results).boards
    assert list(own.cells["status"]) == ["finished", "finished"]
    assert list(added.cells["status"]) == ["unreadable", "finished"]
    assert SCORES in added.cells["reason"][0]


def test_a_table_has_the_scale_of_its_evaluation_and_the_ticks_of_the_training(
    results: Path,
) -> None:
    home = protocol_dir(results, PLAIN)
    score = {"higher_is_better": False, "features": "eye", "n": 9, "reference": "train"}
    real = {"kd-eye": Score(value=7.0, reference_n=9, **score)}
    write_scale(home, Scale(real=Scored(tick={"fd-eye": 5.0})))
    write_scale(evaluation_dir(home, ADDED.slug), Scale(real=Scored(scores=real)))
    (added,) = leaderboard.load(results, SLUG).boards
    assert added.real(KD) == real["kd-eye"]
    assert added.real_at_ticks == 5.0


def test_documents_have_both_boards_and_say_in_what_they_differ(results: Path) -> None:
    boards = leaderboard.load(results)
    own, added = json.loads(render(boards, "json", results))["protocols"]
    assert [own["slug"], added["slug"]] == [PLAIN.slug, SLUG]
    assert set(added["differs"]["fields"]) >= {"evaluation.metrics", "evaluation.samples"}
    lines = render(boards, "csv", results).splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == [PLAIN.slug] * 2 + [SLUG] * 2


def test_results_without_added_evaluations_are_read_as_before(tmp_path: Path) -> None:
    write_cell(tmp_path, "a", scores={"fd-eye": 1.0})
    (board,) = leaderboard.load(tmp_path).boards
    assert (board.slug, board.evaluation, board.measured) == (PLAIN.slug, None, board.folder)


def test_the_ticks_and_the_seconds_of_measuring_are_those_of_each_evaluation(
    results: Path,
) -> None:
    for name, took in (("a", 4.0), ("b", 5.0)):
        cell = protocol_dir(results, PLAIN) / name / "hinge" / "seed0"
        take_back(cell, ADDED.slug)
        measured(cell, 1.0, seconds=took)
    own, added = map(dict, (chapter.facts for chapter in chapters(leaderboard.load(results))))
    assert "at 10 ticks of the training, fd-eye scored the first 256" in own["evaluation"]
    said = "train images; the ticks were scored in the training, by the evaluation of the run; "
    assert f"300 generated images against 300 {said}" in added["evaluation"]
    assert "first 256" not in added["evaluation"]
    costs = [chapter.cost for chapter in chapters(leaderboard.load(results))]
    assert [cost.partition("training, ")[2] for cost in costs] == [
        "10 s of measuring",
        "9 s of measuring",
    ]
