"""A prepared set is kept whole or not at all, once, and with a report of what was dropped."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
import pytest
from sets import SIZE, blank, no_image_is_opened, nothing_is_left, posix, with_honest

from gan_bench import DataError, Dataset, Images, StorageError
from gan_bench.contract.protocol import Data, Preparation
from gan_bench.data.cache import Prepared, check_bad, prepare
from gan_bench.data.reporting.report import DataReport, LeftOut, report_of
from gan_bench.data.source import Source, files_at
from gan_bench.results import atomic, reading
from given import Draw
from hostile import image_bytes


def test_the_arrays_cannot_alter_the_cache(shapes: Path) -> None:
    first = prepare(files_at(shapes), SIZE)
    before = first.train.copy()
    first.train[:] = 0  # torch may write where it thinks that it reads
    assert np.array_equal(prepare(files_at(shapes), SIZE).train, before)


def test_a_cache_that_cannot_be_written_is_a_storage_error(
    shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GAN_BENCH_HOME", str(tmp_path / "file"))
    with pytest.raises(StorageError, match=r"cannot use the cache .*; set GAN_BENCH_HOME"):
        prepare(files_at(shapes), SIZE)


@pytest.mark.parametrize(("alpha", "said"), [(False, "61.4 kB"), (True, "81.9 kB")])
def test_a_set_for_which_there_is_no_room_is_refused_before_it_is_written(
    alpha: bool, said: str, shapes: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = files_at(shapes, Preparation(alpha=alpha))
    needed = 2 * 40 * (4 if alpha else 3) * SIZE * SIZE  # gathered, and then split
    with monkeypatch.context() as patch:
        patch.setattr("gan_bench.data.arrays.room", lambda folder: needed - 1)
        patch.setattr("gan_bench.data.arrays.writing", no_image_is_opened)
        patch.setattr(
            "gan_bench.data.decoding.decode.convert", no_image_is_opened
        )  # nor any work done
        with pytest.raises(StorageError, match=f"no room .* images: {said} needed, {said} free"):
            prepare(source, SIZE)
    assert nothing_is_left(home)
    monkeypatch.setattr("gan_bench.data.arrays.room", lambda folder: needed)
    assert prepare(source, SIZE).data.train == 36


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("at", [1, 20, 40])
def test_an_interrupt_while_images_are_read_leaves_nothing_and_no_thread(
    at: int, shapes: Path, home: Path
) -> None:
    def interrupted(what: str, done: int, of: int) -> None:
        if done == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(files_at(shapes), SIZE, interrupted)
    assert nothing_is_left(home)
    assert [each.name for each in threading.enumerate() if "PoolExecutor" in each.name] == []


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_disk_that_fills_up_is_the_caches_fault_and_leaves_nothing(
    call: str, shapes: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(StorageError, match=r"cannot (write|use) .*[Nn]o space left"):
            prepare(files_at(shapes), SIZE)
    assert nothing_is_left(home)
    assert prepare(files_at(shapes), SIZE).data.train == 36


class Failing(SimpleNamespace):
    """The `os` of all writing and reading, whose n-th operation fails; none does if n is 0."""

    def __init__(self, n: int = 0) -> None:
        super().__init__(left=n)

    def __getattr__(self, name: str) -> Any:
        call = getattr(os, name)
        changing = ("open", "write", "lseek", "read", "fsync", "close", "replace")
        return partial(self._counted, call) if name in changing else call

    def _counted(self, call: Callable[..., Any], *given: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            if call is os.close:  # it is closed all the same
                call(*given)
            raise OSError(errno.EIO, "Input/output error")
        return call(*given)


@pytest.mark.usefixtures("small_chunks")
def test_whichever_operation_fails_nothing_half_made_is_left(
    tmp_path: Path, draw_shapes: Draw, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = files_at(draw_shapes(tmp_path / "set", 12))

    def prepared_with(system: object) -> Data:
        for module in (atomic, reading):
            monkeypatch.setattr(module, "os", system)
        return prepare(source, SIZE).data

    counting = Failing()
    whole = prepared_with(counting)
    assert -counting.left > 40
    for n in range(1, 1 - counting.left):
        shutil.rmtree(home)
        with pytest.raises(StorageError, match="Input/output error"):
            prepared_with(Failing(n))
        assert list(home.rglob(".*")) == []
        assert prepared_with(os) == whole


def test_two_runs_that_start_at_once_make_a_set_once() -> None:
    loads: list[int] = []
    both_are_here = threading.Barrier(2)

    def load(root: Path | None, size: int, download: bool) -> Images:
        loads.append(1)
        return Images(train=blank(), held_out=blank(1))

    def start(_: int) -> Prepared:
        both_are_here.wait()
        return prepare(Source(Dataset(name="shared", source="", version="1", load=load)), SIZE)

    with ThreadPoolExecutor(2) as pool:
        assert len(list(pool.map(start, range(2)))) == 2
    assert loads == [1]


NAMES = (
    "line\nbreak.png",
    "tab\tand\rreturn.png",
    "\x1b[31mred\x1b[0m.png",
    "\u202egnp.exe.png",
    "[link](javascript:x) | `tick`.png",
    os.fsdecode(b"undecodable\xff\xfe.png"),
)


@posix
@pytest.mark.parametrize("usable", [True, False])
def test_any_name_gets_into_the_report_and_back(usable: bool, tmp_path: Path, home: Path) -> None:
    folder = with_honest(tmp_path / os.fsdecode(b"s\xe9t"))
    for k, name in enumerate(NAMES):
        try:
            (folder / name).write_bytes(image_bytes(seed=k) if usable else b"rubbish")
        except OSError:  # some disks take UTF-8 only
            pytest.skip("this disk has no such names")
    first, second = (prepare(files_at(folder), SIZE) for _ in range(2))
    assert first.report == second.report
    assert {each.name for each in first.report.dropped} == (set() if usable else set(NAMES))
    (kept,) = home.glob("images/*/data.json")
    kept.read_bytes().decode("ascii")
    assert report_of(json.loads(kept.read_bytes())["report"]) == first.report


def with_dropped(used: int, dropped: int) -> Prepared:
    pixels = np.zeros((used, 3, 2, 2), np.uint8)
    data = Data(name="faces", fingerprint="0" * 64, shape=(3, 2, 2), train=used - 1, held_out=1)
    report = DataReport(
        name="faces",
        sides=(2, 2),
        channels=3,
        train=used - 1,
        held_out=1,
        dropped=tuple(LeftOut(f"{k}.png", "unreadable", "cut") for k in range(dropped)),
    )
    return Prepared(data, pixels[1:], pixels[:1], report)


@pytest.mark.parametrize(
    ("used", "dropped", "percent", "enough"),
    [
        (999, 1, 0.1, None),
        (1000, 0, 0, None),
        (50, 50, 50, None),
        (10, 990, 99, None),
        (997, 3, 0.3, None),
        (998, 1, 0.1, "0.2"),
        (999, 1, 0, "0.1"),
        (49, 51, 50, "51"),
        (2, 1, 10, "33.4"),
    ],
)
def test_more_bad_images_than_allowed_stop_and_tell_what_would_allow_them(
    used: int, dropped: int, percent: float, enough: str | None
) -> None:
    prepared = with_dropped(used, dropped)
    if enough:
        with pytest.raises(DataError, match=rf"allow them with --max-bad {re.escape(enough)}$"):
            check_bad(prepared, percent)
    check_bad(prepared, float(enough or percent))


@pytest.mark.parametrize(("name", "bad"), [("gone.jpg", 1), ("gone", 0)])
def test_a_link_to_an_image_that_is_not_there_is_a_bad_image(
    name: str, bad: int, shapes: Path
) -> None:
    (shapes / name).symlink_to(shapes / "not fetched")
    prepared = prepare(files_at(shapes), SIZE)
    assert len(prepared.report.dropped) == bad
    assert [each.name for each in prepared.report.not_used] == ["gone"] * (1 - bad)
    if bad:
        with pytest.raises(DataError, match=r"1 no regular file\n  gone.jpg: .*a broken link"):
            check_bad(prepared, 0.1)


def test_what_is_bad_is_counted_and_the_first_ten_are_named(
    shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for k in range(12):
        (shapes / f"bad\n{k:02d}.png").write_bytes(b"" if k else b"rubbish")
    prepare(files_at(shapes), SIZE)
    monkeypatch.setattr("gan_bench.data.source.gather", no_image_is_opened)  # from the cache
    with pytest.raises(DataError) as error:
        check_bad(prepare(files_at(shapes), SIZE), 0.1)
    first, *listed, rest, last = str(error.value).split("\n")
    assert first == (
        "12 of the 52 images of shapes cannot be used, more than 0.1 %: 11 empty, 1 unreadable"
    )
    assert listed[0].startswith(r"  bad\n00.png: unreadable: no PNG, JPEG, ")
    assert listed[1:] == [rf"  bad\n{k:02d}.png: empty" for k in range(1, 10)]
    assert rest == "  and 2 more"
    assert last == "Mend or remove them, or allow them with --max-bad 23.1"
