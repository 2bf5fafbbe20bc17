"""What makes a set another one in the cache: its files, its version, its size, its pixels."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sets import SIZE, blank, dataset, no_image_is_opened, posix, random_rgb, same, with_honest

from gan_bench import Dataset, Images
from gan_bench.data.cache import prepare
from gan_bench.data.source import Source, files_at


def test_the_second_start_opens_no_image(shapes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepare(files_at(shapes), SIZE)
    monkeypatch.setattr("gan_bench.data.decode._image", no_image_is_opened)
    second = prepare(files_at(shapes), SIZE)
    assert same(first, second)
    assert first.data == second.data
    assert first.report == second.report


@pytest.mark.parametrize("named", [False, True], ids=["files", "named"])
def test_the_key_is_of_names_bytes_and_times_in_order_of_folders(
    named: bool, tmp_path: Path
) -> None:
    """A set that is in the cache is found there by later versions, too."""
    root = tmp_path / "set"
    for k, name in enumerate(("a/b.png", "a-b.png", "a.png", "b/ü\n.png", "0", "a/a/a.jpg")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(bytes(k))
        os.utime(root / name, ns=(0, 10**9 + k))
    os.symlink("nowhere", root / "z.png")
    given = sorted(path for path in root.rglob("*") if named or not path.is_dir())
    listing = [
        [path.relative_to(tmp_path).as_posix(), about.st_size, about.st_mtime_ns]
        for path in given
        for about in [path.lstat()]
    ]
    text = json.dumps(["set", "1", SIZE, listing])
    source = Source(dataset("set", blank(), blank(1)), root, given=None if named else root)
    assert source.key(SIZE) == hashlib.sha256(text.encode()).hexdigest()[:16]


@posix
def test_an_undecodable_name_is_part_of_the_key(tmp_path: Path) -> None:
    folder = with_honest(tmp_path / "set")
    keys = [files_at(folder).key(SIZE)]
    for name in (b"a\xff.png", b"a\xfe.png"):
        (folder / os.fsdecode(name)).write_bytes(b"")
        os.utime(folder / os.fsdecode(name), (1, 1))
        keys.append(files_at(folder).key(SIZE))
        (folder / os.fsdecode(name)).unlink()
    assert len(set(keys)) == 3


def test_another_size_is_another_set(shapes: Path) -> None:
    sides = [prepare(files_at(shapes), size).train.shape[1:] for size in (16, 24)]
    assert sides == [(3, 16, 16), (3, 24, 24)]


@pytest.mark.parametrize("change", ["content", "time", "one more", "one less"])
def test_a_folder_that_has_changed_is_read_again(
    change: str, shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(files_at(shapes), SIZE)
    if change == "time":  # an edit that kept the number of bytes
        os.utime(shapes / "000.png", (1, 1))
    elif change == "one less":
        (shapes / "000.png").unlink()
    else:
        name = "000.png" if change == "content" else "999.png"
        Image.fromarray(random_rgb(99, 24)).save(shapes / name)
    monkeypatch.setattr("gan_bench.data.source._stream_of_files", no_image_is_opened)
    with pytest.raises(AssertionError, match="an image was opened"):
        prepare(files_at(shapes), SIZE)


def test_the_fingerprint_depends_on_pixels_only(tmp_path: Path) -> None:
    for folder, suffix in (("one", "png"), ("other", "bmp"), ("third", "png")):
        (tmp_path / folder).mkdir()
        for k in range(10):
            path = tmp_path / folder / f"{folder}-{k}.{suffix}"
            Image.fromarray(random_rgb(k + 90 * (folder == "third" and k == 4))).save(path)
            os.utime(path, (k, k))
    one, other, third = (
        prepare(files_at(tmp_path / name), SIZE).data.fingerprint
        for name in ("one", "other", "third")
    )
    assert one == other
    assert one != third


def test_a_pixel_that_moves_between_the_splits_changes_the_fingerprint() -> None:
    images = np.stack([random_rgb(k).transpose(2, 0, 1) for k in range(4)])
    fingerprints = {
        prepare(Source(dataset(f"set{k}", images[:k], images[k:])), SIZE).data.fingerprint
        for k in (2, 3)
    }
    assert len(fingerprints) == 2


def test_a_data_set_of_another_version_is_loaded_again() -> None:
    loads: list[str] = []

    def load(root: Path | None, size: int, download: bool) -> Images:
        loads.append(version)
        return Images(train=blank(), held_out=blank(1))

    for version in ("1", "1", "2", "1"):
        prepare(Source(Dataset(name="versioned", source="t", version=version, load=load)), SIZE)
    assert loads == ["1", "2"]


def from_files(loads: list[str], **more: tuple[str, ...]) -> Dataset:
    """A data set that reads the files below its root, and says how often."""

    def load(root: Path | None, size: int, download: bool) -> Images:
        assert root is not None
        loads.append(root.name)
        brightness = int((root / "deep" / "value.txt").read_text())
        pixels = np.full((10, 1, size, size), brightness, np.uint8)
        return Images(train=pixels, held_out=pixels[:1])

    return Dataset(name="kept", source="a test", version="1", load=load, **more)


@pytest.mark.parametrize("more", [{}, {"reads": ("deep/*.txt",)}], ids=["all", "some"])
def test_another_root_or_a_changed_file_is_another_set(
    more: dict[str, tuple[str, ...]], tmp_path: Path
) -> None:
    loads: list[str] = []

    def look(name: str, value: int) -> None:
        prepared = prepare(Source(from_files(loads, **more), tmp_path / name), SIZE)
        assert prepared.train[0, 0, 0, 0] == value

    for k, name in enumerate(("one", "other")):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "value.txt").write_text(str(k))
    for name, value in (("one", 0), ("other", 1), ("one", 0), ("other", 1)):
        look(name, value)
    assert loads == ["one", "other"]
    (tmp_path / "one" / "deep" / "value.txt").write_text("77")
    look("one", 77)
    (tmp_path / "one" / "notes.md").write_text("a file that only the first one reads")
    look("one", 77)
    assert loads == ["one", "other", "one"] + ["one"] * (not more)
