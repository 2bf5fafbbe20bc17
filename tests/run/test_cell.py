"""One cell as a command over a directory, with a plugin that is small enough to run in here."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from planning import SAMPLES, SCHEDULE, LayCell
from safetensors import safe_open
from safetensors.torch import load_file

from gan_bench import Architecture, StorageError
from gan_bench import catalogue as catalogues
from gan_bench.base import rng
from gan_bench.base.numbers import CURVE_COLUMNS
from gan_bench.data.cache import prepare
from gan_bench.data.source import files_at
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import (
    CELL,
    CURVE,
    GENERATOR,
    INFLUENCE,
    RECORD,
    SHOWN,
    SHOWN_INDEX,
    SPEED,
    STARTS,
    TICKS,
)  # fmt: skip
from gan_bench.results.layout import SAMPLES as SAMPLES_FOLDER
from gan_bench.results.reading import read_lines
from gan_bench.results.records import Verdict, VerdictKind, read_record
from gan_bench.results.shown import WALK, WALK_SIDE, sheet_name
from gan_bench.run import cell
from gan_bench.run.cell import run_cell
from gan_bench.train.samples import grid
from gan_bench.train.walk import square_walk

pytestmark = pytest.mark.usefixtures("one_thread")


def everything(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


# A cell that finishes


def test_a_cell_leaves_all_that_the_layout_names(lay: LayCell) -> None:
    folder = lay()
    assert run_cell(folder) == 0
    assert list(everything(folder)) == [
        CELL, CURVE, GENERATOR, INFLUENCE, RECORD,
        *(f"{SAMPLES_FOLDER}/000000.{kimg}.png" for kimg in ("040", "080", "120", "160")),
        *(f"{SHOWN}/{name}" for name in (WALK, sheet_name("brightness"), SHOWN_INDEX)),
        SPEED, STARTS, TICKS,
    ]  # fmt: skip
    curve, speed = read_lines(folder / CURVE), read_lines(folder / SPEED)
    assert list(curve[0]) == ["step", "kimg", *CURVE_COLUMNS]
    assert list(speed[0]) == ["kimg", "seconds", "images_per_second", "tick_seconds"]
    assert [row["step"] for row in curve] == list(range(1, 21))
    assert [row["kimg"] for row in curve] == [row["kimg"] for row in speed]
    assert curve[-1]["kimg"] == 0.16


def test_the_record_says_what_was_done_and_what_it_took(lay: LayCell) -> None:
    folder = lay(seed=3)
    run_cell(folder)
    record = read_record(folder)
    assert (record.architecture, record.loss, record.seed) == ("tiny", "plain", 3)
    assert (record.status, record.reason) == ("finished", None)
    assert record.details == {"brightness": "every pixel alike"}
    score = record.scores["brightness"]
    assert (score.n, score.reference, score.reference_n) == (SAMPLES, "train", 36)
    assert (score.features, score.higher_is_better) == ("eye", True)
    assert record.cost is not None
    assert record.cost.g_parameters == 6 * 8 + 8 + 2 * 8 + 8 * 192 + 192
    assert record.cost.d_parameters == 192 + 1
    assert record.cost.train_seconds > 0
    assert record.cost.images_per_second == pytest.approx(160 / record.cost.train_seconds, rel=0.1)
    assert 10 < record.cost.peak_memory_mib < 100_000
    assert record.versions == catalogues.versions()
    assert record.device == "cpu (1 thread)"
    assert record.machine.keys() == {"processor", "instructions", "threads", "torch", "system"}
    assert all(record.machine.values())
    assert record.machine["threads"] == "1"
    assert torch.backends.cpu.get_cpu_capability() in record.machine["instructions"]


def test_the_generator_can_be_rebuilt_from_its_file_and_makes_the_same_images(lay: LayCell) -> None:
    folder = lay()
    run_cell(folder)
    path = folder / GENERATOR
    with safe_open(path, "pt") as opened:
        said = " ".join(opened.metadata().values())
    assert all(word in said for word in ("tiny", "6", "3x8x8"))
    known = catalogues.load([folder.parents[4] / "plugin.py"])
    G = known.find(Architecture, "tiny").generator((3, 8, 8))
    G.load_state_dict(load_file(path))
    z = torch.from_numpy(rng.normal(0, "z-eval", SAMPLES, 6))
    with torch.no_grad():
        made = ((G.eval()(z) + 1) * 127.5).round().numpy()
    shown = tiles(folder / SAMPLES_FOLDER / "000000.160.png", 8, 64)
    assert np.abs(made[:64] - shown).max() <= 1
    reference = prepare(files_at(folder.parents[4] / "shapes"), 8).train
    brightness = read_record(folder).scores["brightness"].value
    assert brightness == pytest.approx(made.mean() - reference.mean(), abs=0.01)


def test_a_generator_with_tied_weights_is_kept(lay: LayCell) -> None:
    folder = lay("tied")
    run_cell(folder)
    assert read_record(folder).reason is None


# The same, and other


def test_two_runs_of_one_cell_leave_the_same_bytes_and_one_of_another_seed_others(
    lay: LayCell,
) -> None:
    one, other, third = lay(results="one"), lay(results="other"), lay(seed=1)
    for folder in (one, other, third):
        assert run_cell(folder) == 0
        torch.randn(5)
    mine, yours, theirs = map(everything, (one, other, third))
    index = f"{SHOWN}/{SHOWN_INDEX}"
    assert mine[index] == yours[index]
    for name in mine.keys() - {RECORD, SPEED, STARTS, index}:
        assert mine[name] == yours[name] != theirs[name], name
    assert read_record(one).scores == read_record(other).scores


def test_every_architecture_is_looked_at_with_the_same_z_of_its_seed(
    lay: LayCell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seed in (("tiny", 0), ("wide", 0), ("tiny", 1)):
        spy = tmp_path / f"{name}{seed}"
        monkeypatch.setenv("SPY", str(spy))
        run_cell(lay(name, seed=seed))
        seen = np.frombuffer(spy.read_bytes(), np.float32).reshape(-1, 6)
        z = rng.normal(seed, "z-eval", SAMPLES, 6)
        # less the two images that every pair is tested on
        looks = np.concatenate([z[:64]] * 4 + [z])
        assert np.array_equal(seen[2 : 2 + len(looks)], looks)
        walk = square_walk(rng.normal(seed, "z-walk", 4, 6), WALK_SIDE)
        assert np.array_equal(seen[2 + len(looks) :][: len(walk)], walk)


def test_the_number_of_ticks_changes_no_byte_of_the_curve(lay: LayCell) -> None:
    few, many = lay(), lay(schedule=SCHEDULE.model_copy(update={"ticks": 20}))
    for folder in (few, many):
        run_cell(folder)
    assert few.parents[2] != many.parents[2]
    for name in (CURVE, GENERATOR):
        assert (few / name).read_bytes() == (many / name).read_bytes()
    assert len(list((many / SAMPLES_FOLDER).iterdir())) == 20


def test_a_cell_with_a_record_is_not_touched(lay: LayCell) -> None:
    folder = lay()
    run_cell(folder)
    before = everything(folder)
    (folder / CELL).unlink()  # it is not even read
    del before[CELL]
    assert run_cell(folder) == 0
    assert everything(folder) == before


def test_a_cell_that_was_cut_off_begins_anew(lay: LayCell) -> None:
    whole, cut = lay(results="whole"), lay(results="cut")
    run_cell(whole)
    append_line(cut / CURVE, {"step": 1})
    (cut / SPEED).write_text("half a li")
    run_cell(cut)
    assert (cut / CURVE).read_bytes() == (whole / CURVE).read_bytes()
    assert len(read_lines(cut / SPEED)) == 20


# A cell that does not


def test_a_diverged_cell_has_its_reason_and_what_came_before_and_no_score(lay: LayCell) -> None:
    folder = lay(loss="diverging")
    assert run_cell(folder) == 0  # an outcome, not a fault
    record = read_record(folder)
    assert record.status == "diverged"
    assert re.match(r"loss_d, .*not finite from step 5$", record.reason or "")
    assert record.scores == {}
    assert record.cost is not None
    assert [row["step"] for row in read_lines(folder / CURVE)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("holds", "found"), [(None, True), ("degraded", True), ("collapsed", False)]
)
def test_a_collapse_that_holds_at_the_end_keeps_its_date(
    holds: VerdictKind | None, found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cell, "draw", lambda *_: None)
    seen = SimpleNamespace(fault=("collapsed", "all 12 images of G are the same"))
    session: Any = SimpleNamespace(
        schedule=SCHEDULE, holds=holds and Verdict(kind=holds, kimg=0.04, reason="")
    )
    evaluator: Any = SimpleNamespace(measure=lambda *_, **__: seen)
    training: Any = SimpleNamespace(step=4)
    given: Any = None
    measured, verdict = cell._measure(training, evaluator, given, session)
    assert measured is seen
    assert (verdict is not None) == found


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"architecture": "broken"}, "ValueError: no such | thing as this"),
        ({"architecture": "flat"}, "the generator of flat must give (2, 3, 8, 8) float32, it gave"),
        ({"metric": "breaking"}, "the metric breaking failed: ValueError: the eigenvalues are"),
        ({"architecture": "unheard-of"}, "no architecture is called 'unheard-of'. Installed: "),
    ],
)
def test_a_cell_that_fails_leaves_a_record_with_its_reason(
    more: dict[str, str], reason: str, lay: LayCell, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = lay(**more)
    assert run_cell(folder) == 3
    record = read_record(folder)
    assert record.status == "failed"
    assert (record.reason or "").startswith(reason)
    assert (record.scores, record.cost) == ({}, None)
    assert "Traceback (most recent call last)" in capfd.readouterr().err
    assert run_cell(folder) == 3  # and it stays so


def test_a_data_set_that_has_changed_since_the_plan_is_refused(lay: LayCell, shapes: Path) -> None:
    folder = lay()
    for k in range(10):
        (shapes / f"{k:03d}.png").unlink()
    assert run_cell(folder) == 3
    reason = read_record(folder).reason or ""
    assert reason.startswith("the data set shapes has changed since this protocol was planned")
    assert "(36 then, 27 training images now; fingerprint " in reason
    assert not (folder / CURVE).exists()


def test_an_image_that_was_replaced_is_said_to_have_other_pixels(
    lay: LayCell, shapes: Path
) -> None:
    folder = lay()
    first = min(shapes.iterdir())
    with Image.open(first) as image:
        image.rotate(90).save(first)
    assert run_cell(folder) == 3
    assert "(other pixels; fingerprint " in (read_record(folder).reason or "")


def test_a_folder_without_a_cell_says_so(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot read .*cell\.json: No such file"):
        run_cell(tmp_path)


# Pictures


def tiles(path: Path, side: int, count: int) -> np.ndarray:
    """The images of a sample grid: (count, 3, side, side)."""
    with Image.open(path) as opened:
        sheet = np.asarray(opened.convert("RGB")).astype(int)
    step = side + 2
    corners = [(2 + step * (k // 8), 2 + step * (k % 8)) for k in range(count)]
    cut = [sheet[top : top + side, left : left + side] for top, left in corners]
    return np.stack(cut).transpose(0, 3, 1, 2)


def test_a_grid_is_eight_in_a_row_two_white_pixels_apart(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (20, 1, 5, 5), dtype=np.uint8)
    path = tmp_path / "grid.png"
    path.write_bytes(grid(pixels))
    with Image.open(path) as opened:
        assert opened.size == (8 * 7 + 2, 3 * 7 + 2)
    assert np.array_equal(tiles(path, 5, 20), np.broadcast_to(pixels, (20, 3, 5, 5)))
