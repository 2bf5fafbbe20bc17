"""What the user gave is named when it cannot be a set of images, with what to do."""

from __future__ import annotations

import gzip
import os
import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from sets import SIZE, posix, with_honest
from test_kinds import CONTENT

from gan_bench import DataError, UsageError
from gan_bench.contract.protocol import Preparation
from gan_bench.data.cache import prepare
from gan_bench.data.source import Unusable, files_at
from hostile import Entry, image_bytes, write_zip


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("faces.tar", CONTENT["tar"][0], "is a tar archive: unpack first, then give a folder or"),
        ("faces.tgz", gzip.compress(b"x"), "is a gzip archive: unpack first"),
        ("faces.7z", CONTENT["7z"][0], "is a 7z archive: unpack first"),
        ("faces.rar", CONTENT["rar"][0], "is a rar archive: unpack first"),
        ("one.jpg", image_bytes("JPEG"), "is an image: give a folder of images"),
        ("clip.mp4", CONTENT["mp4"][0], "is a video: save the frames as images first"),
        ("a.parquet", CONTENT["parquet"][0], "is a parquet file: save the images as files, or as"),
        ("a.h5", CONTENT["hdf5"][0], "is an HDF5 file: save the images as files"),
        ("a.pkl", CONTENT["pickle"][0], "is a pickle: a pickle can run any program: save the"),
        ("a.dcm", CONTENT["dicom"][0], "is a DICOM file: export as PNG first"),
        ("list.csv", b"a,b\n", "is a text file: give a folder or a zip of images"),
        ("nothing.zip", b"", "is an empty file: give a folder or a zip of images"),
        ("half.zip", CONTENT["zip"][0][:40], "is only the beginning of a zip: the end is missing"),
        (
            "odd.bin",
            CONTENT["rubbish"][0],
            "is an unrecognised file: give a folder or a zip of images",
        ),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value,
)
def test_a_file_that_is_no_set_is_called_what_it_is(
    name: str, content: bytes, said: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=re.escape(f"{name} {said}")):
        prepare(files_at(tmp_path / name), SIZE)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("what", "count", "said"),
    [
        ("idx", 2, "2 IDX files (name its data set with --data, if it has one, and its folder"),
        ("dicom", 20, "20 DICOM files (export as PNG first)"),
        ("cr2", 3, "3 RAW photographs (export as JPEG or TIFF first)"),
        ("zip", 1, "1 archive (unpack first)"),
        ("text", 2, "2 text files"),
    ],
)
def test_a_folder_without_images_is_said_to_hold_what_it_holds(
    what: str, count: int, said: str, zipped: bool, tmp_path: Path
) -> None:
    entries = [Entry(f"{k:03d}", CONTENT[what][0]) for k in range(count)]
    root = write_zip(tmp_path / "set.zip", entries) if zipped else tmp_path / "set"
    if not zipped:
        root.mkdir()
        for entry in entries:
            (root / entry.name).write_bytes(entry.content)
    with pytest.raises(Unusable, match=re.escape(f"no images in {root}: {said}")) as error:
        prepare(files_at(root), SIZE)
    assert len(error.value.report.not_used) == count


@posix
def test_pipes_and_broken_links_are_counted_and_never_opened(tmp_path: Path) -> None:
    root = with_honest(tmp_path / "set")
    os.mkfifo(root / "pipe")
    os.mkfifo(root / "pipe.png")
    (root / "link").symlink_to("nowhere")
    report = prepare(files_at(root), SIZE).report
    assert {each.name: each.kind for each in report.not_used} == {
        "pipe": "special file",
        "link": "broken link",
    }
    assert [str(each) for each in report.dropped] == ["pipe.png: no regular file"]


def test_what_may_not_be_read_is_not_called_empty(tmp_path: Path) -> None:
    entries = [Entry(f"{k}.png", image_bytes(seed=k)) for k in range(12)]
    entries += [Entry("locked", b"secret", flags=1), Entry("empty", b"")]
    report = prepare(files_at(write_zip(tmp_path / "set.zip", entries)), SIZE).report
    kinds = {each.name: each.kind for each in report.not_used}
    assert kinds == {"locked": "unrecognised file", "empty": "empty file"}


