"""A plugin, a package or a file, that is edited between two runs of the same cells."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import tiny
from gan_bench import UsageError
from gan_bench import catalogue as catalogues
from gan_bench.results.atomic import make_folder
from gan_bench.results.layout import CHECKPOINTS, RECORD
from gan_bench.results.records import Record, read_record, write_record
from gan_bench.run.folders import folders_of, lay_out
from gan_bench.run.parts import code_of, identity, trained_by_other_code, training_parts
from gan_bench.run.plan import Planned, make_plan
from gan_bench.run.preflight import preflight
from gan_bench.run.scheduler import run_cells
from gan_bench.train.checkpoint import Checkpoints, Foreign
from given import Draw, Install


@dataclass
class Edited:
    """Cells of two architectures of one plugin, whose file is edited."""

    path: Path
    planned: Planned
    results: Path
    files: tuple[Path, ...]

    @property
    def folders(self) -> list[Path]:
        return folders_of(self.planned, self.results)

    def edit(self) -> None:
        self.path.write_text(self.path.read_text().replace("nn.Dropout(0.1)", "nn.Dropout(0.2)"))

    def checkpoints(self, folder: Path) -> Checkpoints:
        """Those of the code as it is now."""
        cell = self.planned.plan.cells[self.folders.index(folder)]
        names = identity(cell, self.planned.plan.protocol, catalogues.load(self.files))
        return Checkpoints(folder / CHECKPOINTS, names)

    def begin(self, folder: Path) -> None:
        make_folder(folder / CHECKPOINTS)
        self.checkpoints(folder).save(1, {"step": 1})


@pytest.fixture(params=["file", "package"])
def edited(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    draw_shapes: Draw,
    install: Install,
    monkeypatch: pytest.MonkeyPatch,
) -> Edited:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    shapes, path = draw_shapes(tmp_path / "shapes"), tiny.write_plugin(tmp_path)
    files: tuple[Path, ...] = (path,)
    if request.param == "package":
        install("tiny-package", path.read_text())
        path, files = tmp_path / "site" / "tiny_package.py", ()
        monkeypatch.setenv("PYTHONPATH", str(path.parent), prepend=os.pathsep)
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
    asked = tiny.request_for(path, shapes, plugins=files, architectures=("tiny", "wide"))
    planned = make_plan(asked, catalogues.load(files))
    lay_out(planned, tmp_path / "results")
    return Edited(path, planned, tmp_path / "results", files)


def fail(edited: Edited, folder: Path) -> None:
    """It fails after its first checkpoint."""
    edited.begin(folder)
    document = {"architecture": folder.parts[-3], "loss": folder.parts[-2], "seed": 0}
    record = Record.model_validate(document | {"status": "failed", "ended": "now"})
    write_record(folder, record)


def test_a_checkpoint_is_refused_with_the_file_that_changed(edited: Edited) -> None:
    folder, _ = edited.folders
    edited.begin(folder)
    edited.checkpoints(folder).check()
    edited.edit()
    with pytest.raises(Foreign) as refusal:
        edited.checkpoints(folder).check()
    said = str(refusal.value)
    assert f"({edited.path.name} of the architecture tiny: SHA-256 " in said
    assert f"delete {folder / CHECKPOINTS} to train this cell anew" in said


def test_to_retry_after_mending_begins_that_cell_anew_and_stops_no_other(edited: Edited) -> None:
    failed, other = edited.folders
    fail(edited, failed)
    edited.edit()
    lay_out(edited.planned, edited.results)
    assert list((failed / CHECKPOINTS).iterdir())  # unasked, all stays as it was
    lay_out(edited.planned, edited.results, retry_failed=True)
    assert not list((failed / CHECKPOINTS).iterdir())
    list(run_cells(tiny.INSIDE, edited.folders))
    assert {read_record(folder).status for folder in (failed, other)} == {"finished"}
    (digest,) = {
        sha for code in read_record(failed).code if code.trains for name, sha in code.files.items()
        if name == edited.path.name
    }  # fmt: skip
    assert edited.checkpoints(failed).identity[f"{edited.path.name} of the architecture tiny"] == (
        f"SHA-256 {digest}"
    )


def test_to_retry_without_an_edit_goes_on_from_the_checkpoint(edited: Edited) -> None:
    folder, _ = edited.folders
    fail(edited, folder)
    lay_out(edited.planned, edited.results, retry_failed=True)
    assert not (folder / RECORD).exists()
    assert list((folder / CHECKPOINTS).iterdir())


@pytest.mark.parametrize("edited", ["package"], indirect=True)  # the harder one for a process
def test_a_begun_cell_of_other_code_is_left_as_it_is_and_the_others_go_on(edited: Edited) -> None:
    begun, other = edited.folders
    edited.begin(begun)
    edited.edit()
    tiny.say_trained(other)
    said: list[str] = []
    refused = preflight(edited.folders, begun.parents[2], said.append)
    assert list(refused) == [begun]
    assert f"{edited.path.name} of the architecture tiny: SHA-256 " in said[0]
    assert list((begun / CHECKPOINTS).iterdir())
    edited.begin(other)
    edited.path.write_text(edited.path.read_text() + "\n")
    with pytest.raises(UsageError, match="is of another training"):
        preflight(edited.folders, begun.parents[2])


def test_a_run_says_that_done_cells_were_trained_by_older_code(edited: Edited) -> None:
    plan, folders = edited.planned.plan, edited.folders
    for cell, folder in zip(plan.cells, folders, strict=True):
        code = code_of(training_parts(cell, plan.protocol), catalogues.load(edited.files))
        names = {"architecture": cell.architecture, "loss": cell.loss, "seed": cell.seed}
        document = names | {"status": "finished", "ended": "now"}
        write_record(folder, Record.model_validate(document).model_copy(update={"code": code}))
    assert trained_by_other_code(plan, folders, catalogues.load(edited.files)) is None
    edited.edit()
    said = trained_by_other_code(plan, folders, catalogues.load(edited.files))
    assert (said or "").startswith(f"{edited.path.name} has been edited since tiny / ")
    assert "and one more cell was trained" in (said or "").replace("1 more cell", "one more cell")
