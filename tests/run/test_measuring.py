"""Trained cells are measured in another way, and nothing is trained again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from planning import SAMPLES, LayCell, Plan

from gan_bench import DataError, StorageError, UsageError
from gan_bench.contract.protocol import Cell, Evaluation, MetricSpec
from gan_bench.results.layout import (
    CELL,
    EVALUATION,
    GENERATOR,
    INFLUENCE,
    RECORD,
    SCALE,
    SCORES,
    evaluation_dir,
    protocol_folder_of,
    protocol_of,
)
from gan_bench.results.measurements import (
    ask_for,
    complete,
    read_evaluation,
    read_measurement,
    waiting,
)
from gan_bench.results.reading import read_model
from gan_bench.results.records import read_record
from gan_bench.results.scale import read_scale
from gan_bench.run import measuring
from gan_bench.run.cell import run_cell
from gan_bench.run.folders import folders_of, lay_out
from gan_bench.run.plan_measuring import MeasureRequest, at_home, plan_measuring

pytestmark = pytest.mark.usefixtures("one_thread")

BRIGHTNESS = MetricSpec(name="brightness", higher_is_better=True, features="eye")


def added(cell: Path, **changed: object) -> Evaluation:
    """The protocol's evaluation with other fields, beside it."""
    home = protocol_of(cell).evaluation
    return home.model_copy(update=changed).beside(home)


def ask(cell: Path, evaluation: Evaluation) -> str:
    ask_for(cell, evaluation, read_model(cell / CELL, Cell).environment)
    return evaluation.slug


@pytest.fixture
def trained(lay: LayCell) -> Path:
    folder = lay()
    assert run_cell(folder) == 0
    return folder


def test_the_same_evaluation_gives_the_scores_of_the_training_to_the_last_bit(
    trained: Path,
) -> None:
    slug = ask(trained, added(trained))
    assert run_cell(trained) == 0
    measured, record = read_measurement(trained, slug), read_record(trained)
    assert measured is not None
    assert measured.scores == record.scores
    assert measured.details == record.details
    influence = evaluation_dir(trained, slug) / INFLUENCE
    assert influence.read_bytes() == (trained / INFLUENCE).read_bytes()


def test_a_cell_gets_scores_by_every_evaluation_and_is_not_trained_again(trained: Path) -> None:
    before = {name: (trained / name).read_bytes() for name in (RECORD, GENERATOR)}
    few, held_out = added(trained, samples=12), added(trained, reference="held-out")
    slugs = [ask(trained, each) for each in (few, held_out)]
    assert waiting(trained) == sorted(slugs)
    assert not complete(trained)
    run_cell(trained)
    assert complete(trained)
    assert before == {name: (trained / name).read_bytes() for name in before}
    scores = [read_measurement(trained, slug).scores["brightness"] for slug in slugs]  # type: ignore[union-attr]
    assert [score.n for score in scores] == [12, SAMPLES]
    assert [score.reference for score in scores] == ["train", "held-out"]
    for slug in slugs:
        home = evaluation_dir(protocol_folder_of(trained), slug)
        assert read_model(home / EVALUATION, Evaluation).slug == slug
        assert read_scale(home) is not None
        assert (home / SCALE).exists()


