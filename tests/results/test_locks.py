"""A folder is used by one run at a time, and the others are told by which."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from gan_bench import StorageError
from gan_bench.results.locks import alone_in


def test_the_second_run_is_refused_with_the_name_of_the_first(tmp_path: Path) -> None:
    holder = rf"another run \(process {os.getpid()} on .+\): wait for its end"
    with alone_in(tmp_path), pytest.raises(StorageError, match=holder), alone_in(tmp_path):
        pass
    with alone_in(tmp_path):  # which the first has left
        pass


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"pid": "x"}'])
def test_a_holder_that_cannot_be_read_is_left_out(content: bytes | None, tmp_path: Path) -> None:
    with alone_in(tmp_path):
        (tmp_path / ".holder.json").unlink()
        if content is not None:
            (tmp_path / ".holder.json").write_bytes(content)
        said = f"{re.escape(str(tmp_path))} is being used by another run: wait"
        with pytest.raises(StorageError, match=said), alone_in(tmp_path):
            pass
