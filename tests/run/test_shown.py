"""The pictures that a cell keeps: the same bytes in every run, of the G that was measured."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from planning import SAMPLES, AfterTwelve, LayCell

from gan_bench import Evidence, Metric, Samples, StorageError
from gan_bench.base import pictures
from gan_bench.catalogue import Catalogue
from gan_bench.measure.evidence import Evidences
from gan_bench.results import shown as results_shown
from gan_bench.results.layout import CELL, GENERATOR, RECORD, SHOWN, SHOWN_INDEX
from gan_bench.results.records import read_record
from gan_bench.results.shown import WALK, WALK_SIDE, Sheet, read_shown, sheet_name
from gan_bench.run import shown
from gan_bench.run.cell import run_cell
from gan_bench.run.check_measuring import check_metric
from gan_bench.run.measuring import load_generator
from gan_bench.run.plan_measuring import MeasureRequest
from gan_bench.run.shown import Drawing, draw_shown
from gan_bench.run.task import Task, read_task
from gan_bench.run.whole_drawing import draw_cells, to_draw
from gan_bench.train.samples import Latents, generate, latents
from gan_bench.train.session import Stopped
from gan_bench.train.state import Training

pytestmark = pytest.mark.usefixtures("one_thread")

SHEET = Evidence(says="two", fake=np.array([[65], [3]]), train=np.array([[0], [1]]))


def pictures_of(cell: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (cell / SHOWN).iterdir()}


def measured(cell: Path) -> tuple[Task, Training, Latents]:
    """The G of a trained cell, and what it was measured with."""
    task = read_task(cell)
    training = task.begin()
    load_generator(training, cell)
    return task, training, latents(training, task.cell.seed, SAMPLES, task.labels)


@pytest.fixture
def trained(lay: LayCell) -> Path:
    folder = lay()
    assert run_cell(folder) == 0
    return folder


def test_a_cell_keeps_the_same_pictures_in_every_run_and_after_a_stop(
    trained: Path, lay: LayCell
) -> None:
    cut = lay(results="cut")
    with pytest.raises(Stopped):
        run_cell(cut, AfterTwelve())
    assert not (cut / SHOWN).exists()
    assert run_cell(cut) == 0
    assert set(pictures_of(trained)) == {WALK, sheet_name("brightness"), SHOWN_INDEX}
    assert pictures_of(cut) == pictures_of(trained)
    assert read_record(trained).notes == ()
    assert read_shown(trained) == results_shown.Shown(
        walk=True,
        sheets=(Sheet(metric="brightness", says="the brightest", headings=(), rows=3, columns=2),),
    )


def test_cells_of_older_versions_are_drawn_as_if_they_had_been_at_once(trained: Path) -> None:
    home, first = trained.parents[2], pictures_of(trained)
    assert to_draw(home) == []
    assert to_draw(home, again=True) == [trained]
    (trained / SHOWN / SHOWN_INDEX).unlink()
    record = (trained / RECORD).read_bytes()
    (drawn,) = draw_cells(home, to_draw(home), MeasureRequest(device="cpu"))
    assert (drawn.notes, drawn.failed) == ((), False)
    assert pictures_of(trained) == first
    assert (trained / RECORD).read_bytes() == record


def test_a_cell_without_its_files_is_named_and_keeps_what_it_has(trained: Path) -> None:
    for lost in (GENERATOR, CELL):
        (trained / lost).unlink()
        (drawn,) = draw_cells(trained.parents[2], [trained], MeasureRequest(device="cpu"))
        assert drawn.failed
        assert lost in drawn.notes[0]
    assert read_shown(trained) is not None


def test_a_sheet_has_the_images_that_were_measured_beside_training_images(trained: Path) -> None:
    task, training, given = measured(trained)
    training.G.train()
    before = torch.get_rng_state(), {k: v.clone() for k, v in training.ema.state_dict().items()}
    assert draw_shown(trained, task, training, given, Evidences({"two": SHEET})) == []
    assert torch.equal(torch.get_rng_state(), before[0])
    assert all(torch.equal(v, training.ema.state_dict()[k]) for k, v in before[1].items())
    assert training.G.training
    made = generate(training, given, task.schedule.batch)
    train = task.prepared.train
    expected = np.stack([made[65], train[0], made[3], train[1]])
    assert pictures_of(trained)["two.webp"] == pictures.webp(pictures.tiled(expected, 2))


@pytest.mark.parametrize(
    ("evidence", "status", "said"),
    [
        (lambda _: Evidence(says="look", fake=np.array([[5]])), "ok", "look"),
        (lambda _: Evidence(says="look", fake=np.array([[999]])), "failed", "row number 999"),
        (lambda _: 7, "failed", "it must be an Evidence, not 7"),
    ],
)
def test_the_check_of_a_plugin_asks_for_evidence(
    evidence: Callable[[Samples], Evidence], status: str, said: str
) -> None:
    offer = Metric(
        name="mine",
        source="a test",
        higher_is_better=True,
        compute=lambda samples: float(samples.fake.mean()),
        evidence=evidence,
    )
    (check,) = (each for each in check_metric(offer, Catalogue()) if each.name == "evidence")
    assert check.status == status
    assert said in check.detail


def test_a_walk_has_other_corners_for_another_seed_and_one_class(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, training, given = measured(trained)
    seen = list[Latents]()

    def made(_: Training, given: Latents, batch: int) -> Iterator[torch.Tensor]:
        seen.append(given)
        yield torch.zeros((len(given), 3, 100, 80), dtype=torch.uint8)

    monkeypatch.setattr(shown, "draw", made)
    classes = Latents(given.z, np.resize([4, 2, 3], len(given)))
    walk = Drawing(task, training, classes).walk()
    other = task.cell.model_copy(update={"seed": 1})
    Drawing(replace(task, cell=other), training, given).walk()
    assert Image.open(io.BytesIO(walk)).size == (16 * 51, 16 * 64)  # reduced
    assert [len(each) for each in seen] == [WALK_SIDE**2] * 2
    assert not np.array_equal(seen[0].z, seen[1].z)
    assert seen[0].labels is not None
    assert set(seen[0].labels) == {2}
    assert seen[1].labels is None


def test_a_diverged_cell_has_no_pictures_and_loses_those_of_an_earlier_training(
    lay: LayCell,
) -> None:
    folder = lay(loss="diverging")
    (folder / SHOWN).mkdir()
    for name in (WALK, SHOWN_INDEX):
        (folder / SHOWN / name).write_text("{}")
    run_cell(folder)
    assert read_record(folder).status == "diverged"
    assert pictures_of(folder) == {}


def test_a_picture_that_cannot_be_drawn_costs_a_note(
    lay: LayCell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> bytes:
        raise ValueError("no such codec")

    monkeypatch.setattr(shown.Drawing, "walk", broken)
    folder = lay()
    assert run_cell(folder) == 0
    record = read_record(folder)
    assert record.scores
    assert record.notes == ("there is no picture of the walk through z: ValueError: no such codec",)
    kept = read_shown(folder)
    assert kept is not None
    assert not kept.walk
    assert len(kept.sheets) == 1


def test_a_disk_that_takes_no_picture_leaves_the_cell_to_go_on(
    lay: LayCell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _: bytes) -> None:
        raise StorageError(f"cannot write {path}: no space left")

    folder = lay()
    with monkeypatch.context() as patched:
        patched.setattr(results_shown, "write_bytes", full)
        with pytest.raises(StorageError, match="no space left"):
            run_cell(folder)
    assert not (folder / RECORD).exists()
    assert run_cell(folder) == 0
    assert read_shown(folder) is not None
