"""Zips that mean harm or are damaged: members are refused by what they claim, none is unpacked."""

from __future__ import annotations

import bz2
import re
import stat
import tempfile
import zipfile
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sets import dropped, everything_below, honest, loaded

from gan_bench import DataError
from hostile import MEBI, Entry, deflated_zeros, write_zip

REFUSED: dict[str, tuple[Entry, str]] = {
    "parent": (Entry("../slipped.png"), "name that leads out of the zip"),
    "parent within": (Entry("a/../../slipped.png"), "name that leads out of the zip"),
    "parent of Windows": (Entry("..\\slipped.png"), "name that leads out of the zip"),
    "absolute": (Entry("/slipped.png"), "absolute name"),
    "drive": (Entry("C:\\slipped.png"), "absolute name"),
    "share": (Entry("\\\\host\\share\\slipped.png"), "absolute name"),
    "link": (Entry("a.png", b"/etc/passwd", mode=stat.S_IFLNK | 0o777), "link in a zip"),
    "encrypted": (Entry("a.png", flags=1), "encrypted"),
    "strongly encrypted": (Entry("a.png", flags=0x41), "encrypted"),
    "bzip2": (
        Entry("a.bmp", b"", packed=bz2.compress(bytes(MEBI)), size=MEBI, method=12),
        "packed otherwise than by deflate: method 12",
    ),
    "unknown method": (Entry("a.png", method=77), "packed otherwise than by deflate: method 77"),
    "large": (
        Entry("a.png", b"", packed=deflated_zeros(257), size=257 * MEBI),
        r"packed more than 200 times: \d,\d\d\d times",
    ),
    "large and not packed much": (
        Entry("a.png", bytes(2 * MEBI), size=257 * MEBI),
        "larger than 256 MiB: 257 MiB",
    ),
    "flat": (
        Entry("a.bmp", b"", packed=deflated_zeros(17), size=17 * MEBI),
        r"packed more than 200 times: \d,\d\d\d times",
    ),
    "empty": (Entry("a.png", b""), "empty"),
    "text": (Entry("a.png", b"I am a text"), "unreadable: no PNG, JPEG, .*"),
    "a zip": (Entry("a.png", b"PK\3\4" + bytes(40)), "unreadable: no PNG, JPEG, .*"),
    "wrong checksum": (Entry("a.png", checksum=1), "unreadable: Bad CRC-32.*"),
    "more than it claims": (
        Entry("a.png", b"", packed=deflated_zeros(64), size=1000),
        "unreadable: Bad CRC-32.*",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_member_that_means_harm_is_dropped_with_its_reason(what: str, tmp_path: Path) -> None:
    entry, reason = REFUSED[what]
    archive = write_zip(tmp_path / "set.zip", [*honest(), entry])
    given = loaded(archive)
    assert len(given.train) + len(given.held_out) == 12
    ((name, said),) = given.dropped
    assert name == entry.name
    assert re.fullmatch(reason, said), said
    assert everything_below(tmp_path) == {"set.zip"}


def test_a_flat_picture_of_ordinary_size_may_be_packed_much(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for k in range(12):
            Image.new("RGB", (1024, 1024), (20 * k, 9, 9)).save(tmp_path / "flat.bmp")
            packed.write(tmp_path / "flat.bmp", f"{k}.bmp")
        info = packed.infolist()[0]
    assert info.file_size > 200 * info.compress_size
    assert dropped(tmp_path / "set.zip") == {}


def test_a_zip_that_is_corrupt_in_the_middle_loses_members_only(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "set.zip", honest(20))
    content = bytearray(archive.read_bytes())
    middle = content.index(b"honest07.png") + 300
    content[middle : middle + 2500] = bytes(2500)
    archive.write_bytes(content)
    given = loaded(archive)
    assert 1 <= len(given.dropped) <= 3
    assert all(why.startswith("unreadable: ") for _, why in given.dropped)
    assert len(given.train) + len(given.held_out) + len(given.dropped) == 20


def test_a_zip_cut_anywhere_is_said_to_be_cut(tmp_path: Path) -> None:
    whole = write_zip(tmp_path / "whole.zip", honest()).read_bytes()
    for cut in range(4, len(whole), len(whole) // 20 + 1):
        (tmp_path / "set.zip").write_bytes(whole[:cut])
        with pytest.raises(
            DataError, match=r"set\.zip is only the beginning of a zip: .* download"
        ):
            loaded(tmp_path / "set.zip")
    (tmp_path / "set.zip").write_bytes(b"")
    with pytest.raises(DataError, match=r"set\.zip is an empty file: give a folder or a zip"):
        loaded(tmp_path / "set.zip")


@settings(max_examples=60)
@given(st.data())
def test_an_altered_zip_ends_in_a_set_or_in_an_error_of_the_data(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = write_zip(Path(folder) / "set.zip", honest())
        content = bytearray(archive.read_bytes())
        directory = content.index(b"PK\1\2")
        for place in data.draw(st.lists(st.integers(directory, len(content) - 1), max_size=5)):
            content[place] = data.draw(st.integers(0, 255))
        archive.write_bytes(content)
        try:
            given = loaded(archive)
        except DataError:
            return
        assert len(given.train) + len(given.held_out) >= 10


def test_a_long_comment_does_no_harm(tmp_path: Path) -> None:
    assert dropped(write_zip(tmp_path / "long.zip", honest(), b"c" * 65_535)) == {}
    false_end = write_zip(tmp_path / "set.zip", honest(), comment=b"PK\5\6" + bytes(65_000))
    with pytest.raises(DataError, match=r"is a damaged zip|no images in"):
        loaded(false_end)


def test_of_members_with_one_name_the_last_counts_as_if_unpacked(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "set.zip", [Entry("honest00.png", b"rubbish"), *honest(10)])
    assert dropped(archive) == {}


def test_members_that_share_their_bytes_are_no_trouble(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "set.zip", [*honest(11), Entry("honest11.png")])
    content = archive.read_bytes()
    last = content.rindex(b"PK\1\2")  # it lies where the first does
    archive.write_bytes(content[: last + 42] + bytes(4) + content[last + 46 :])
    assert set(dropped(archive)) == {"honest11.png"}


def test_a_directory_too_large_to_bear_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = write_zip(tmp_path / "set.zip", honest())
    length = len(archive.read_bytes()) - archive.read_bytes().index(b"PK\1\2") - 22
    monkeypatch.setattr("gan_bench.data.files.archive.MOST_BYTES", length - 1)
    with pytest.raises(DataError, match=rf"is a damaged zip: its directory has {length} bytes"):
        loaded(archive)
    monkeypatch.setattr("gan_bench.data.files.archive.MOST_BYTES", 10**6)
    assert dropped(archive) == {}


@pytest.mark.skipif(not psutil.LINUX, reason="who has which file open, as Linux says")
def test_the_file_of_a_zip_is_closed(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "set.zip", honest())
    loaded(archive)
    assert str(archive) not in {file.path for file in psutil.Process().open_files()}


def test_what_does_no_harm_is_read_or_ignored(tmp_path: Path) -> None:
    harmless = [
        Entry("shorter-than-it-claims.png", size=10**6),
        Entry("inner.zip", b"PK\3\4" + bytes(40)),
        Entry("folder-named-like-an-image.png/", b"", mode=stat.S_IFDIR | 0o755),
    ]
    assert dropped(write_zip(tmp_path / "set.zip", [*honest(), *harmless])) == {}
