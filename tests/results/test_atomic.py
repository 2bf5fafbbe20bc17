"""Files are written whole or not at all, and a failed write names the file and the reason."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from gan_bench import StorageError
from gan_bench.results.atomic import (
    append_line,
    copy_file,
    write_arrays,
    write_bytes,
    write_json,
    writing,
)

NOT_FINITE = [float("nan"), float("inf"), -float("inf")]
NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def fails(*_: Any, **__: Any) -> NoReturn:
    raise NO_SPACE


@pytest.mark.parametrize("call", ["replace", "fsync", "write", "open"])
def test_a_write_that_fails_leaves_the_old_file_and_no_temporary(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "record.json"
    write_bytes(path, b"old")
    with monkeypatch.context() as broken:
        broken.setattr(os, call, fails)
        said = rf"cannot write {path}: no space left: needs 3 bytes, .* free on {tmp_path}"
        with pytest.raises(StorageError, match=said):
            write_bytes(path, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["record.json"]
    assert path.read_bytes() == b"old"


def test_an_interrupt_while_writing_leaves_no_temporary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "record.json", b"new")
    assert list(tmp_path.iterdir()) == []


def test_the_content_is_on_the_disk_before_the_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (calls.append("fsync"), fsync(handle)))
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append("replace"), replace(a, b)))
    write_bytes(tmp_path / "record.json", b"new")
    assert calls == ["fsync", "replace", "fsync"]  # the file, the name, the folder


def test_the_beginning_of_a_file_may_be_written_last(tmp_path: Path) -> None:
    with writing(tmp_path / "file", head=3) as draft:
        draft.add(b"body, ")
        draft.add(b"end")
        draft.add_head(b"is:")
        assert not (tmp_path / "file").exists()
    assert (tmp_path / "file").read_bytes() == b"is:body, end"


@pytest.mark.parametrize("head", [0, 3])
@pytest.mark.parametrize("place", [0, 2, 3, 11])
def test_a_disk_that_returns_other_bytes_is_noticed_before_the_file_is_named(
    place: int, head: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def flipped(handle: int) -> None:
        fsync(handle)
        (temporary,) = tmp_path.iterdir()
        content = bytearray(temporary.read_bytes())
        content[place] ^= 1
        temporary.write_bytes(content)

    def write() -> None:
        with writing(tmp_path / "file", head=head) as draft:
            draft.add(b"is:body, end"[head:])
            draft.add_head(b"is:body, end"[:head])

    monkeypatch.setattr(os, "fsync", flipped)
    with pytest.raises(StorageError, match=r"cannot write .*file: it reads back otherwise"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_beginning_that_was_left_out_and_never_written_is_noticed(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match="it reads back otherwise"),
        writing(tmp_path / "file", head=3) as draft,
    ):
        draft.add(b"body")
    assert list(tmp_path.iterdir()) == []


def test_of_two_files_that_are_written_at_once_the_one_that_fails_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write() -> None:
        with writing(tmp_path / "one") as one, writing(tmp_path / "other") as other:
            other.add(b"content")
            monkeypatch.setattr(os, "write", fails)
            one.add(b"content")

    with pytest.raises(StorageError, match=r"cannot write .*/one: no space left"):
        write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["gone", "file"])
def test_a_folder_that_is_gone_or_a_file_is_a_storage_error_and_is_not_made(
    folder: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("I am a file")
    said = r"cannot write .*record\.json: (File exists|Not a directory|No such file)"
    with pytest.raises(StorageError, match=said):
        write_bytes(tmp_path / folder / "record.json", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_written_file_can_be_read_by_whoever_may_read_any_other(tmp_path: Path) -> None:
    (tmp_path / "any other").write_bytes(b"")
    write_bytes(tmp_path / "record.json", b"")
    mode = (tmp_path / "record.json").stat().st_mode
    assert oct(mode) == oct((tmp_path / "any other").stat().st_mode)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_a_copy_that_fails_half_way_is_no_file(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "source").write_bytes(b"all of it")

    def copy_half(source: Path, path: Path, **_: Any) -> NoReturn:
        path.write_bytes(source.read_bytes()[:4])
        raise error

    with monkeypatch.context() as failing:
        failing.setattr("shutil.copy2", copy_half)
        with pytest.raises((StorageError, KeyboardInterrupt)):
            copy_file(tmp_path / "source", tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
    copy_file(tmp_path / "source", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"all of it"
    assert len(list(tmp_path.iterdir())) == 2


# JSON, arrays and lines


@pytest.mark.parametrize("value", NOT_FINITE)
def test_a_number_that_is_not_finite_is_refused_in_a_document_and_null_in_a_line(
    value: float, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"deep": [value]})
    assert list(tmp_path.iterdir()) == []
    append_line(tmp_path / "curve.jsonl", {"step": 1, "loss_d": value})
    assert (tmp_path / "curve.jsonl").read_text() == '{"step": 1, "loss_d": null}\n'


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    arrays = {"a": np.arange(12, dtype=np.float32).reshape(3, 4), "b": np.array(7.5)}
    write_arrays(tmp_path / "a.npz", arrays)
    with np.load(tmp_path / "a.npz") as read:
        assert {name: read[name].tobytes() for name in read} == {
            name: array.tobytes() for name, array in arrays.items()
        }
        assert read["b"].shape == ()


def test_an_array_of_objects_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pickled"):
        write_arrays(tmp_path / "a.npz", {"a": np.array([object()])})
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_cannot_be_appended_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "curve.jsonl").mkdir()
    with pytest.raises(StorageError, match=r"cannot write .*curve\.jsonl: Is a directory"):
        append_line(tmp_path / "curve.jsonl", {"step": 1})
