"""What makes a set another one in the cache: its files, its version, its size, its pixels."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sets import SIZE, blank, dataset, no_image_is_opened, posix, random_rgb, same, with_honest

from gan_bench import Dataset, Images
from gan_bench.data.cache import prepare
from gan_bench.data.files.walk import File
from gan_bench.data.source import Source, files_at
from hostile import Entry, image_bytes, write_zip


def test_the_second_start_opens_no_image(shapes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepare(files_at(shapes), SIZE)
    monkeypatch.setattr("gan_bench.data.source.gather", no_image_is_opened)
    second = prepare(files_at(shapes), SIZE)
    assert same(first, second)
    assert first.data == second.data
    assert first.report == second.report


def bitmaps(folder: Path, seed: int) -> Path:
    """Images whose files have the same names, sizes and times for every seed."""
    folder.mkdir(parents=True)
    for k in range(12):
        Image.fromarray(random_rgb(100 * seed + k, 24)).save(folder / f"{k}.bmp")
    restore_times(folder)
    return folder


def restore_times(folder: Path) -> None:
    """As tar and unzip do."""
    for path in folder.iterdir():
        os.utime(path, ns=(10**18, 10**18))


def brightness_of_all(root: Path | None, size: int, download: bool) -> Images:
    """A named data set that reads whatever is in its folder."""
    assert root is not None
    pixels = np.stack([np.array(Image.open(path)) for path in sorted(root.glob("*.bmp"))])
    return Images(train=pixels.transpose(0, 3, 1, 2), held_out=blank(0))


MEANS = {
    "files": files_at,
    "named": lambda root: Source(
        Dataset(name="set", source="t", version="1", load=brightness_of_all, reads=("*.bmp",)), root
    ),
}


def no_inodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a file system that keeps neither inodes nor the time of the last change."""

    monkeypatch.setattr(File, "facts", property(lambda file: (file.size, file.status.st_mtime_ns)))


@pytest.mark.parametrize("inodes", [True, False])
@pytest.mark.parametrize("means", MEANS)
def test_files_with_the_same_names_sizes_and_times_elsewhere_are_another_set(
    means: str, inodes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The score of one folder must never be given for another."""
    if not inodes:
        no_inodes(monkeypatch)
    one, other = (bitmaps(tmp_path / name / "images", k) for k, name in enumerate("AB"))
    prints = [prepare(MEANS[means](root), 24).data.fingerprint for root in (one, other)]
    assert len(set(prints)) == 2
    one.rename(tmp_path / "aside")  # the two change places
    other.rename(one)
    (tmp_path / "aside").rename(other)
    assert prepare(MEANS[means](one), 24).data.fingerprint == prints[1]
    assert prepare(MEANS[means](other), 24).data.fingerprint == prints[0]


@pytest.mark.parametrize("inodes", [True, False])
@pytest.mark.parametrize("replace", [True, False], ids=["replaced", "written over"])
@pytest.mark.parametrize("means", MEANS)
def test_a_file_with_other_content_and_the_same_size_and_time_is_read_again(
    means: str, replace: bool, inodes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not inodes:
        no_inodes(monkeypatch)
    root = bitmaps(tmp_path / "set", 0)
    before = prepare(MEANS[means](root), 24).data.fingerprint
    path = tmp_path / "new.bmp" if replace else root / "7.bmp"
    Image.fromarray(random_rgb(999, 24)).save(path)
    if replace:
        path.replace(root / "7.bmp")
    restore_times(root)
    assert prepare(MEANS[means](root), 24).data.fingerprint != before


def test_a_zip_is_known_by_where_it_is_and_by_all_that_is_in_it(tmp_path: Path) -> None:
    one, other = (honest_zip(tmp_path / f"{k}.zip", seed=k) for k in range(2))
    assert one.stat().st_size == other.stat().st_size
    first = prepare(files_at(one), SIZE)
    (tmp_path / "moved").mkdir()
    moved = one.rename(tmp_path / "moved" / "0.zip")
    assert files_at(moved).key((SIZE, SIZE)) != files_at(other).key((SIZE, SIZE))
    assert same(prepare(files_at(moved), SIZE), first)
    other.replace(moved)
    restore_times(moved.parent)
    assert not same(prepare(files_at(moved), SIZE), first)


def test_the_last_image_of_a_large_zip_is_part_of_its_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes are not read, but its checksum stands in the directory."""
    no_inodes(monkeypatch)
    keys = set[str]()
    for seed in range(2):
        entries = [Entry(f"{k:03d}.png", image_bytes("BMP", 64, k)) for k in range(400)]
        entries[311] = Entry("311.png", image_bytes("BMP", 64, 1000 + seed))
        write_zip(tmp_path / "large.zip", entries)
        restore_times(tmp_path)
        keys.add(files_at(tmp_path / "large.zip").key((SIZE, SIZE)))
    assert len(keys) == 2


def honest_zip(path: Path, seed: int) -> Path:
    """Zips of the same size, whatever the seed."""
    entries = [Entry(f"{k}.bmp", image_bytes("BMP", seed=100 * seed + k)) for k in range(12)]
    write_zip(path, entries)
    os.utime(path, ns=(10**18, 10**18))
    return path


def test_a_log_that_grows_in_the_folder_does_not_make_it_another_set(shapes: Path) -> None:
    before = files_at(shapes).key((SIZE, SIZE))
    for name in ("run.log", "out.txt", "nohup.out", "log"):
        (shapes / name).write_text("training\n")
        assert files_at(shapes).key((SIZE, SIZE)) == before
    image = (shapes / "000.png").read_bytes()
    (shapes / "out.txt").write_bytes(image)  # an image all the same
    assert files_at(shapes).key((SIZE, SIZE)) != before


@posix
def test_an_undecodable_name_is_part_of_the_key(tmp_path: Path) -> None:
    folder = with_honest(tmp_path / "set")
    keys = [files_at(folder).key((SIZE, SIZE))]
    for name in (b"a\xff.png", b"a\xfe.png"):
        (folder / os.fsdecode(name)).write_bytes(b"")
        os.utime(folder / os.fsdecode(name), (1, 1))
        keys.append(files_at(folder).key((SIZE, SIZE)))
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
    monkeypatch.setattr("gan_bench.data.source.gather", no_image_is_opened)
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
