"""A record comes back as it was written, and anything else is an error that says where."""

from __future__ import annotations

import json
from math import nan
from pathlib import Path
from typing import Any

import pytest

from gan_bench import StorageError
from gan_bench.results.records import Record, Score, read_record, write_record

SCORE = Score(
    value=1.5, higher_is_better=False, features="eye", n=10, reference="train", reference_n=9
)
RECORD = Record(
    architecture="a", loss="b", seed=0, status="finished", scores={"fd": SCORE}, ended="now"
)


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    write_record(tmp_path, RECORD)
    assert read_record(tmp_path) == RECORD


def test_a_record_from_before_details_has_none(tmp_path: Path) -> None:
    document = RECORD.model_dump(mode="json", exclude={"details"})
    (tmp_path / "record.json").write_text(json.dumps(document))
    assert read_record(tmp_path).details == {}


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ({"status": "splendid"}, "status: Input should be 'finished'"),
        ({"seed": "zero"}, "seed: Input should be a valid integer"),
        ({"ended": None}, "ended: Input should be a valid string"),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
        ({"schema_number": 99}, "schema_number"),
        ({"scores": {"fd": SCORE.model_dump() | {"value": nan}}}, "scores.fd.value"),
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


def test_a_record_that_is_not_there_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot read .*record\.json: No such file"):
        read_record(tmp_path)
