"""The files of a cell on the way to a node and back, and a copy of its images."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from planning import Plan

from gan_bench import DataError, StorageError
from gan_bench.results.atomic import append_line, write_bytes
from gan_bench.results.layout import CELL, CHECKPOINTS, CURVE, HOUSEKEEPING, PROTOCOL, RECORD
from gan_bench.run.cell_files import CellFiles, cell_files, write_cell_files
from gan_bench.run.cell_images import images_of, keep_images, lacks_images
from gan_bench.run.folders import folders_of, lay_out
from gan_bench.run.task import read_task


@pytest.fixture
def copy(folders: list[Path], tmp_path: Path) -> Path:
    return tmp_path / "node" / folders[0].relative_to(tmp_path / "results")


def test_a_cell_arrives_whole_with_its_protocol(folders: list[Path], copy: Path) -> None:
    (folders[0] / HOUSEKEEPING[0]).touch()
    (folders[0] / ".x.part").touch()
    write_cell_files(copy, cell_files(folders[0]))
    assert {path.name for path in copy.iterdir()} == {CELL}
    assert (copy.parents[2] / PROTOCOL).read_bytes() == (
        folders[0].parents[2] / PROTOCOL
    ).read_bytes()


def test_only_what_is_new_comes_back_and_what_is_gone_is_deleted(
    folders: list[Path], copy: Path
) -> None:
    before = write_cell_files(copy, cell_files(folders[0]))
    assert not cell_files(copy, before)
    append_line(copy / CURVE, {"step": 1})
    write_bytes(_made(copy / CHECKPOINTS / "1.pt"), b"state")
    first = cell_files(copy, before)
    assert {Path(name).name for name in first.content} == {CURVE, "1.pt"}
    write_cell_files(folders[0], first)
    (copy / CHECKPOINTS / "1.pt").unlink()
    (folders[0] / "own.txt").touch()  # of a machine that the node knows nothing of
    second = cell_files(copy, CellFiles(stamps=first.stamps))
    assert (second.content, len(second.gone)) == ({}, 1)
    write_cell_files(folders[0], second)
    assert not (folders[0] / CHECKPOINTS / "1.pt").exists()
    assert (folders[0] / CURVE).exists()
    assert (folders[0] / "own.txt").exists()


def test_a_checkpoint_is_read_before_its_lines_and_written_after_them_and_the_record_last(
    folders: list[Path], copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However a copy or its way is cut off: the lines that a checkpoint needs are there."""
    cell = folders[0]
    for path in (cell / RECORD, cell / CHECKPOINTS / "1.pt", cell / CURVE):
        write_bytes(_made(path), b"{}")
    files = cell_files(cell)
    read = [Path(name).name for name in files.content]
    written: list[str] = []
    monkeypatch.setattr(
        "gan_bench.run.cell_files.write_bytes", lambda path, _: written.append(path.name)
    )
    write_cell_files(copy, files)
    assert read[:2] == [RECORD, "1.pt"]
    assert written[-2:] == ["1.pt", RECORD]


def test_a_name_that_leads_out_of_the_folder_is_refused(folders: list[Path]) -> None:
    for name in ("../x", "/etc/x", "a/../../../x"):
        with pytest.raises(StorageError, match="is no file of"):
            write_cell_files(folders[0], CellFiles({name: b""}))


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


# Images


def test_a_machine_with_the_source_prepares_the_images_once(
    folders: list[Path], home: Path
) -> None:
    shutil.rmtree(home)
    assert not lacks_images(folders[0])
    (made,) = (home / "images").glob("*/train.npy")
    written = made.stat().st_mtime_ns
    assert not lacks_images(folders[1])
    assert made.stat().st_mtime_ns == written


def test_without_the_source_a_copy_is_kept_and_trained_on(
    folders: list[Path], shapes: Path, home: Path
) -> None:
    copy, there = images_of(folders[0]), read_task(folders[0]).prepared.train.copy()
    shutil.rmtree(home)
    shapes.rename(shapes.with_name("moved"))
    assert lacks_images(folders[0])
    with pytest.raises(DataError, match="has lost the images of shapes"):
        images_of(folders[0])
    keep_images(folders[0], copy)
    assert not lacks_images(folders[0])
    assert np.array_equal(read_task(folders[0]).prepared.train, there)
    keep_images(folders[1], copy)
    assert len(list((home / "images").glob("*/train.npy"))) == 1


def test_a_copy_of_other_images_is_refused(plan: Plan, tmp_path: Path, home: Path) -> None:
    planned, other = plan(), plan(size=8)
    for each in (planned, other):
        lay_out(each, tmp_path / "results")
    (cell,), (another,) = (folders_of(each, tmp_path / "results") for each in (planned, other))
    copy = images_of(another)
    shutil.rmtree(home)
    with pytest.raises(DataError, match="the copy of shapes has other images than the protocol"):
        keep_images(cell, copy)


def test_images_that_differ_on_this_machine_are_refused_with_both_fingerprints(
    folders: list[Path], shapes: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(home)
    shutil.copy(shapes / "001.png", shapes / "000.png")
    monkeypatch.setattr("socket.gethostname", lambda: "node7")
    assert not lacks_images(folders[0])
    said = r"\(other pixels; fingerprint \w{12} then, \w{12} now on node7\)"
    with pytest.raises(DataError, match=said):
        read_task(folders[0])