def test_results_in_a_zip_are_not_read(tmp_path: Path) -> None:
    with_honest(tmp_path / "set")
    archive = tmp_path / "set.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in (tmp_path / "set").iterdir():
            packed.write(path, f"faces/{path.name}")
        packed.writestr("r/x/protocol.json", '{"data": 1, "schedule": 2, "evaluation": 3}')
        packed.writestr("r/x/figures/losses.png", image_bytes(seed=77))
    prepared = prepare(files_at(archive), SIZE)
    assert prepared.data.train + prepared.data.held_out == 12
    assert prepared.report.notes == ("not used: what gan-bench itself wrote, in r/x",)


@pytest.mark.parametrize("side", [28, 31])
def test_images_that_are_all_too_small_name_the_size_that_they_have(
    side: int, tmp_path: Path
) -> None:
    (tmp_path / "set").mkdir()
    for k in range(60):
        size = (side, side + k % 5)
        Image.effect_noise(size, 50).save(tmp_path / "set" / f"{k}.png")
    said = rf"none can be used: 60 smaller than 32 px; try --size {side}; the first"
    with pytest.raises(Unusable, match=said) as error:
        prepare(files_at(tmp_path / "set"), 32)
    assert len(error.value.report.dropped) == 60


# Folders


def parted(root: Path, **counts: int) -> Path:
    """Folders with so many images each, every image another."""
    for seed, (folder, count) in enumerate(counts.items()):
        (root / folder).mkdir(parents=True)
        for k in range(count):
            (root / folder / f"{k}.png").write_bytes(image_bytes(seed=1000 * seed + k))
    return root


def notes(root: Path, folder: str | None = None) -> tuple[str, ...]:
    return prepare(files_at(root, Preparation(folder=folder)), SIZE).report.notes


def test_folders_called_train_and_test_are_told_with_their_numbers(tmp_path: Path) -> None:
    root = parted(tmp_path / "set", test=20, train=40, val=20)
    assert notes(root) == (
        "folders: test 20, train 40, val 20; all are used, --folder test uses one",
    )


def test_the_years_of_a_part_change_nothing(tmp_path: Path) -> None:
    root = parted(tmp_path / "set", **{"images/train2017": 12, "images/val_2017": 10})
    assert notes(root)[0].startswith("folders: train2017 12, val_2017 10; all are used, --folder")


def test_masks_beside_the_images_are_told(tmp_path: Path) -> None:
    root = parted(tmp_path / "set", images=12, Masks=12)
    assert notes(root) == (
        "folders: Masks 12, elsewhere 12; all are used, --folder images uses one",
    )


def test_class_folders_and_a_set_that_is_all_train_need_no_note(tmp_path: Path) -> None:
    assert notes(parted(tmp_path / "classes", cats=12, dogs=12)) == ()
    assert notes(parted(tmp_path / "one", train=12)) == ()


def test_classes_that_are_very_unequal_are_noted(tmp_path: Path) -> None:
    (note,) = notes(parted(tmp_path / "set", cats=22, dogs=1))
    assert note == "classes are very unequal: cats has 22 images, dogs has 1 image"
    assert notes(parted(tmp_path / "even", cats=22, dogs=2)) == ()


def test_folders_with_hardly_any_images_are_noted(tmp_path: Path) -> None:
    (note,) = notes(parted(tmp_path / "set", **{f"person{k}": 2 for k in range(12)}))
    said = "12 classes have few images each, 2 in the median: are these folders classes?"
    assert note == said


@pytest.mark.parametrize("folder", ["train", "./train/", "a/train"])
def test_one_folder_is_used_wherever_it_is(folder: str, tmp_path: Path) -> None:
    root = parted(tmp_path / "set", **{"a/train": 12, "a/test": 11})
    prepared = prepare(files_at(root, Preparation(folder=folder)), SIZE)
    assert prepared.data.train + prepared.data.held_out == 12
    assert prepared.report.notes == (f"--folder {folder}: 12 images; 11 elsewhere are not used",)


def test_a_folder_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    root = parted(tmp_path / "set", test=10, train=11)
    said = r"--folder trian: no images .* Did you mean train\? There are train, test\.$"
    with pytest.raises(UsageError, match=said):
        notes(root, "trian")
    with pytest.raises(UsageError, match=r"the images are in no folders: leave --folder out"):
        notes(root / "test", "train")
