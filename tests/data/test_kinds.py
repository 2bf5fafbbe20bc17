"""What a file is: by its first bytes, whatever its name says."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sets import SIZE, with_honest

from gan_bench.data.cache import prepare
from gan_bench.data.files.kinds import Kind, archive_format, counted, kind_of, suffix_of
from gan_bench.data.source import files_at
from hostile import KINDS, image_bytes


def tarred() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.png"))
    return buffer.getvalue()


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.png", b"x")
    return buffer.getvalue()


def saved() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


CONTENT = {
    "tar": (tarred(), Kind.ARCHIVE),
    "zip": (zipped(), Kind.ARCHIVE),
    "gzip": (gzip.compress(b"x"), Kind.ARCHIVE),
    "bzip2": (bz2.compress(b"x"), Kind.ARCHIVE),
    "xz": (lzma.compress(b"x"), Kind.ARCHIVE),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\4", Kind.ARCHIVE),
    "rar": (b"Rar!\x1a\x07\1\0", Kind.ARCHIVE),
    "mp4": (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2", Kind.VIDEO),
    "mkv": (b"\x1aE\xdf\xa3\x01", Kind.VIDEO),
    "avi": (b"RIFF\0\0\0\0AVI LIST", Kind.VIDEO),
    "mp3": (b"ID3\4\0", Kind.AUDIO),
    "wav": (b"RIFF\0\0\0\0WAVEfmt ", Kind.AUDIO),
    "psd": (b"8BPS\0\1", Kind.PHOTOSHOP),
    "cr2": (b"II*\0\x10\0\0\0CR\2\0" + bytes(40), Kind.RAW),
    "cr3": (b"\0\0\0\x18ftypcrx \0\0\0\1", Kind.RAW),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Kind.DRAWING),
    "svg of a program": (b'<?xml version="1.0"?>\n<!-- x -->\n<svg width="1">', Kind.DRAWING),
    "dicom": (bytes(128) + b"DICM\2\0", Kind.DICOM),
    "pdf": (b"%PDF-1.7\n", Kind.PDF),
    "npy": (saved(), Kind.ARRAY),
    "hdf5": (b"\x89HDF\r\n\x1a\n", Kind.HDF5),
    "idx": (b"\0\0\x08\x03\0\0\x27\x10\0\0\0\x1c\0\0\0\x1c", Kind.IDX),
    "parquet": (b"PAR1\x15", Kind.PARQUET),
    "pickle": (pickle.dumps({"data": b"x"}), Kind.PICKLE),
    "text": ("Grüße,\n1\t2".encode(), Kind.TEXT),
    "text of Windows": ("Grüße".encode("utf-16"), Kind.TEXT),
    "html": (b"<!DOCTYPE html><html><svg></svg>", Kind.TEXT),
    "nothing": (b"", Kind.EMPTY),
    "rubbish": (bytes([0, 1, 2, 3, 200, 0, 7]) * 30, Kind.OTHER),
    **{kind: (image_bytes(kind), Kind.IMAGE) for kind in KINDS},
}


@pytest.mark.parametrize("what", CONTENT)
def test_a_file_is_known_by_its_first_bytes(what: str) -> None:
    content, kind = CONTENT[what]
    assert kind_of(content[:512]) is kind
    if kind is Kind.ARCHIVE:
        assert archive_format(content) == what


def test_no_random_image_is_taken_for_another_kind() -> None:
    """A GIF has a G where a television stream may have its second one."""
    for seed in range(300):
        assert kind_of(image_bytes("GIF", seed=seed)[:512]) is Kind.IMAGE


@pytest.mark.parametrize("suffix", [".nef", ".dng", ".arw"])
def test_a_tiff_of_a_camera_is_no_image_for_it_begins_with_a_preview(suffix: str) -> None:
    assert kind_of(image_bytes("TIFF"), suffix) is Kind.RAW


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.PNG", ".png"),
        ("a.b/c", ""),
        ("a.tar.gz", ".gz"),
        ("c.jpg?size=large", ".jpg?size=large"),
    ],
)
def test_the_ending_of_a_name(name: str, suffix: str) -> None:
    assert suffix_of(name) == suffix


@pytest.mark.parametrize(
    "name", ["{k}", "{k}.jpg?size=large", "{k}.JFIF", "{k}.jpe", "{k}.txt", "{k}.mp4", "no. {k}"]
)
def test_images_are_used_whatever_they_are_called(name: str, tmp_path: Path) -> None:
    for k in range(12):
        content = image_bytes("JPEG", seed=k)
        with_honest(tmp_path / "set", 0).joinpath(name.format(k=k)).write_bytes(content)
    data = prepare(files_at(tmp_path / "set"), SIZE).data
    assert data.train + data.held_out == 12


def test_what_is_not_used_is_counted_by_kind_and_named_in_the_report(tmp_path: Path) -> None:
    root = with_honest(tmp_path / "set")
    for k, what in enumerate(("mp4", "mkv", "psd", "text", "zip", "svg")):
        (root / f"{k}.{what}").write_bytes(CONTENT[what][0])
    report = prepare(files_at(root), SIZE).report
    assert {each.name: each.kind for each in report.not_used} == {
        "0.mp4": "video", "1.mkv": "video", "2.psd": "Photoshop file", "3.text": "text file",
        "4.zip": "archive", "5.svg": "SVG drawing",
    }  # fmt: skip
    (note,) = report.notes
    assert note == ("not used: 2 videos, 1 Photoshop file, 1 text file, 1 archive, 1 SVG drawing")


def test_texts_beside_the_images_need_no_note(tmp_path: Path) -> None:
    root = with_honest(tmp_path / "set")
    for name in ("README", "labels.csv", "LICENSE.md"):
        (root / name).write_text("text")
    report = prepare(files_at(root), SIZE).report
    assert len(report.not_used) == 3
    assert report.notes == ()


@pytest.mark.parametrize(
    ("count", "kind", "said"),
    [
        (1, "text file", "1 text file"),
        (3, "text file", "3 text files"),
        (2, "OpenEXR file", "2 OpenEXR files"),
        (3, "unreadable", "3 unreadable"),
        (2, "smaller than 64 px", "2 smaller than 64 px"),
    ],
)
def test_kinds_of_files_have_a_plural_and_reasons_have_none(
    count: int, kind: str, said: str
) -> None:
    assert counted(count, kind) == said
