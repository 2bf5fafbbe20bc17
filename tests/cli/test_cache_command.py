"""`gan-bench cache`: it lists, and removes only what is named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import filelock
import pytest

from gan_bench.data.cache import prepare
from gan_bench.data.source import files_at
from given import Command, Draw, refused


@pytest.fixture(autouse=True)
def faces(tmp_path: Path, draw_shapes: Draw) -> list[Path]:
    """Two prepared sets, of which one was not used for a hundred days."""
    folders = [draw_shapes(tmp_path / name, 20) for name in ("faces", "old-faces")]
    for folder in folders:
        prepare(files_at(folder), 16)
    (old,) = (tmp_path / "home" / "images").glob("old-faces-*/data.json")
    os.utime(old, (0, old.stat().st_mtime - 100 * 86_400))
    return folders


def kept(gan_bench: Command) -> set[str]:
    return {each["name"] for each in json.loads(gan_bench("cache", "--json").out)["sets"]}


def test_a_line_for_each_set_and_nothing_is_removed(gan_bench: Command, faces: list[Path]) -> None:
    said = gan_bench("cache")
    assert (said.code, said.err) == (0, "")
    first, second, total = said.out.splitlines()
    assert first.split() == [
        "faces",
        "16",
        "px",
        "20",
        "images",
        *first.split()[5:-1],
        str(faces[0]),
    ]
    assert "100 days ago" in second
    assert total.startswith("2 prepared sets in ")
    assert len(kept(gan_bench)) == 2


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["--older-than", "99"], {"faces"}),
        (["--older-than", "101"], {"faces", "old-faces"}),
        (["--keep-under", "1 GB"], {"faces", "old-faces"}),
        (["--keep-under", "0"], set()),
        (["faces"], {"old-faces"}),
        (["faces", "--older-than", "3"], set()),
        (["--all"], set()),
    ],
)
def test_what_is_named_is_removed(words: list[str], left: set[str], gan_bench: Command) -> None:
    said = gan_bench("cache", *words)
    assert said.code == 0
    assert len([line for line in said.out.splitlines() if line.endswith("removed")]) == 2 - len(
        left
    )
    assert kept(gan_bench) == left


def test_the_one_that_was_not_used_for_longest_makes_room(gan_bench: Command) -> None:
    sets = json.loads(gan_bench("cache", "--json").out)["sets"]
    room = sum(each["bytes"] for each in sets) - 1
    assert gan_bench("cache", "--keep-under", room).code == 0
    assert kept(gan_bench) == {"faces"}


def test_a_set_in_use_stays_and_is_said_to_be(gan_bench: Command, faces: list[Path]) -> None:
    held = prepare(files_at(faces[0]), 16)
    said = gan_bench("cache", "--all")
    first, second, *_ = said.out.splitlines()
    assert first.endswith("  in use")
    assert second.endswith("  removed")
    assert kept(gan_bench) == {"faces"}
    del held


def test_all_takes_the_features_of_real_images_too(gan_bench: Command, home: Path) -> None:
    folder = home / "features"
    folder.mkdir()
    (folder / "a.npz").write_bytes(b"12345")
    (folder / "b.npz").write_bytes(b"123")
    assert "also there: features 8 bytes" in gan_bench("cache").out
    assert len(list(folder.glob("*.npz"))) == 2
    with filelock.FileLock(f"{folder / 'b.npz'}.lock"):
        said = gan_bench("cache", "--all")
    assert "removed features: 5 bytes" in said.err
    assert [path.name for path in folder.glob("*.npz")] == ["b.npz"]


def test_json_has_every_field(gan_bench: Command, faces: list[Path]) -> None:
    document = json.loads(gan_bench("cache", "--all", "--json").out)
    first = document["sets"][0]
    assert first["name"] == "faces"
    assert first["root"] == str(faces[0])
    assert first["shape"] == [3, 16, 16]
    assert first["train"] + first["held_out"] == 20
    assert first["status"] == "removed"
    assert document["other"] == {}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fces"], "no prepared set is called 'fces'. Did you mean faces?"),
        (["--keep-under", "much"], "'much' is no amount: give 500MB, 2GB or a number of bytes"),
        (["--older-than", "-1"], "-1.0 is not in the range"),
    ],
)
def test_what_cannot_be_meant_removes_nothing(
    words: list[str], said: str, gan_bench: Command
) -> None:
    refused(gan_bench("cache", *words), 2, said)
    assert len(kept(gan_bench)) == 2
