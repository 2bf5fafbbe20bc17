from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_bench import StorageError, UsageError
from gan_bench.contract.names import NAME, name_of, safe_name
from gan_bench.contract.protocol import (
    Cell,
    Data,
    Evaluation,
    MetricSpec,
    Protocol,
    RunEnvironment,
    Schedule,
)
from gan_bench.results.atomic import (
    append_line,
    make_folder,
    write_arrays,
    write_bytes,
    write_json,
    writing,
)
from gan_bench.results.layout import cell_dir, cells_in, protocol_dir, protocol_of
from gan_bench.results.reading import last_line, read_lines
from gan_bench.results.records import Record, Score, read_record, write_record

NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def fails(*_: Any, **__: Any) -> NoReturn:
    raise NO_SPACE


# Atomic writes


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


def test_a_folder_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file or directory"):
        write_bytes(tmp_path / "a" / "file", b"content")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_a_folder_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("I am a file")
    with pytest.raises(StorageError, match=r"cannot write .*record\.json: (File exists|Not a dir)"):
        write_bytes(tmp_path / "results" / "record.json", b"")


def test_a_written_file_can_be_read_by_whoever_may_read_any_other(tmp_path: Path) -> None:
    (tmp_path / "any other").write_bytes(b"")
    write_bytes(tmp_path / "record.json", b"")
    mode = (tmp_path / "record.json").stat().st_mode
    assert oct(mode) == oct((tmp_path / "any other").stat().st_mode)


# JSON


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_document_with_a_number_that_is_not_finite_is_refused(
    value: float, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"deep": [value]})
    assert list(tmp_path.iterdir()) == []


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    arrays = {"a": np.arange(12, dtype=np.float32).reshape(3, 4), "b": np.array(7.5)}
    write_arrays(tmp_path / "a.npz", arrays)
    with np.load(tmp_path / "a.npz") as found:
        assert {name: found[name].tobytes() for name in found} == {
            name: array.tobytes() for name, array in arrays.items()
        }
        assert found["b"].shape == ()


def test_an_array_of_objects_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pickled"):
        write_arrays(tmp_path / "a.npz", {"a": np.array([object()])})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_in_a_line_a_number_that_is_not_finite_becomes_null(value: float, tmp_path: Path) -> None:
    append_line(tmp_path / "curve.jsonl", {"step": 1, "loss_d": value})
    assert (tmp_path / "curve.jsonl").read_text() == '{"step": 1, "loss_d": null}\n'


def test_lines_are_read_in_the_order_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "curve.jsonl"
    rows = [{"step": k, "name": f"line\n{k}"} for k in range(3)]
    for row in rows:
        append_line(path, row)
    assert read_lines(path) == rows
    assert last_line(path) == rows[-1]


def test_a_file_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert read_lines(tmp_path / "none.jsonl") == []
    assert last_line(tmp_path / "none.jsonl") == {}


@given(cut=st.integers(0, 200))
def test_a_file_cut_at_any_byte_has_its_complete_lines(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cut") / "curve.jsonl"
    rows = [{"step": k, "text": "é|" * k} for k in range(5)]
    for row in rows:
        append_line(path, row)
    content = path.read_bytes()[:cut]
    path.write_bytes(content)
    assert read_lines(path) == rows[: content.count(b"\n")]


@pytest.mark.parametrize("rubbish", [b'{"step": 1}\n\0\0\0\0\n', b"\xff\xfe\n", b"{]\n"])
def test_a_line_that_is_no_json_is_a_storage_error_that_names_the_file(
    rubbish: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "curve.jsonl"
    path.write_bytes(rubbish)
    with pytest.raises(StorageError, match=f"unreadable {path}"):
        read_lines(path)


def test_a_line_that_cannot_be_appended_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "curve.jsonl").mkdir()
    with pytest.raises(StorageError, match=r"cannot write .*curve\.jsonl: Is a directory"):
        append_line(tmp_path / "curve.jsonl", {"step": 1})


# Names


@pytest.mark.parametrize("name", ["dcgan", "DCGAN_2.1-b", "7", "a" * 63])
def test_a_plain_name_is_safe(name: str) -> None:
    assert safe_name(name) == name


OUTSIDE = ["", ".", "..", "../x", "/etc", "a/b", "a\\b", ".hidden", "C:", "-rf"]
ODD = ["a.", "a\0", "a\n", "a b", "é", "a" * 64, "a" * 300, "a\u202eb", "<script>", "[red]"]


@pytest.mark.parametrize("name", [*OUTSIDE, *ODD])
def test_any_other_name_is_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be used: a name has 1 to 63 letters") as refusal:
        safe_name(name)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("name", ["CON", "nul", "Aux.txt", "COM1", "lpt9.x"])
def test_names_that_windows_keeps_for_devices_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be used"):
        safe_name(name)


@given(st.text(max_size=80) | st.from_regex(NAME, fullmatch=True))
def test_an_accepted_name_never_leaves_the_folder_it_is_put_in(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    root = tmp_path_factory.getbasetemp()
    try:
        path = root / safe_name(name)
    except UsageError:
        return
    assert path.parent == root
    assert Path(os.path.normpath(path)) == path
    assert len(os.fsencode(path.name)) <= 63


@given(st.text(max_size=60))
def test_any_path_gives_a_data_set_a_safe_name(text: str) -> None:
    name = name_of(Path("/images") / text.replace("\0", ""))
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/data/My Photos", "My-Photos"),
        ("faces.zip", "faces"),
        ("/data/顔", "images"),
        ("/", "images"),
        (f"/{'long ' * 30}", "-".join(["long"] * 8)),
    ],
)
def test_a_data_set_is_called_as_its_folder(path: str, name: str) -> None:
    assert name_of(Path(path)) == name


