"""What stands beside a table: facts about the protocol, verdicts, remarks, rank agreement."""

from __future__ import annotations

from pathlib import Path

import pytest
from laid_rows import column, sections

from gan_bench.contract.protocol import MetricSpec
from gan_bench.contract.reference import reference_warnings
from gan_bench.report import leaderboard
from gan_bench.report.tables import chapters
from records import DIVERSITY, FD, protocol, write_cell

FD_EAR = MetricSpec(name="fd-ear", higher_is_better=False, features="ear")
VERDICT = {"kind": "degraded", "kimg": 12.0, "reason": "fd-eye 9, 9"}


def notes(results: Path) -> str:
    shown = chapters(leaderboard.load(results))
    return "\n".join(note.text for chapter in shown for note in chapter.notes)


def test_the_facts_name_all_that_the_rows_share(two: Path) -> None:
    (chapter,) = chapters(leaderboard.load(two))
    assert [f"{name}: {fact}" for name, fact in chapter.facts] == [
        f"data: faces, 16 x 16 x 3, 900 training and 100 held-out images, fingerprint {'ab' * 6}",
        "schedule: 100 kimg = 2,000 updates of G, batch 50, 1 D per G, adam 0.0002/0.0002 betas "
        "0.5 0.999, fp32, EMA of G with half-life 2 kimg; on collapse: continue",
        "evaluation: 500 generated images against 450 train images; at 10 ticks of the training, "
        f"fd-eye scored the first 256 generated images; features eye (sha256 {'cd' * 6})",
        "device: cpu (2 threads)",
        "seeds: 0",
    ]
    assert chapter.claims == (
        "no interval with one seed: another seed may rank the rows differently; "
        "--seeds 6 gives intervals and ties"
    )


def test_the_device_is_that_of_the_cells_that_trained(tmp_path: Path) -> None:
    def device() -> str:
        (chapter,) = chapters(leaderboard.load(tmp_path))
        return dict(chapter.facts)["device"]

    write_cell(tmp_path, "a", status="failed", device="cpu", cost=None)
    assert device() == "cpu"
    write_cell(tmp_path, "b", device="cpu (1 thread)")
    assert device() == "cpu (1 thread)"
    write_cell(tmp_path, "c", device="H100")
    assert device() == "H100, cpu (1 thread)"


def test_one_image_is_no_images(tmp_path: Path) -> None:
    plain = protocol()
    data = plain.data.model_copy(update={"held_out": 1})
    write_cell(tmp_path, "a", under=plain.model_copy(update={"data": data}))
    (chapter,) = chapters(leaderboard.load(tmp_path))
    assert "900 training and 1 held-out image, fingerprint" in dict(chapter.facts)["data"]


@pytest.mark.parametrize(
    ("more", "note"),
    [
        ({"status": "failed", "reason": "no memory", "cost": None}, "no memory"),
        ({"notes": ["a checkpoint was damaged"]}, "a checkpoint was damaged"),
        (
            {"verdicts": [VERDICT]},
            "degraded at 12 kimg (but finished in the end): fd-eye 9, 9",
        ),
    ],
    ids=["reason", "note", "verdict"],
)
def test_a_remark_of_a_record_is_a_note(more: dict[str, object], note: str, two: Path) -> None:
    write_cell(two, "a", **more)  # type: ignore[arg-type]
    assert f"a / hinge / seed0: {note}" in notes(two)


def test_a_verdict_has_its_date_and_a_rollback_marks_the_row(tmp_path: Path) -> None:
    verdict = VERDICT | {"kind": "collapsed"}
    write_cell(
        tmp_path, "a", scores={"fd-eye": 3.0}, status="collapsed", verdicts=[verdict], rollbacks=2,
        reason=verdict["reason"],
    )  # fmt: skip
    (board,) = leaderboard.load(tmp_path).boards
    assert sections(board)[0].rows[0][-1] == "1 collapsed, 2 rollbacks"
    assert "a / hinge / seed0: collapsed at 12 kimg: fd-eye 9, 9" in notes(tmp_path)
    assert "rolled back 2 times" in notes(tmp_path)
    assert notes(tmp_path).count("fd-eye 9") == 1


def test_a_metric_that_refused_says_why_once(tmp_path: Path) -> None:
    for seed in range(2):
        write_cell(
            tmp_path, "a", seed=seed, scores={"fd-eye": 3.0}, unscored={"diversity": "all alike"}
        )
    assert "diversity: no score for 2 cells: all alike" in notes(tmp_path)
    (board,) = leaderboard.load(tmp_path).boards
    assert column(sections(board)[0], "diversity ↑") == ["–"]


