"""Values of a type that no command line could give are refused in one sentence."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gan_bench
from gan_bench import UsageError, generator, load, score
from gan_bench.api.asking import checked_by
from gan_bench.api.running import run
from gan_bench.cli.run import run as command

SEVERAL = (
    "archs", "losses", "features", "metrics", "augment", "track", "entries", "plugins", "weights",
)  # fmt: skip


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", SEVERAL)
def test_a_number_in_place_of_names_is_refused_with_what_to_give(name: str) -> None:
    said = f"{name}=5 is of type int: give one text or path, or a list of them"
    with pytest.raises(UsageError) as refusal:
        run(**{name: 5})
    assert str(refusal.value) == said


@pytest.mark.parametrize("size", [8.0, (8,), (8, 8, 8), (8.0, 8), ("8", 8), b"88", object(), {}])
def test_a_size_is_a_side_or_two(size: Any) -> None:
    give = r"give a side in pixels, as 64, or \(height, width\)"
    with pytest.raises(UsageError, match=f"^size=.* is of type {type(size).__name__}: {give}$"):
        run(size=size)


@pytest.mark.parametrize(
    ("size", "sides"),
    [
        (np.int64(8), 8),
        ((np.int64(8), 16), (8, 16)),
        ([8, 16], (8, 16)),
        (np.array([8, 16]), (8, 16)),
    ],
)
def test_a_whole_number_of_any_library_is_a_size(size: Any, sides: Any) -> None:
    given = checked_by(command, {"size": size})["size"]
    assert given == checked_by(command, {"size": sides})["size"]


@pytest.mark.parametrize("name", ["results", "data", "archs", "plugins", "entries", "preset"])
@pytest.mark.parametrize("value", [b"api1", bytearray(b"api1"), [b"api1"]])
def test_bytes_are_no_list_of_numbers(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=rf"^{name}=.*api1.* is of type byte.*: give "):
        run(**{name: value})
    assert os.listdir() == []


def test_the_public_names_are_completed_and_run_has_its_own_help() -> None:
    assert set(dir(gan_bench)) == set(gan_bench.__all__)
    assert inspect.getdoc(gan_bench.run) == inspect.getdoc(run)


@pytest.mark.parametrize("path", [5, None, b"base", ["base"], "base\0x"])
def test_a_path_is_a_text_or_a_path(path: Any) -> None:
    with pytest.raises(UsageError, match=r"^results=.* is of type .*: give "):
        load(path)
    if path is not None:  # all protocols
        with pytest.raises(UsageError, match=r"^protocol=.* is of type .*: give "):
            load("base", protocol=path)
    with pytest.raises(UsageError, match=r"^real=.* is of type .*: give "):
        score(path, "images")
    with pytest.raises(UsageError, match=r"^cell=.* is of type .*: give "):
        generator(path)
