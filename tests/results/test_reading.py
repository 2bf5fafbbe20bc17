"""Lines of a JSON-lines file: all that are complete, or an error that names the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_bench import StorageError
from gan_bench.results.reading import last_line, read_lines


def test_a_file_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert read_lines(tmp_path / "none.jsonl") == []
    assert last_line(tmp_path / "none.jsonl") == {}


@pytest.mark.parametrize("rubbish", [b'{"step": 1}\n\0\0\0\0\n', b"\xff\xfe\n", b"{]\n"])
def test_a_line_that_is_no_json_is_a_storage_error_that_names_the_file(
    rubbish: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "curve.jsonl"
    path.write_bytes(rubbish)
    with pytest.raises(StorageError, match=f"unreadable {path}"):
        read_lines(path)
