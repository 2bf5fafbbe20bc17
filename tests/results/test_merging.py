"""Results folders merge into a new one; if they contradict each other, nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gan_bench import StorageError
from gan_bench.contract.protocol import RunEnvironment
from gan_bench.report.leaderboard import load
from gan_bench.report.tuning.chapter import chapter_of
from gan_bench.report.tuning.trials import read_tuned
from gan_bench.results.inventory import folder_bytes, inventory
from gan_bench.results.layout import (
    AUDITS,
    CURVE,
    HOUSEKEEPING,
    PLANS,
    PROTOCOL,
    SCALE,
    SHOWN,
    STUDIES,
    engine_dir,
    evaluation_dir,
)
from gan_bench.results.locks import InUse, alone_in
from gan_bench.results.measurements import (
    Measurement,
    ask_for,
    read_measurement,
    write_measurement,
)
from gan_bench.results.merging import Merge, held, plan_merge
from gan_bench.results.plans import SeedPlan, plan_lines, read_plans
from gan_bench.results.records import Score, read_record
from gan_bench.results.scale import BAD_SETS, Scale, Scored, read_scale, write_scale
from gan_bench.results.shown import WALK, Shown, read_shown, write_shown
from gan_bench.results.write_merge import write_merge
from laid_study import Outcome, write_trials
from records import PLAIN, protocol, write_cell, write_training

TRIALS = {"dcgan": [Outcome(9, 9), Outcome(8, 7)], "dense": [Outcome(6, 6), Outcome(5, 5)]}
DCGAN = f"{PLAIN.slug}/dcgan/hinge/seed0"


def score(value: float, **more: Any) -> dict[str, Any]:
    return {"scores": {"fd-eye": value}} | more


def test_one_protocol_of_two_folders_is_one_table(a: Path, b: Path, out: Path) -> None:
    write_training(write_cell(a, "dcgan", **score(1)))
    write_cell(b, "dense", **score(2))
    write_cell(b, "dense", under=protocol(kimg=500))
    merge = plan_merge([a, b])
    assert (merge.protocols, merge.cells, merge.notes, merge.conflicts) == (2, 3, [], [])
    write_merge(merge, out)
    board = next(each for each in load(out).boards if each.slug == PLAIN.slug)
    assert [row.name for row in board.rows] == ["dcgan / hinge", "dense / hinge"]
    for path in (path for path in a.rglob("*") if path.is_file()):
        assert (out / path.relative_to(a)).read_bytes() == path.read_bytes()
    assert [path.name for path in out.parent.iterdir() if path.name.startswith(".")] == []


def test_the_pictures_of_a_cell_come_from_the_copy_that_has_them(
    a: Path, b: Path, out: Path
) -> None:
    write_cell(a, "dcgan", **score(1))
    write_shown(write_cell(b, "dcgan", **score(1)), Shown(walk=True), {WALK: b"a picture"})
    merge = plan_merge([a, b])
    assert (merge.notes, merge.conflicts) == ([], [])
    write_merge(merge, out)
    assert read_shown(out / DCGAN) == Shown(walk=True)
    assert (out / DCGAN / SHOWN / WALK).read_bytes() == b"a picture"
    (row,) = inventory(out).cells
    assert row.bytes == folder_bytes(out / DCGAN) > folder_bytes(a / DCGAN)


def test_a_protocol_is_known_by_what_it_says_whatever_its_folder_is_called(
    a: Path, b: Path, out: Path
) -> None:
    write_cell(a, "dcgan")
    write_cell(b, "dense")
    (b / PLAIN.slug).rename(b / "faces")
    write_merge(plan_merge([a, b]), out)
    assert [path.name for path in out.iterdir()] == [PLAIN.slug]


def test_a_cell_that_both_have_is_taken_once(a: Path, b: Path, out: Path) -> None:
    write_cell(a, "dcgan", **score(1))
    write_cell(b, "dcgan", **score(1))
    (b / DCGAN / "only-here.json").write_text("1")
    merge = plan_merge([a, b])
    assert (merge.cells, merge.notes, merge.conflicts) == (1, [], [])
    write_merge(merge, out)
    assert (out / DCGAN / "only-here.json").exists()


def test_what_an_engine_keeps_of_jobs_in_a_queue_is_left_out(a: Path, b: Path, out: Path) -> None:
    for folder in (a, b):
        queue = engine_dir(write_cell(folder, "dcgan", **score(1)), "slurm") / "array"
        queue.mkdir(parents=True)
        (queue / "array.json").write_text(str(folder))
    merge = plan_merge([a, b])
    assert (merge.cells, merge.notes, merge.conflicts) == (1, [], [])
    write_merge(merge, out)
    assert not (out / PLAIN.slug / "engines").exists()


def test_audits_are_left_out_with_a_note(a: Path, b: Path) -> None:
    write_cell(a, "dcgan")
    write_cell(b, "dense")
    (b / AUDITS).mkdir()
    assert plan_merge([a, b]).notes == [
        f"{b / AUDITS} is not merged: copy it where it is to be",
    ]


def files_below(folder: Path) -> dict[Path, bytes]:
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in HOUSEKEEPING
    }


def test_a_study_is_copied_as_a_whole_also_from_a_folder_of_studies_alone(
    a: Path, b: Path, out: Path
) -> None:
    write_cell(a, "dcgan")
    study = write_trials(b, TRIALS)
    with held([a, b]):
        merge = plan_merge([a, b])
    assert (merge.cells, merge.protocols, merge.studies) == (1, 1, 1)
    assert (merge.notes, merge.conflicts) == ([], [])
    write_merge(merge, out)
    copy = out / STUDIES / study.name
    assert files_below(copy) == files_below(study)
    assert chapter_of(read_tuned(copy)).answer == chapter_of(read_tuned(study)).answer


def test_one_study_in_two_folders_is_merged_if_the_two_are_equal(a: Path, b: Path) -> None:
    write_trials(a, TRIALS)
    study = write_trials(b, TRIALS)
    assert plan_merge([a, b]).conflicts == []
    next(study.rglob("record.json")).write_text("{}")
    (conflict,) = plan_merge([a, b]).conflicts
    assert f"studies/{study.name} is in {a / STUDIES / study.name} and {study}" in conflict


def test_a_study_that_is_named_itself_says_what_is_not_merged(a: Path, b: Path) -> None:
    write_cell(a, "dcgan")
    study = write_trials(b, TRIALS)
    merge = plan_merge([a, study])
    assert merge.studies == 0
    (note,) = [note for note in merge.notes if "is a study" in note]
    assert note.endswith(f"best settings, is not merged; name {b} to copy it as a study")


def test_a_study_that_is_being_trained_is_not_copied(a: Path, b: Path) -> None:
    write_cell(a, "dcgan")
    with alone_in(write_trials(b, TRIALS), "training"), pytest.raises(InUse), held([a, b]):
        pass


def test_a_file_that_differs_between_copies_of_one_training_is_named(
    a: Path, b: Path, out: Path
) -> None:
    for folder, content in ((a, "1"), (b, "2")):
        (write_cell(folder, "dcgan", **score(1)) / "scores.json").write_text(content)
        (folder / PLAIN.slug / "evaluation.json").write_text(content)
    merge = plan_merge([a, b])
    assert len(merge.notes) == 2
    assert all("differ: the first one is kept" in note for note in merge.notes)
    write_merge(merge, out)
    assert (out / DCGAN / "scores.json").read_text() == "1"


def test_equal_results_of_two_trainings_are_no_conflict(a: Path, b: Path, out: Path) -> None:
    write_cell(a, "dcgan", **score(1))
    write_cell(b, "dcgan", **score(1, device="another", ended="2026-02-02T00:00:00+00:00"))
    merge = plan_merge([b, a])
    assert merge.conflicts == []
    assert "was trained more than once with equal results" in merge.notes[0]
    write_merge(merge, out)
    assert read_record(out / DCGAN).device == "another"


@pytest.mark.parametrize(
    "other", [score(2), score(1, status="degraded"), score(1, diagnosis="other"), {}]
)
def test_different_results_of_one_cell_are_a_conflict(
    other: dict[str, Any], a: Path, b: Path
) -> None:
    write_cell(a, "dcgan", **score(1))
    write_cell(b, "dcgan", **other)
    (conflict,) = plan_merge([a, b]).conflicts
    assert conflict == f"{DCGAN} is in {a / DCGAN} and {b / DCGAN}: their results differ"


def test_an_unreadable_record_beside_another_is_a_conflict(a: Path, b: Path) -> None:
    (write_cell(a, "dcgan") / "record.json").write_text("{")
    write_cell(b, "dcgan")
    assert len(plan_merge([a, b]).conflicts) == 1


def test_a_done_cell_goes_before_one_that_is_not(a: Path, b: Path, out: Path) -> None:
    write_training(write_cell(a, "dcgan", status=None))
    write_cell(b, "dcgan", **score(1))
    merge = plan_merge([a, b])
    assert merge.notes == [f"{a / DCGAN} is left out: {b / DCGAN} is further"]
    write_merge(merge, out)
    assert not (out / DCGAN / CURVE).exists()
    assert read_record(out / DCGAN).scores["fd-eye"].value == 1


def test_two_begun_cells_are_a_conflict_unless_they_are_equal(a: Path, b: Path) -> None:
    for folder in (a, b):
        write_training(write_cell(folder, "dcgan", status=None))
    assert plan_merge([a, b]).conflicts == []
    (b / DCGAN / CURVE).write_text("")
    assert "neither is finished, and they differ" in plan_merge([a, b]).conflicts[0]


def test_two_protocols_of_one_name_are_a_conflict(a: Path, b: Path) -> None:
    write_cell(a, "dcgan")
    write_cell(b, "dense", under=protocol(kimg=500))
    (b / protocol(kimg=500).slug).rename(b / PLAIN.slug)
    assert "have one name, but two protocols" in plan_merge([a, b]).conflicts[0]


# Cells that were measured by another evaluation too

ADDED = PLAIN.evaluation.model_copy(update={"samples": 300}).beside(PLAIN.evaluation)
SCORES: dict[str, Any] = {"higher_is_better": False, "features": "eye", "n": 300}


def measured(results: Path, value: float | None, seconds: float | None = 1.0) -> None:
    """Write a cell that was asked for `ADDED`; without a value it is not measured yet."""
    cell = write_cell(results, "dcgan", **score(1))
    ask_for(cell, ADDED, RunEnvironment(device="cpu", named=True))
    if value is not None:
        scores = {"fd-eye": Score(value=value, reference="train", reference_n=300, **SCORES)}
        done = Measurement(
            scores=scores if seconds else {}, seconds=seconds, device="cpu", ended=str(results)
        )
        write_measurement(cell, ADDED.slug, done)


def kept(merge: Merge, out: Path) -> float:
    write_merge(merge, out)
    measurement = read_measurement(out / DCGAN, ADDED.slug)
    assert measurement
    return measurement.scores["fd-eye"].value


def test_equal_scores_that_were_measured_twice_need_no_remark(a: Path, b: Path, out: Path) -> None:
    measured(a, 2)
    measured(b, 2, seconds=9.0)
    merge = plan_merge([a, b])
    assert (merge.notes, merge.conflicts) == ([], [])
    assert kept(merge, out) == 2


def test_other_scores_by_one_evaluation_are_named(a: Path, b: Path, out: Path) -> None:
    measured(a, 2)
    measured(b, 3)
    merge = plan_merge([b, a])
    assert [note.partition(" by ")[0] for note in merge.notes] == [f"{DCGAN} has other scores"]
    assert kept(merge, out) == 3


@pytest.mark.parametrize("first", ["waiting", "failed", "damaged"])
def test_a_measured_copy_goes_before_one_without_scores(
    first: str, a: Path, b: Path, out: Path
) -> None:
    measured(a, None if first == "waiting" else 7, seconds=None)
    if first == "damaged":
        (evaluation_dir(a / DCGAN, ADDED.slug) / "scores.json").write_text("{")
    measured(b, 2)
    merge = plan_merge([a, b])
    assert (merge.notes, merge.conflicts) == ([], [])
    assert kept(merge, out) == 2


def test_the_files_of_an_evaluation_are_of_one_copy(a: Path, b: Path, out: Path) -> None:
    measured(a, None)
    (evaluation_dir(a / DCGAN, ADDED.slug) / "influence.json").write_text("of nothing")
    measured(b, 2)
    assert kept(plan_merge([a, b]), out) == 2
    assert not (evaluation_dir(out / DCGAN, ADDED.slug) / "influence.json").exists()


def plan(seeds: int, day: int, compared: int = 0) -> SeedPlan:
    when = f"2026-01-{day:02d}T00:00:00+00:00"
    return SeedPlan(seeds=seeds, when=when, records=0, compared=compared)


def test_plans_are_in_the_order_of_time_without_repetitions(a: Path, b: Path, out: Path) -> None:
    first, again, more, look = plan(4, 1), plan(4, 2), plan(8, 3), plan(8, 4, compared=4)
    write_cell(a, "dcgan")
    write_cell(b, "dense")
    (a / PLAIN.slug / PLANS).write_bytes(plan_lines([first, more]))
    (b / PLAIN.slug / PLANS).write_bytes(plan_lines([first, again, look]))
    write_merge(plan_merge([b, a]), out)
    assert read_plans(out / PLAIN.slug) == [first, more, look]


def scale(sets: int) -> Scale:
    of = {"value": 5.0, "higher_is_better": False, "features": "eye", "n": 9, "reference_n": 9}
    scored = Scored.model_validate({"scores": {"fd-eye": of | {"reference": "train"}}})
    return Scale(real=None, bad=dict.fromkeys(BAD_SETS[:sets], scored))


def test_the_most_complete_scale_is_kept_and_a_difference_is_said(
    a: Path, b: Path, out: Path
) -> None:
    for folder, sets in ((a, 1), (b, 3)):
        write_cell(folder, "dcgan")
        write_scale(folder / PLAIN.slug, scale(sets))
    merge = plan_merge([a, b])
    assert "the scales of" in merge.notes[0]
    write_merge(merge, out)
    assert read_scale(out / PLAIN.slug) == scale(3)
    (a / PLAIN.slug / SCALE).write_text("{")
    assert "it is left out" in plan_merge([a, b]).notes[0]


ENTRY = f"{PLAIN.slug}/entries/mine/entry.json"
SCALE_OF_ADDED = f"{PLAIN.slug}/evaluations/fid/scale.json"


@pytest.mark.parametrize("name", [ENTRY, SCALE_OF_ADDED])
@pytest.mark.parametrize(
    ("one", "other", "conflicts"),
    [
        ('{"name": 1}', '{"name": 1}', 0),
        ('{"name": 1, "ended": "today"}', '{"name": 1, "ended": "now"}', 0),
        ('{"name": 1}', '{"name": 2}', 1),
        ("{", '{"name": 1}', 1),
    ],
)
def test_entries_and_evaluations_of_one_name_are_equal_or_a_conflict(
    name: str, one: str, other: str, conflicts: int, a: Path, b: Path
) -> None:
    for folder, content in ((a, one), (b, other)):
        write_cell(folder, "dcgan")
        (folder / name).parent.mkdir(parents=True)
        (folder / name).with_name("evaluation.json").write_text("{}")
        (folder / name).write_text(content)
    merge = plan_merge([a, b])
    assert merge.files[Path(name)] == a / name
    said = [f"{name} is in {a / name} and {b / name}: they differ"]
    assert merge.conflicts == said * conflicts
    assert (merge.entries, merge.evaluations) == ((1, 0) if name == ENTRY else (0, 1))


def test_a_protocol_that_cannot_be_read_stops_the_merge(a: Path, b: Path) -> None:
    write_cell(a, "dcgan")
    write_cell(b, "dense")
    (b / PLAIN.slug / PROTOCOL).write_text("{")
    with pytest.raises(StorageError, match=PROTOCOL):
        plan_merge([a, b])
