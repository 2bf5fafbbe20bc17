"""What weighs most in a score, below the table."""

from __future__ import annotations

from pathlib import Path

from gan_bench.contract.protocol import MetricSpec
from gan_bench.report import leaderboard
from gan_bench.report.notes import notes
from records import FD, protocol, write_cell

UNDER = protocol(metrics=(FD, MetricSpec(name="fwd", higher_is_better=False, features="eye")))


def said(results: Path) -> list[str]:
    (board,) = leaderboard.load(results).boards
    return [note.text for note in notes(board) if "the largest part of" in note.text]


def test_a_line_for_each_row_says_what_weighs_most_in_the_scores_of_its_first_seed(
    tmp_path: Path,
) -> None:
    for name, seed, share in (("a", 0, 41), ("a", 1, 42), ("b", 0, 43), ("b", 1, 44)):
        details = {"fwd": f"stripes ({share} % of the distance)", "fd-eye": "one half"}
        scores = {"fd-eye": share / 10, "fwd": float(share)}
        write_cell(tmp_path, name, seed=seed, under=UNDER, scores=scores, details=details)
    assert said(tmp_path) == [
        f"{name} / hinge / seed0: the largest part of fwd is stripes ({share} % of the distance); "
        "that of fd-eye is one half"
        for name, share in (("a", 41), ("b", 43))
    ]


def test_an_old_record_and_a_metric_that_is_in_no_table_say_nothing(tmp_path: Path) -> None:
    write_cell(tmp_path, "old", under=UNDER, scores={"fd-eye": 1.0, "fwd": 2.0})
    gone = {"of-another-plan": "one half"}
    write_cell(tmp_path, "other", under=UNDER, scores={"fd-eye": 3.0, "fwd": 2.0}, details=gone)
    assert said(tmp_path) == []
