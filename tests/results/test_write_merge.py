"""A merge writes a whole new folder that nobody uses, or nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from gan_bench import StorageError, UsageError
from gan_bench.report.leaderboard import load
from gan_bench.results.layout import PROTOCOL, evaluation_dir
from gan_bench.results.locks import InUse, alone_in
from gan_bench.results.merging import held, plan_merge
from gan_bench.results.write_merge import write_merge
from records import PLAIN, write_cell


@pytest.mark.parametrize("used", ["", "dcgan/hinge/seed0"])
def test_a_folder_that_a_run_uses_is_not_merged(used: str, a: Path, b: Path) -> None:
    write_cell(a, "dcgan")
    write_cell(b, "dense")
    with alone_in(a / PLAIN.slug / used, "training"), pytest.raises(InUse), held([b, a]):
        pass


def test_no_run_begins_in_a_folder_that_is_being_merged(a: Path, b: Path) -> None:
    write_cell(a, "dcgan")
    write_cell(b, "dense")
    with (
        held([a, b, a / PLAIN.slug]),
        pytest.raises(InUse, match="for merging"),
        alone_in(b / PLAIN.slug, "training"),
    ):
        pass


def test_links_locks_and_pictures_are_not_copied(a: Path, b: Path, out: Path) -> None:
    cell = write_cell(a, "dcgan")
    write_cell(b, "dense")
    (cell / "secret").symlink_to("/etc/passwd")
    (cell / ".lock").touch()
    (cell / ".curve.1.part").touch()
    for folder in (a / PLAIN.slug, evaluation_dir(a / PLAIN.slug, "fd-eye")):
        (folder / "figures").mkdir(parents=True)
        (folder / "figures/samples.png").touch()
    write_merge(plan_merge([a, b]), out)
    names = {path.name for path in out.rglob("*")}
    assert names.isdisjoint({"secret", ".lock", ".curve.1.part", "figures"})


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_an_interrupted_merge_leaves_nothing(
    stop: BaseException, a: Path, b: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cell(a, "dcgan")
    write_cell(b, "dense")
    copied = []

    def copy(source: Path, path: Path, **_: object) -> None:
        copied.append(path)
        path.write_bytes(source.read_bytes())
        if len(copied) == 3:
            raise stop

    monkeypatch.setattr("shutil.copy2", copy)
    with pytest.raises((KeyboardInterrupt, StorageError)):
        write_merge(plan_merge([a, b]), out)
    assert sorted(path.name for path in a.parent.iterdir() if path.name != "home") == ["a", "b"]


def test_what_a_killed_merge_left_is_cleared_by_the_next(a: Path, b: Path, out: Path) -> None:
    write_cell(a, "dcgan")
    write_cell(b, "dense")
    child = os.fork()
    if child == 0:  # it is killed after its first file
        shutil.copy2 = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
        write_merge(plan_merge([a, b]), out)
    os.waitpid(child, 0)
    (left,) = a.parent.glob(".*")
    with alone_in(left, "merging"), pytest.raises(InUse, match="for merging"):
        write_merge(plan_merge([a, b]), out)
    write_merge(plan_merge([a, b]), out)
    assert not left.exists()
    assert len(load(out).boards[0].rows) == 2


def test_a_full_disk_is_noticed_before_anything_is_written(
    a: Path, b: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cell(a, "dcgan")
    write_cell(b, "dense")
    monkeypatch.setattr("gan_bench.results.write_merge.room", lambda _: 10)
    with pytest.raises(StorageError, match=r"no space left: needs .* free on"):
        write_merge(plan_merge([a, b]), out)
    assert not out.exists()


def test_only_a_new_or_empty_folder_is_written(a: Path, b: Path, out: Path) -> None:
    write_cell(a, "dcgan")
    write_cell(b, "dense")
    out.mkdir()
    write_merge(plan_merge([a, b]), out)
    written = json.loads((out / PLAIN.slug / PROTOCOL).read_text())
    assert written["data"]["name"] == "faces"
    with pytest.raises(UsageError, match="is not empty"):
        write_merge(plan_merge([a, b]), out)
