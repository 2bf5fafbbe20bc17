"""The table of a study: who is best untuned, and who when every row got the same care."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from gan_bench import StorageError, UsageError
from gan_bench.contract.protocol import Protocol
from gan_bench.contract.schedule import Schedule
from gan_bench.report.chosen import has_boards, studies_of
from gan_bench.report.leaderboard import load
from gan_bench.report.tuning import chapter as chapter_module
from gan_bench.report.tuning import figure as figure_module
from gan_bench.report.tuning.care import Early, cares, flattery, tuned_lead, untuned_lead
from gan_bench.report.tuning.chapter import chapter_of, shown_ks
from gan_bench.report.tuning.expected import expected_best
from gan_bench.report.tuning.figure import draw_expected, expected_figure
from gan_bench.report.tuning.formats import render_study
from gan_bench.report.tuning.settings import write_settings
from gan_bench.report.tuning.shown import render_all
from gan_bench.report.tuning.trials import Tuned, read_tuned
from gan_bench.results.layout import PROTOCOL, STUDY
from gan_bench.results.reading import read_model
from gan_bench.results.records import Score
from gan_bench.results.scale import Scale, Scored
from given import Command, refused
from laid_study import Outcome, write_trials
from records import PLAIN, write_cell

STEADY = [Outcome(50, 51), Outcome(49, 48), Outcome(52, 52), Outcome(51, 50)]
# trial 2 is chosen; trial 3 would have been on the reporting half
TUNABLE = [Outcome(90, 91), Outcome(60, 62), Outcome(30, 33), Outcome(31, 29)]


@pytest.fixture
def tuned(tmp_path: Path) -> Tuned:
    return read_tuned(write_trials(tmp_path, {"steady": STEADY, "tunable": TUNABLE}))


def test_the_best_trial_is_chosen_on_one_half_and_reported_on_the_other(tuned: Tuned) -> None:
    first, second = cares(tuned)
    assert (first.row.names[0], first.chosen, first.tuned, first.untuned) == ("tunable", 2, 33, 91)
    assert (second.row.names[0], second.chosen, second.tuned, second.untuned) == (
        "steady",
        1,
        48,
        51,
    )


def test_the_answer_says_who_leads_untuned_and_who_with_the_same_care(tuned: Tuned) -> None:
    before, after = (lead(tuned, cares(tuned)) for lead in (untuned_lead, tuned_lead))
    assert before
    assert after
    assert (before.first, before.by) == ("steady / hinge", 40)
    assert (after.first, after.second, after.by) == ("tunable / hinge", "steady / hinge", 15)
    answer = chapter_of(tuned).answer
    assert answer.startswith(
        "Untuned, steady / hinge leads tunable / hinge by 40 (fd-eye) in one training each: not "
        "proven; with the best of 4 trials each, tunable / hinge leads steady / hinge by 15 "
        "(by "
    )
    assert answer.endswith(" in the expected best of 4 of redrawn trials): not proven.")


def scored(fd: float) -> Scored:
    score = {"higher_is_better": False, "features": "eye", "n": 450, "reference": "train"}
    return Scored(scores={"fd-eye": Score(value=fd, reference_n=450, **score)})


@pytest.mark.parametrize(
    ("noise", "untuned", "best"), [(40, True, False), (20, True, True), (60, False, False)]
)
def test_a_study_names_no_leader_of_rows_that_are_no_better_than_noise(
    noise: float, untuned: bool, best: bool, tuned: Tuned
) -> None:
    floored = replace(tuned, scale=Scale(real=scored(1), bad={"noise": scored(noise)}))
    said = chapter_of(floored)
    why = f"no row is better than noise ({noise})"
    assert (f"Untuned, no row leads by fd-eye: {why}" in said.answer) == untuned
    assert (f"with the best of 4 trials each, no row leads: {why}" in said.answer) == best
    assert any("untuned, is no better than noise" in note for note in said.notes)
    assert ("best of 4, is no better than noise" in " ".join(said.notes)) == (noise < 48)


def test_equal_scores_are_no_lead(tmp_path: Path) -> None:
    rows = {"a": [Outcome(5, 5)], "b": [Outcome(5, 5)], "c": [Outcome(6, 6)]}
    said = chapter_of(read_tuned(write_trials(tmp_path, rows))).answer
    assert "a / hinge and b / hinge score the same (fd-eye)" in said


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        (TUNABLE, "alone / hinge scores 91 untuned and 33 with the best of 4 trials (fd-eye)"),
        (TUNABLE[:1], "alone / hinge scores 91 untuned (fd-eye)"),
        ([Outcome(None, None)] * 2, "alone / hinge has no score of fd-eye"),
    ],
)
def test_of_one_row_the_answer_says_its_scores(
    outcomes: list[Outcome], said: str, tmp_path: Path
) -> None:
    only = read_tuned(write_trials(tmp_path, {"alone": outcomes}))
    said += "; there is no other row to compare it with"
    assert chapter_of(only).answer.removesuffix(".").startswith(said)


def test_what_choosing_flatters_is_the_mean_of_both_directions(tuned: Tuned) -> None:
    first, second = cares(tuned)
    # tunable: chosen by choosing, 33 - 30; chosen by reporting, 31 - 29
    assert first.flattery == pytest.approx((3 + 2) / 2)
    assert second.flattery == pytest.approx((-1 + 1) / 2)
    assert flattery([first, second])[0] == pytest.approx(1.25)


def test_an_easier_half_flatters_no_one(tmp_path: Path) -> None:
    easier = [Outcome(each.choosing - 20, each.choosing) for each in STEADY if each.choosing]
    tuned = read_tuned(write_trials(tmp_path, {"a": easier}))
    assert flattery(cares(tuned))[0] == pytest.approx(0)


def test_choosing_by_noise_flatters_and_the_other_half_shows_it(tmp_path: Path) -> None:
    drawn = np.random.default_rng(0).normal(100, 5, (40, 8, 2))
    rows = {
        f"row{k:02d}": [Outcome(float(c), float(r)) for c, r in trials]
        for k, trials in enumerate(drawn)
    }
    rows_of = cares(read_tuned(write_trials(tmp_path, rows)))
    # the best of 8 from N(100, 5): 100 - 5 * 1.4236, the expected maximum of 8 normals
    assert flattery(rows_of)[0] == pytest.approx(5 * 1.4236, abs=1)
    assert np.mean([care.tuned for care in rows_of]) == pytest.approx(100, abs=2.5)


def test_the_expected_best_is_that_of_the_closed_form(tuned: Tuned) -> None:
    care = cares(tuned)[0]
    costs = np.array([[each.choosing, each.reporting] for each in TUNABLE]).T
    assert care.expected == pytest.approx(expected_best(*costs))
    document = json.loads(render_study(tuned, "json", Path()))
    assert document["rows"][0]["expected_best"] == pytest.approx(list(care.expected))
    low, high = document["rows"][0]["ranges"][-1]
    assert low <= care.expected[-1] <= high


def test_trials_that_ended_badly_are_counted_and_one_without_a_score_counts_as_the_worst(
    tmp_path: Path,
) -> None:
    wild = [
        Outcome(40, 40),
        Outcome(None, None, "diverged"),
        Outcome(95, 97, "collapsed"),
        Outcome(20, 21),
    ]
    tuned = read_tuned(write_trials(tmp_path, {"steady": STEADY, "wild": wild}))
    assert tuned.worst == 97
    care = cares(tuned)[0]
    assert list(care.reporting) == [40, 97, 97, 21]
    text = render_study(tuned, "markdown", tmp_path)
    assert "2 of 4: 1 collapsed, 1 diverged" in text
    assert "2 of 8 trainings ended badly (1 collapsed, 1 diverged)" in text
    assert "1 trial without a score: each counts as 97" in text


def test_only_trials_that_every_row_has_had_are_compared(tmp_path: Path) -> None:
    late = [Outcome(45, 45), Outcome(44, 44), None, Outcome(1, 1)]
    tuned = read_tuned(write_trials(tmp_path, {"steady": STEADY, "late": late}))
    assert tuned.common == 2
    assert [care.tuned for care in cares(tuned)] == [44, 48]
    chapter = chapter_of(tuned)
    assert "1 of 8 trainings is not done" in chapter.answer
    assert any("the table compares the first 2" in note for note in chapter.notes)


def test_a_study_without_a_finished_trial_says_so(tmp_path: Path) -> None:
    tuned = read_tuned(write_trials(tmp_path, {"steady": STEADY, "late": [None] * 4}))
    assert chapter_of(tuned).answer.startswith("No trial is done for every row yet; 4 of 8")
    for style in ("markdown", "terminal", "json", "csv"):
        assert render_study(tuned, style, tmp_path)
    assert draw_expected(tuned) is None


def test_trials_that_were_halved_are_not_chosen_and_give_no_expected_best(tmp_path: Path) -> None:
    halved = [Outcome(50, 50), None, Outcome(45, 46), None]
    stopped = [("steady", "hinge", 1), ("steady", "hinge", 3)]
    tuned = read_tuned(write_trials(tmp_path, {"steady": halved}, stopped))
    assert tuned.common == 4
    (care,) = cares(tuned)
    assert (care.chosen, care.tuned) == (2, 46)
    chapter = chapter_of(tuned)
    assert "2 of 4 trainings were stopped early" in chapter.answer
    assert any("early scores favour fast starters" in note for note in chapter.notes)
    assert not any("expected" in table.title for table in chapter.tables)
    document = json.loads(render_study(tuned, "json", tmp_path))
    assert "expected_best" not in document["rows"][0]
    assert document["choosing_flatters_by"] is None


@pytest.mark.parametrize(
    ("correlation", "said"),
    [
        (0.85, "foretell the end here"),
        (0.5, "foretell the end in part: they favour fast starters"),
        (0.1, "say little of the end here"),
        (-0.1, "say little of the end here"),
        (-0.75, "mislead here: those that were ahead early ended behind"),
    ],
)
def test_what_early_scores_are_worth_is_said_by_their_agreement_with_the_end(
    tuned: Tuned, monkeypatch: pytest.MonkeyPatch, correlation: float, said: str
) -> None:
    found = [Early(0.25, correlation, 1, 2, 4)]
    monkeypatch.setattr(chapter_module, "early", lambda *_: found)
    (note,) = [note for note in chapter_of(tuned).notes if note.startswith("early scores ")]
    assert note.startswith(f"early scores {said}: after 25 % of the schedule")


def test_the_figure_writes_thousands_as_the_tables_do(
    tuned: Tuned, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(figure_module, "png_of", lambda figure: drawn.append(figure) or b"")
    expected_figure(tuned)
    (axes,) = drawn[0].axes
    assert axes.yaxis.get_major_formatter()(1750, None) == "1,750"


def test_the_best_settings_are_a_schedule_file_of_the_chosen_trial(tuned: Tuned) -> None:
    paths = write_settings(tuned)
    assert [path.parts[-2:] for path in paths] == [
        ("tunable", "hinge.toml"),
        ("steady", "hinge.toml"),
    ]
    schedule = Schedule(**tomllib.loads(paths[0].read_text()))
    slug = tuned.study.trials[2].protocol
    assert schedule == read_model(tuned.folder / slug / PROTOCOL, Protocol).schedule
    assert schedule.lr_g == 2e-3
    assert PLAIN.model_copy(update={"schedule": schedule}).slug == slug


def test_csv_has_a_line_for_each_row_and_trial(tuned: Tuned) -> None:
    lines = list(csv.DictReader(io.StringIO(render_study(tuned, "csv", Path()))))
    assert len(lines) == 8
    assert [line["fd-eye reporting"] for line in lines[4:]] == ["91.0", "62.0", "33.0", "29.0"]
    assert lines[0]["lr_g"] == ""
    assert lines[6]["lr_g"] == "0.002"


def test_a_format_that_a_study_does_not_have_is_refused(tuned: Tuned) -> None:
    with pytest.raises(UsageError, match="cannot be shown as latex; it can as terminal, markdown"):
        render_study(tuned, "latex", Path())


def test_the_figure_is_drawn_into_the_study(tuned: Tuned) -> None:
    path = draw_expected(tuned)
    assert path
    assert path.read_bytes().startswith(b"\x89PNG")
    assert f"]({path.relative_to(tuned.folder).as_posix()})" in render_study(
        tuned, "markdown", tuned.folder
    )


def test_many_trials_have_a_column_for_each_power_of_two() -> None:
    assert shown_ks(5) == [1, 2, 3, 4, 5]
    assert shown_ks(20) == [1, 2, 4, 8, 16, 20]
    assert shown_ks(16) == [1, 2, 4, 8, 16]


def test_a_damaged_record_is_a_fault_and_the_rest_is_shown(tmp_path: Path) -> None:
    folder = write_trials(tmp_path, {"steady": STEADY, "tunable": TUNABLE})
    tuned = read_tuned(folder)
    (tuned.rows[0].trials[3].folders[0] / "record.json").write_text("{")
    tuned = read_tuned(folder)
    assert tuned.common == 3
    assert "unreadable" in chapter_of(tuned).notes[0]


def test_a_report_shows_a_study_as_one_table_below_the_leaderboards(tmp_path: Path) -> None:
    write_trials(tmp_path, {"steady": STEADY, "tunable": TUNABLE})
    studies = studies_of(tmp_path, None)
    assert not has_boards(tmp_path, studies)
    write_cell(tmp_path, "alone", scores={"fd-eye": 1.0, "diversity": 0.5})
    assert has_boards(tmp_path, studies)
    assert [board.slug for board in load(tmp_path).boards] == [PLAIN.slug]
    assert not has_boards(studies[0], studies_of(studies[0], None))
    text = render_all(load(tmp_path), [*map(read_tuned, studies)], "markdown", tmp_path)
    assert text.count("\n## ") == 1


def test_one_damaged_study_leaves_the_rest_of_a_report_as_it_is(
    tmp_path: Path, gan_bench: Command
) -> None:
    write_cell(tmp_path, "alone", scores={"fd-eye": 1.0, "diversity": 0.5})
    folder = write_trials(tmp_path, {"steady": STEADY})
    (folder / STUDY).write_text("{")
    said = gan_bench("report", tmp_path)
    assert said.code == 0
    assert f"## {PLAIN.slug}" in said.out
    assert "unreadable" in said.err
    assert STUDY in said.err
    alone = gan_bench("report", folder)  # nothing else can be shown
    assert alone.code == StorageError.exit_code
    assert "unreadable" in alone.err


def test_what_would_write_over_a_study_is_refused(tmp_path: Path, gan_bench: Command) -> None:
    folder = write_trials(tmp_path, {"steady": STEADY})
    before = (folder / STUDY).read_bytes()
    for name in (STUDY, "figures/expected-best.csv", "best/x.csv"):
        said = gan_bench("report", folder, "--format", "csv", "--out", folder / name)
        refused(said, 2, "belongs to the study in", "give another --out")
    assert (folder / STUDY).read_bytes() == before
    assert gan_bench("report", folder, "--out", folder / "mine.csv").code == 0


@pytest.mark.parametrize(
    ("words", "option"), [(["--by", "time"], "--by time"), (["--sort", "fd-eye"], "--sort")]
)
def test_what_the_table_of_a_study_has_not_is_refused(
    words: list[str], option: str, tmp_path: Path, gan_bench: Command
) -> None:
    folder = write_trials(tmp_path, {"steady": STEADY})
    refused(gan_bench("report", folder, *words), 2, f"the table of a study has no {option}")
    write_cell(tmp_path, "alone", scores={"fd-eye": 1.0, "diversity": 0.5})
    assert gan_bench("report", tmp_path, *words).code == 0  # it is about the leaderboard