def test_above_12_diagnoses_those_of_one_seed_a_row_are_shown(tmp_path: Path) -> None:
    for seed in range(12):
        write_cell(tmp_path, "a", seed=seed, scores={"fd-eye": 3.0}, diagnosis=f"settled at {seed}")
    assert notes(tmp_path).count("settled") == 12
    write_cell(tmp_path, "b", scores={"fd-eye": 4.0}, diagnosis="settled")
    assert notes(tmp_path).count("settled") == 2


def test_cells_with_the_same_diagnosis_share_one_line(tmp_path: Path) -> None:
    for seed, diagnosis in enumerate(("too short", "settled", "too short", None, "too short")):
        write_cell(tmp_path, "a", seed=seed, scores={"fd-eye": 3.0}, diagnosis=diagnosis)
    lines = notes(tmp_path).splitlines()
    assert "3 cells: too short" in lines
    assert "a / hinge / seed1: settled" in lines
    assert notes(tmp_path).count("too short") == 1


@pytest.mark.parametrize("status", ["finished", "failed"])
def test_a_cell_without_a_score_and_a_reason_is_named(status: str, two: Path) -> None:
    write_cell(two, "empty", status=status)
    write_cell(two, "refused", unscored={"fd-eye": "all alike", "diversity": "all alike"})
    named = [line for line in notes(two).splitlines() if "no score and gives no reason" in line]
    assert named == [
        f"empty / hinge / seed0: {status}, but its record has no score and gives no reason"
    ]


@pytest.mark.parametrize("by_time", [False, True])
def test_a_table_that_is_sorted_by_a_metric_without_scores_says_so(
    by_time: bool, tmp_path: Path
) -> None:
    write_cell(tmp_path, "b", scores={"fd-eye": 3.0})
    write_cell(tmp_path, "a", scores={"fd-eye": 4.0})
    boards = leaderboard.load(tmp_path, sort="diversity", by_time=by_time)
    (chapter,) = chapters(boards)
    said = "no cell has a score of diversity: the rows are in the order of their names"
    assert said in [note.text for note in chapter.notes]
    assert [row.architecture for row in boards.boards[0].rows] == ["a", "b"]
    assert "no cell has a score" not in notes(tmp_path)


def test_agreement_is_kendalls_tau(tmp_path: Path) -> None:
    under = protocol(metrics=(FD, FD_EAR, DIVERSITY))
    for name, eye, ear in (("a", 1.0, 3.0), ("b", 2.0, 1.0), ("c", 3.0, 2.0)):
        scores = {"fd-eye": eye, "fd-ear": ear, "diversity": -eye}
        write_cell(tmp_path, name, under=under, scores=scores)
    (board,) = leaderboard.load(tmp_path).boards
    assert board.agreements == pytest.approx({"fd-ear": -1 / 3, "diversity": 1.0})
    assert "fd-ear -0.33, diversity 1.00" in notes(tmp_path)


def test_a_row_without_a_score_of_one_metric_is_in_no_agreement(tmp_path: Path) -> None:
    under = protocol(metrics=(FD, DIVERSITY))
    for name, eye in (("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0)):
        known = {} if name == "d" else {"diversity": -eye}
        write_cell(tmp_path, name, under=under, scores={"fd-eye": eye} | known)
    write_cell(tmp_path, "e", under=under, status="diverged")
    (board,) = leaderboard.load(tmp_path).boards
    assert board.agreements == {"diversity": 1.0}
    write_cell(tmp_path, "c", under=under, scores={"fd-eye": 3.0})
    (board,) = leaderboard.load(tmp_path).boards
    assert board.agreements == {}  # two rows have both


@pytest.mark.parametrize(
    ("samples", "reference", "held_out", "said"),
    [
        (500, "train", 100, "500 of the 900 training images are the reference"),
        (500, "held-out", 100, "the reference is 100 held-out images"),
        (450, "train", 100, None),
        (500, "held-out", 500, None),
    ],
)
def test_the_report_warns_of_a_reference_as_the_plan_does(
    samples: int, reference: str, held_out: int, said: str | None, tmp_path: Path
) -> None:
    plain = protocol()
    under = plain.model_copy(
        update={
            "data": plain.data.model_copy(update={"held_out": held_out}),
            "evaluation": plain.evaluation.model_copy(
                update={"samples": samples, "reference": reference}
            ),
        }
    )
    write_cell(tmp_path, "a", under=under, scores={"fd-eye": 1.0})
    warnings = reference_warnings(under.evaluation, under.data)
    assert [warning[: len(said or "")] for warning in warnings] == ([said] if said else [])
    assert [line for line in notes(tmp_path).splitlines() if "reference" in line] == warnings


def test_one_features_net_names_one_winner_only(tmp_path: Path) -> None:
    for name, value in (("a", 1.0), ("b", 2.0), ("c", 3.0)):
        write_cell(tmp_path, name, scores={"fd-eye": value, "diversity": value})
    assert "winner" not in notes(tmp_path)
