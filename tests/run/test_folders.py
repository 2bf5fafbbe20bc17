"""The folders of a plan: made, and kept from being mixed up."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from planning import Plan, Scripted, offer, record

from gan_bench import DataError, Preset, StorageError, UsageError
from gan_bench.catalogue import Catalogue
from gan_bench.results import reading
from gan_bench.results.layout import (
    CELL,
    CHECKPOINTS,
    CONTACT_SHEET,
    DATA_REPORT,
    PLANS,
    PROTOCOL,
    RECORD,
    protocol_of,
)
from gan_bench.results.plans import read_plans
from gan_bench.results.reading import read_model
from gan_bench.run.folders import check_writable, failed, folders_of, lay_out
from gan_bench.run.scheduler import run_cells

# Laying out


def test_a_plan_is_laid_out_as_files_that_say_all(plan: Plan, tmp_path: Path) -> None:
    planned = plan(architectures=("dense", "dcgan"))
    lay_out(planned, tmp_path / "results")
    root = tmp_path / "results" / planned.plan.protocol.slug
    folders = folders_of(planned, tmp_path / "results")
    assert folders == [root / arch / "non-saturating" / "seed0" for arch in ("dense", "dcgan")]
    for folder, cell in zip(folders, planned.plan.cells, strict=True):
        assert protocol_of(folder) == planned.plan.protocol
        assert read_model(folder / CELL, type(cell)) == cell
    assert (root / DATA_REPORT).exists()
    with Image.open(root / CONTACT_SHEET) as sheet:
        assert sheet.width > 12 * 64


def test_a_contact_sheet_is_drawn_once(plan: Plan, tmp_path: Path) -> None:
    planned = plan()
    lay_out(planned, tmp_path / "results")
    sheet = tmp_path / "results" / planned.plan.protocol.slug / CONTACT_SHEET
    sheet.write_bytes(b"drawn before")
    lay_out(planned, tmp_path / "results")
    assert sheet.read_bytes() == b"drawn before"


def test_an_outcome_stays_when_the_plan_is_laid_out_again_and_to_retry_takes_back_the_failed(
    plan: Plan, tmp_path: Path
) -> None:
    planned = plan(seeds=3)
    lay_out(planned, tmp_path)
    folders = folders_of(planned, tmp_path)
    for folder, status in zip(folders, ("finished", "failed", "diverged"), strict=True):
        record(folder, status)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("seed*/*.json")}
    lay_out(planned, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("seed*/*.json")} == written
    lay_out(planned, tmp_path, retry_failed=True)
    assert [(folder / RECORD).exists() for folder in folders] == [True, False, True]


def test_the_number_of_seeds_is_written_down_when_it_changes(plan: Plan, tmp_path: Path) -> None:
    for seeds in (1, 3, 3):
        planned = plan(seeds=seeds)
        lay_out(planned, tmp_path)
    plans = read_plans(tmp_path / planned.plan.protocol.slug)
    assert [each.seeds for each in plans] == [1, 3]


def test_to_try_whether_results_can_be_written_leaves_nothing_in_them(tmp_path: Path) -> None:
    check_writable(tmp_path / "results")
    assert list((tmp_path / "results").iterdir()) == []


# What is there already


def test_a_record_that_cannot_be_read_is_neither_written_over_nor_an_outcome(
    plan: Plan, tmp_path: Path, folders: list[Path]
) -> None:
    path = folders[0] / RECORD
    path.write_text('{"schema_number": 99}')
    lay_out(plan(seeds=2), tmp_path / "results")
    engine = Scripted(record)
    list(run_cells(engine.offer, folders))
    assert engine.given == [folders[1]]
    assert path.read_text() == '{"schema_number": 99}'
    assert [failed(folder) for folder in folders] == [True, False]


@pytest.mark.parametrize("name", [RECORD, CELL, PROTOCOL, PLANS])
def test_what_the_disk_does_not_give_is_not_taken_as_damaged(
    name: str, plan: Plan, tmp_path: Path, folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    record(folders[0], "finished")
    (folders[1] / CHECKPOINTS).mkdir()
    (folders[1] / CHECKPOINTS / "1.pt").touch()  # it was begun
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    to_open = os.open

    def refuse(path: Any, *given: Any, **named: Any) -> int:
        if Path(path).name == name:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return to_open(path, *given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(reading, "os", SimpleNamespace(**vars(os) | {"open": refuse}))
        with pytest.raises(StorageError, match=rf"cannot read .*{name}: Permission denied"):
            lay_out(plan(seeds=2), tmp_path / "results", retry_failed=True)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {path: after.get(path) for path in before} == before


def test_a_protocol_edited_by_hand_is_refused_with_what_differs(
    plan: Plan, tmp_path: Path, folders: list[Path]
) -> None:
    path = folders[0].parents[2] / PROTOCOL
    path.write_text(path.read_text().replace('"batch": 8', '"batch": 9'))
    with pytest.raises(UsageError, match=r"\(batch: 9 then, 8 now\): it was edited by h"):
        lay_out(plan(seeds=2), tmp_path / "results")


def test_a_damaged_protocol_is_written_again(
    plan: Plan, tmp_path: Path, folders: list[Path]
) -> None:
    path = folders[0].parents[2] / PROTOCOL
    before = path.read_bytes()
    path.write_bytes(before[:100])
    lay_out(plan(seeds=2), tmp_path / "results")
    assert path.read_bytes() == before


def begin(folder: Path) -> None:
    (folder / CHECKPOINTS).mkdir()
    (folder / CHECKPOINTS / "000000001.pt").touch()


def add_image(shapes: Path) -> None:
    shutil.copy(next(shapes.iterdir()), shapes / "zzz.png")


def remove_image(shapes: Path) -> None:
    next(shapes.iterdir()).unlink()


def edit_image(shapes: Path) -> None:
    Image.new("RGB", (24, 24), "red").save(next(shapes.iterdir()))


@pytest.mark.parametrize("change", [add_image, remove_image, edit_image])
@pytest.mark.parametrize(
    ("samples", "ticks"),
    [(20, 256), (None, 10), (None, 256), (None, 37)],
    ids=["samples asked for", "fewer images", "fewer images than ticks", "one image more or less"],
)
def test_a_data_set_that_changed_since_a_cell_was_begun_is_refused(
    change: Callable[[Path], None],
    samples: int | None,
    ticks: int,
    plan: Plan,
    known: Catalogue,
    shapes: Path,
    tmp_path: Path,
) -> None:
    """36 of 40 images are trained on, which limits the samples where the user set none."""
    quick = known.find(Preset, "quick")
    offer(known, replace(quick, tick_samples=ticks, samples=2048 if ticks != 37 else 37))
    results = tmp_path / "results"
    planned = plan(seeds=2, samples=samples)
    lay_out(planned, results)
    begun = folders_of(planned, results)[1]
    begin(begun)
    change(shapes)
    with pytest.raises(DataError, match=rf"shapes has changed since {begun} was begun"):
        lay_out(plan(seeds=2, samples=samples), results)
    assert len(list(results.iterdir())) == 1
    record(begun)  # nothing is left to go on with
    lay_out(plan(seeds=2, samples=samples), results)
    assert len(list(results.iterdir())) == 2


@pytest.mark.parametrize("asked", [{"kimg": 3.5}, {"size": 8}, {"samples": 21}, {"samples": None}])
def test_what_the_user_asks_for_otherwise_is_another_protocol_not_a_changed_data_set(
    asked: dict[str, Any], plan: Plan, tmp_path: Path, folders: list[Path]
) -> None:
    begin(folders[1])
    lay_out(plan(seeds=2, **asked), tmp_path / "results")
    assert len(list((tmp_path / "results").iterdir())) == 2


@pytest.mark.parametrize(("status", "left"), [("finished", 0), ("collapsed", 0), ("diverged", 2)])
def test_checkpoints_that_a_done_cell_could_not_delete_are_deleted_at_the_next_run(
    status: str, left: int, plan: Plan, tmp_path: Path
) -> None:
    planned = plan()
    lay_out(planned, tmp_path / "results")
    (folder,) = folders_of(planned, tmp_path / "results")
    record(folder, status)
    (folder / CHECKPOINTS).mkdir()
    for name in ("000000003.pt", "000000003.pt.sha256"):
        (folder / CHECKPOINTS / name).write_text("x")
    lay_out(planned, tmp_path / "results")
    assert len([*(folder / CHECKPOINTS).iterdir()]) == left