# Layout and records

PROTOCOL = Protocol(
    data=Data(name="faces", fingerprint="ab", shape=(3, 8, 8), train=90, held_out=10),
    schedule=Schedule(kimg=1),
    evaluation=Evaluation(
        samples=10,
        features="eye",
        digests={},
        metrics=(MetricSpec(name="fd", higher_is_better=False, features="eye"),),
    ),
)
RECORD = Record(
    architecture="a",
    loss="b",
    seed=0,
    status="finished",
    scores={
        "fd": Score(
            value=1.5,
            higher_is_better=False,
            features="eye",
            n=10,
            reference="train",
            reference_n=9,
        )
    },
    ended="2026-01-01T00:00:00+00:00",
)


def cell(architecture: str, loss: str, seed: int = 0) -> Cell:
    place = RunEnvironment(device="cpu", named=False)
    return Cell(architecture=architecture, loss=loss, seed=seed, environment=place)


def test_a_cell_lives_below_its_protocol_architecture_and_loss() -> None:
    folder = cell_dir(Path("results"), PROTOCOL, cell("dcgan", "hinge", 3))
    assert folder == Path("results") / PROTOCOL.slug / "dcgan" / "hinge" / "seed3"


@pytest.mark.parametrize("names", [("../../x", "b"), ("a", "/etc")])
def test_no_cell_lives_outside_the_results(names: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match="cannot be used"):
        cell_dir(Path("results"), PROTOCOL, cell(*names))


def test_a_cell_finds_the_protocol_it_belongs_to(tmp_path: Path) -> None:
    folder = cell_dir(tmp_path, PROTOCOL, cell("a", "b"))
    make_folder(folder)
    write_json(protocol_dir(tmp_path, PROTOCOL) / "protocol.json", PROTOCOL.model_dump(mode="json"))
    assert protocol_of(folder) == PROTOCOL


def test_only_folders_with_a_cell_in_them_are_cells(tmp_path: Path) -> None:
    for name in ("b/x/seed0", "a/y/seed1", "a/x/seed0"):
        make_folder(tmp_path / name)
        write_json(tmp_path / name / "cell.json", {})
    (tmp_path / "figures" / "x" / "seed0").mkdir(parents=True)
    found = [path.relative_to(tmp_path).as_posix() for path in cells_in(tmp_path)]
    assert found == ["a/x/seed0", "a/y/seed1", "b/x/seed0"]


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    write_record(tmp_path, RECORD)
    assert read_record(tmp_path) == RECORD


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ({"status": "splendid"}, "status: Input should be 'finished'"),
        ({"seed": "zero"}, "seed: Input should be a valid integer"),
        ({"ended": None}, "ended: Input should be a valid string"),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
        ({"schema_number": 99}, "schema_number"),
    ],
)
def test_a_record_that_is_none_is_a_storage_error_that_says_where(
    damage: dict[str, Any], said: str, tmp_path: Path
) -> None:
    document = RECORD.model_dump(mode="json") | damage
    (tmp_path / "record.json").write_text(json.dumps(document))
    with pytest.raises(StorageError) as error:
        read_record(tmp_path)
    assert str(error.value).startswith(f"unreadable {tmp_path / 'record.json'}: {said}")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"null"])
def test_rubbish_in_place_of_a_record_is_a_storage_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "record.json").write_bytes(content)
    with pytest.raises(StorageError, match=r"unreadable .*record\.json: the document: "):
        read_record(tmp_path)


def test_a_nan_in_a_record_is_refused(tmp_path: Path) -> None:
    text = RECORD.model_dump_json().replace("1.5", "NaN")
    (tmp_path / "record.json").write_text(text)
    with pytest.raises(StorageError, match=r"scores\.fd\.value"):
        read_record(tmp_path)


def test_a_record_that_is_not_there_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot read .*record\.json: No such file"):
        read_record(tmp_path)
