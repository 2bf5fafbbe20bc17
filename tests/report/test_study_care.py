"""What a study says of trials without a score, of early ticks, and of rows that tie."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_bench.report.page.study import expected_best
from gan_bench.report.tuning.care import cares, early, noise
from gan_bench.report.tuning.chapter import chapter_of
from gan_bench.report.tuning.figure import expected_figure
from gan_bench.report.tuning.trials import Tuned, read_tuned
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import TICKS
from laid_study import Outcome, write_trials
from records import PLAIN

LOST = Outcome(None, None, "diverged")
ONE_APART = [Outcome(50, 51), Outcome(40, 41), Outcome(60, 61), Outcome(45, 46)]


def study(results: Path, **rows: list[Outcome]) -> Tuned:
    return read_tuned(write_trials(results, rows))


def columns(tuned: Tuned, title: str) -> list[str]:
    table = chapter_of(tuned).tables[0]
    place = [column.title for column in table.columns].index(title)
    return [row[place] for row in table.rows]


def test_trials_without_a_score_do_not_bring_the_two_halves_together(tmp_path: Path) -> None:
    whole = noise(cares(study(tmp_path / "whole", a=[Outcome(5, 7), Outcome(5, 4)])))
    lost = noise(cares(study(tmp_path / "lost", a=[Outcome(5, 7), LOST, Outcome(5, 4), LOST])))
    assert lost == pytest.approx(whole) == pytest.approx(3 / 2**0.5)
    same = study(tmp_path / "same", a=[*ONE_APART[:2], LOST], b=ONE_APART[:3])
    assert noise(cares(same)) == 0


def test_a_row_whose_trainings_all_diverged_has_no_rank_and_no_expected_best(
    tmp_path: Path,
) -> None:
    tuned = study(tmp_path, a=ONE_APART, b=[LOST] * 4)
    said = chapter_of(tuned)
    assert said.answer.startswith("Untuned, a / hinge is the only row with a score (fd-eye); ")
    assert "with the best of 4 trials each, a / hinge is the only row with a score" in said.answer
    assert columns(tuned, "rank untuned") == ["1", "–"]
    assert columns(tuned, "#") == ["1", "–"]
    assert columns(tuned, "chosen trial") == ["1", "–"]
    assert said.tables[1].rows[1][2:] == ["–"] * 4
    drawn = expected_best(tuned)
    assert drawn
    assert [label for _, label in drawn.legend] == ["a / hinge"]
    assert expected_figure(tuned)


def test_rows_of_equal_scores_share_a_rank(tmp_path: Path) -> None:
    tuned = study(tmp_path, a=ONE_APART, b=ONE_APART, c=[Outcome(70, 70)] * 4)
    assert columns(tuned, "rank untuned") == columns(tuned, "#") == ["1", "1", "3"]


def with_ticks(tuned: Tuned, at: list[float]) -> None:
    """Ticks at these shares of the schedule, whose scores order the trials as at the end."""
    for row in tuned.rows:
        for trial in row.trials:
            for share in at:
                scores = {"fd-eye": trial.reporting}
                append_line(
                    trial.folders[0] / TICKS,
                    {"kimg": share * PLAIN.schedule.kimg, "scores": scores},
                )


def test_early_scores_are_those_of_the_ticks_at_which_halving_looks(tmp_path: Path) -> None:
    assert PLAIN.schedule.ticks == 10
    tuned = study(tmp_path, a=ONE_APART)
    with_ticks(tuned, [0.1, 0.2, 0.5, 1])
    assert [(each.share, each.correlation) for each in early(tuned, cares(tuned))] == [
        (0.2, pytest.approx(1)),
        (0.5, pytest.approx(1)),
    ]
    (first, _) = [note for note in chapter_of(tuned).notes if note.startswith("early scores")]
    assert "after 20 % of the schedule" in first


def test_the_end_foretells_nothing_of_itself(tmp_path: Path) -> None:
    tuned = study(tmp_path, a=ONE_APART)
    with_ticks(tuned, [1.0])
    assert early(tuned, cares(tuned)) == []
    assert not [note for note in chapter_of(tuned).notes if note.startswith("early scores")]
