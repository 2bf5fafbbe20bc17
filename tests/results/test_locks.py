"""A folder is used by one run at a time, and the others are told by which."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from gan_bench import StorageError
from gan_bench.results.locks import InUse, alone_in, check_unused, remove_parts


def test_the_second_run_is_refused_with_the_name_of_the_first(tmp_path: Path) -> None:
    holder = rf"used by process {os.getpid()} on .+, for measuring: wait for its end, or stop it$"
    with (
        alone_in(tmp_path, "measuring"),
        pytest.raises(InUse, match=holder),
        alone_in(tmp_path, "training"),
    ):
        pass
    with alone_in(tmp_path, "training"):  # which the first has left
        pass


def test_a_folder_that_was_removed_is_not_made_again(tmp_path: Path) -> None:
    home = tmp_path / "faces-64px"
    for folder in (home, home / "entries/mine"):
        with pytest.raises(StorageError, match="faces-64px is gone"):
            alone_in(folder, "scoring", within=home).__enter__()
    assert not home.exists()


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"pid": "x"}'])
def test_a_holder_that_cannot_be_read_is_left_out(content: bytes | None, tmp_path: Path) -> None:
    with alone_in(tmp_path, "training"):
        (tmp_path / ".holder.json").unlink()
        if content is not None:
            (tmp_path / ".holder.json").write_bytes(content)
        said = f"{re.escape(str(tmp_path))} is being used by another process: wait"
        with pytest.raises(InUse, match=said), alone_in(tmp_path, "training"):
            pass


@pytest.mark.parametrize("used", ["", "dcgan/hinge/seed0", "entries/mine", "evaluations/fid"])
def test_a_lock_anywhere_below_a_folder_is_seen(used: str, tmp_path: Path) -> None:
    with alone_in(tmp_path / used, "scoring"):
        with pytest.raises(InUse, match="for scoring"):
            check_unused(tmp_path)
        if not used:
            check_unused(tmp_path, itself=False)
    check_unused(tmp_path)


def test_unfinished_files_are_deleted_unless_another_process_is_writing_them(
    tmp_path: Path,
) -> None:
    left, written = (tmp_path / name / ".scores.json.1.part" for name in ("left", "written"))
    for path in (left, written):
        path.parent.mkdir()
        path.touch()
    with alone_in(tmp_path, "training"), alone_in(written.parent, "scoring"):
        remove_parts(tmp_path)
    assert (left.exists(), written.exists()) == (False, True)