def test_a_measured_cell_is_left_alone(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slug = ask(trained, added(trained, samples=12))
    run_cell(trained)
    monkeypatch.setattr(measuring, "_measured", lambda *_: pytest.fail("measured twice"))
    assert ask(trained, added(trained, samples=12)) == slug
    run_cell(trained)


@pytest.mark.parametrize("fault", ["lost", "cut", "of another G"])
def test_weights_that_do_not_fit_cost_the_scores_of_their_cell_alone(
    trained: Path, fault: str
) -> None:
    path = trained / GENERATOR
    content = path.read_bytes()
    slug = ask(trained, added(trained, samples=12))
    if fault == "lost":
        path.unlink()
    elif fault == "cut":
        path.write_bytes(content[:-9])
    else:
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        name = next(key for key in header if key != "__metadata__")
        header[f"{name[:-1]}X"] = header.pop(name)
        path.write_bytes(
            content[:8] + json.dumps(header).encode().ljust(length) + content[8 + length :]
        )
    run_cell(trained)
    measured = read_measurement(trained, slug)
    assert measured is not None
    assert not measured.scores
    assert "generator.safetensors" in measured.unscored["brightness"]
    assert complete(trained)


def test_a_disk_that_takes_no_scores_leaves_the_cell_waiting(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageError("the disk is full")

    slug = ask(trained, added(trained, samples=12))
    with monkeypatch.context() as patched:
        patched.setattr(measuring, "write_measurement", full)
        with pytest.raises(StorageError, match="full"):
            run_cell(trained)
    assert waiting(trained) == [slug]
    run_cell(trained)
    assert complete(trained)


def test_a_cell_that_diverged_has_no_scores_by_any_evaluation(lay: LayCell) -> None:
    folder = lay(loss="diverging")
    run_cell(folder)
    assert read_record(folder).status == "diverged"
    slug = ask(folder, added(folder, samples=12))
    run_cell(folder)
    measured = read_measurement(folder, slug)
    assert measured is not None
    assert (measured.scores, measured.unscored) == ({}, {})


# Planned by `measure`


def test_what_is_not_said_is_as_in_the_training(trained: Path) -> None:
    home = protocol_folder_of(trained)
    planned = plan_measuring(home, MeasureRequest(samples=12, device="cpu"))
    evaluation, own = planned.protocol.evaluation, protocol_of(trained).evaluation
    assert evaluation.samples == 12
    assert (evaluation.metrics, evaluation.reference) == (own.metrics, own.reference)
    assert evaluation.at_ticks == own.at_ticks
    assert list(planned.cells) == [trained]
    planned.lay_out()
    assert waiting(trained) == [planned.slug]


def test_the_way_of_the_training_is_refused_and_an_untrained_protocol_too(
    trained: Path, lay: LayCell
) -> None:
    with pytest.raises(UsageError, match="was measured in this way when it was trained: name anot"):
        plan_measuring(protocol_folder_of(trained), MeasureRequest(device="cpu"))
    untrained = protocol_folder_of(lay(results="others"))
    with pytest.raises(UsageError, match=r"no cell of .* is trained: `gan-bench run` trains them"):
        plan_measuring(untrained, MeasureRequest(samples=12, device="cpu"))


def test_other_images_than_those_of_the_training_are_refused_at_once(
    trained: Path, shapes: Path, tmp_path: Path
) -> None:
    others = tmp_path / "others"
    others.mkdir()
    for path in sorted(shapes.iterdir())[:-2]:
        shutil.copy(path, others)
    request = MeasureRequest(samples=12, device="cpu", data=others)
    home = protocol_folder_of(trained)
    with pytest.raises(DataError, match=r"has changed since this protocol was plan.* with --data$"):
        plan_measuring(home, request)
    shapes.rename(tmp_path / "moved")
    with pytest.raises(DataError, match=r"there is no .*shapes, .* give them with --data$"):
        plan_measuring(home, MeasureRequest(samples=12, device="cpu"))
    moved = MeasureRequest(samples=12, device="cpu", data=tmp_path / "moved")
    assert list(plan_measuring(home, moved).cells) == [trained]
    assert complete(trained)


def test_what_failed_is_measured_again_and_what_has_scores_if_asked(trained: Path) -> None:
    planned = plan_measuring(protocol_folder_of(trained), MeasureRequest(samples=12, device="cpu"))
    planned.lay_out()
    content = (trained / GENERATOR).read_bytes()
    (trained / GENERATOR).unlink()
    run_cell(trained)
    (trained / GENERATOR).write_bytes(content)
    assert not waiting(trained)
    planned.lay_out()
    assert waiting(trained) == [planned.slug]
    run_cell(trained)
    planned.lay_out()
    assert not waiting(trained)
    planned.lay_out(again=True)
    assert waiting(trained) == [planned.slug]


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_damaged_file_of_the_evaluation_is_written_again(trained: Path, content: str) -> None:
    home = protocol_folder_of(trained)
    planned = plan_measuring(home, MeasureRequest(samples=12, device="cpu"))
    planned.lay_out()
    (evaluation_dir(home, planned.slug) / EVALUATION).write_text(content)
    planned.lay_out()
    assert read_evaluation(home, planned.slug) == planned.protocol.evaluation


@pytest.mark.parametrize("content", [None, "", "{"])
def test_a_cell_that_does_not_say_where_it_was_trained_is_left_out(
    trained: Path, content: str | None
) -> None:
    home = protocol_folder_of(trained)
    other = trained.with_name("seed7")
    shutil.copytree(trained, other)
    (other / CELL).unlink()
    if content is not None:
        (other / CELL).write_text(content)
    planned = plan_measuring(home, MeasureRequest(samples=12, device="cpu"))
    assert list(planned.cells) == [trained]
    assert [note for note in planned.notes if "seed7 is not measured: " in note]
    shutil.rmtree(trained)
    with pytest.raises(UsageError, match=r"no cell of .* can be measured: .*cell\.json"):
        plan_measuring(home, MeasureRequest(samples=12, device="cpu"))


# Planned by `run`


def test_another_metric_goes_to_the_cells_that_are_trained(plan: Plan, tmp_path: Path) -> None:
    first = at_home(plan(features=("pixels",), metrics=("fd",)), tmp_path)
    lay_out(first, tmp_path)
    second = at_home(plan(features=("pixels",), metrics=("kd",), seeds=2), tmp_path)
    assert first.evaluation is None
    assert second.plan.protocol == first.plan.protocol
    assert second.evaluation is not None
    assert second.evaluation.metrics[0].name == "kd-pixels"
    lay_out(second, tmp_path)
    old, new = folders_of(second, tmp_path)
    assert [old] == folders_of(first, tmp_path)
    assert waiting(old) == waiting(new) == [second.evaluation.slug]


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"metrics": ("kd",)}, False),  # the ticks are scored by it, and a rollback follows them
        ({"metrics": ("fd", "kd")}, True),
        ({"samples": 30}, False),  # the ticks are compared with as many real images
    ],
)
def test_where_a_verdict_ends_a_training_it_is_another_one_if_the_ticks_are(
    plan: Plan, tmp_path: Path, changed: dict[str, object], same: bool
) -> None:
    asked = {"features": ("pixels",), "metrics": ("fd",), "on_collapse": "rollback"}
    lay_out(at_home(plan(**asked), tmp_path), tmp_path)
    assert (at_home(plan(**asked | changed), tmp_path).evaluation is not None) == same
    assert at_home(plan(**asked | {"kimg": 99}), tmp_path).evaluation is None


def test_a_cell_that_is_trained_anew_is_measured_anew(plan: Plan, tmp_path: Path) -> None:
    lay_out(at_home(plan(metrics=("fd",), features=("pixels",)), tmp_path), tmp_path)
    planned = at_home(plan(metrics=("kd",), features=("pixels",)), tmp_path)
    lay_out(planned, tmp_path)
    (folder,) = folders_of(planned, tmp_path)
    (folder / RECORD).write_text("damaged")
    assert planned.evaluation is not None
    (evaluation_dir(folder, planned.evaluation.slug) / SCORES).write_text("{}")
    assert not waiting(folder)
    lay_out(planned, tmp_path, retry_failed=True)
    assert waiting(folder) == [planned.evaluation.slug]
