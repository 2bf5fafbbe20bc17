"""A folder, a zip or a plugin's data set -> images, or a sentence that says what is wrong."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sets import SIZE, blank, dataset, names_of_dropped, nothing_is_left, posix, random_rgb, same

from gan_bench import DataError, Dataset, Images
from gan_bench.data.cache import prepare
from gan_bench.data.source import Source, files_at
from hostile import image_bytes


def test_what_cannot_be_used_is_dropped_and_counted_with_its_reason(shapes: Path) -> None:
    whole = (shapes / "000.png").read_bytes()
    (shapes / "cut.png").write_bytes(whole[: len(whole) // 2])
    (shapes / "empty.jpg").write_bytes(b"")
    (shapes / "text.png").write_text("I am a text")
    (shapes / "script.png").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    Image.new("RGB", (SIZE, 1)).save(shapes / "line.png")
    prepared = prepare(files_at(shapes), SIZE)
    dropped = names_of_dropped(prepared)
    assert dropped.pop("cut.png").startswith("unreadable: ")
    assert dropped.pop("text.png").startswith("unreadable: no PNG, JPEG, ")
    assert dropped.pop("script.png").startswith("unreadable: ")
    assert dropped == {"line.png": "smaller than 16 px: 16 x 1", "empty.jpg": "empty"}
    assert prepared.report.reasons == {"unreadable": 3, "empty": 1, "smaller than 16 px": 1}
    assert prepared.data.train + prepared.data.held_out == 40


def test_a_file_that_cannot_be_opened_is_dropped(
    shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.open", denying("003.png", open))
    prepared = prepare(files_at(shapes), SIZE)
    assert "Permission denied" in names_of_dropped(prepared)["003.png"]


def denying(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """The call, which has no permission for what is called so."""

    def denied(path: Path | str, *how: Any, **more: Any) -> Any:
        if str(path).endswith(name):
            raise PermissionError(13, "Permission denied", str(path))
        return call(path, *how, **more)

    return denied


def test_class_folders_and_unicode_names_are_fine(tmp_path: Path) -> None:
    for folder in ("katzen äöü", "顔", "deep/er"):
        (tmp_path / folder).mkdir(parents=True)
        for k in range(4):
            Image.fromarray(random_rgb(k)).save(tmp_path / folder / f"ÿ😀 {k}\n.PNG")
    prepared = prepare(files_at(tmp_path), SIZE)
    assert prepared.data.train + prepared.data.held_out == 12
    assert prepared.report.dropped == ()


def test_hidden_files_and_what_a_mac_adds_to_a_zip_are_ignored(shapes: Path) -> None:
    before = prepare(files_at(shapes), SIZE)
    for name in (".trash/a.png", "__MACOSX/a.png", "__MACOSX/._000.png", ".a.png", "@eaDir/a.png"):
        (shapes / name).parent.mkdir(exist_ok=True)
        (shapes / name).write_bytes((shapes / "000.png").read_bytes())
    after = prepare(files_at(shapes), SIZE)
    assert same(before, after)
    assert after.report.dropped == after.report.not_used == ()


@pytest.mark.parametrize("top", ["", "shapes/"])
def test_a_zip_equals_its_folder_pixel_for_pixel(top: str, shapes: Path, tmp_path: Path) -> None:
    (shapes / "more").mkdir()
    Image.new("RGB", (50, 30), "red").save(shapes / "more" / "é.jpg")
    (shapes / "broken.png").write_bytes(b"rubbish")
    archive = tmp_path / "shapes.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in shapes.rglob("*"):  # in whatever order
            packed.write(path, top + path.relative_to(shapes).as_posix())
        packed.write(shapes / "000.png", "__MACOSX/._000.png")
    one, other = prepare(files_at(shapes), SIZE), prepare(files_at(archive), SIZE)
    assert same(one, other)
    assert one.data.fingerprint == other.data.fingerprint
    assert len(one.report.dropped) == len(other.report.dropped) == 1


def test_links_that_lead_in_circles_end(shapes: Path) -> None:
    before = prepare(files_at(shapes), SIZE)
    (shapes / "up").symlink_to(shapes, target_is_directory=True)
    assert same(before, prepare(files_at(shapes), SIZE))


@pytest.mark.parametrize("target", ["000z.png", "nowhere.png"], ids=["itself", "nowhere"])
def test_a_link_that_leads_nowhere_is_dropped(target: str, shapes: Path) -> None:
    (shapes / "000z.png").symlink_to(shapes / target)
    prepared = prepare(files_at(shapes), SIZE)
    assert names_of_dropped(prepared)["000z.png"] == "no regular file: a broken link"
    assert prepared.data.train + prepared.data.held_out == 40


def test_a_folder_that_cannot_be_listed_is_named(
    shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shapes / "private").mkdir()
    monkeypatch.setattr(os, "scandir", denying("private", os.scandir))
    with pytest.raises(DataError, match=r"cannot read the folder .*private: Permission denied"):
        prepare(files_at(shapes), SIZE)


def files(path: Path, contents: dict[str, bytes]) -> None:
    path.mkdir()
    for name, content in contents.items():
        (path / name).write_bytes(content)


def honest(count: int) -> dict[str, bytes]:
    return {f"{k}.png": image_bytes(seed=k) for k in range(count)}


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (None, r"there is no .*/given"),
        ({}, r"no images in .*/given: it is empty$"),
        ({"notes.txt": b"no image"}, r"no images in .*/given: 1 text file$"),
        (b"PK\5\6" + bytes(18), r"no images in .*/given: it is empty$"),
        (b"I am no zip", r"given is a text file: give a folder or a zip of images$"),
        (honest(1), r"given has one image, and 10 or more are needed: add images$"),
        (honest(9), r"given has 9 images, and 10 or more are needed: add images$"),
        (
            honest(9) | {"z.png": b"rubbish", "zz.png": b""},
            r"given has 11 images, only 9 can be used, and 10 or more are needed: 1 unreadable, "
            r"1 empty; the first: z\.png: unreadable: no PNG",
        ),
        (
            {f"{k:04d}.png": b"rubbish" for k in range(1200)},
            r"given has 1,200 images, none can be used: 1,200 unreadable; the first: 0000\.png: un",
        ),
    ],
)
def test_what_is_no_set_of_images_is_a_data_error(
    contents: dict[str, bytes] | bytes | None, said: str, tmp_path: Path, home: Path
) -> None:
    if isinstance(contents, bytes):
        (tmp_path / "given").write_bytes(contents)
    elif contents is not None:
        files(tmp_path / "given", contents)
    with pytest.raises(DataError, match=said) as error:
        prepare(files_at(tmp_path / "given"), SIZE)
    assert error.value.exit_code == 4
    assert not list(home.glob("images/*/data.json"))


@posix
def test_a_pipe_is_no_set_of_images(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match=r"pipe is neither a folder nor a file: give a folder"):
        prepare(files_at(tmp_path / "pipe"), SIZE)


def from_load(load: Callable[[Path | None, int, bool], Images], **more: Any) -> Source:
    return Source(Dataset(name="given", source="a test", version="1", load=load), **more)


def test_a_data_set_is_asked_with_what_the_user_gave(tmp_path: Path) -> None:
    """The folder need not be there yet: it may be downloaded."""
    asked: list[tuple[Path | None, int, bool]] = []

    def load(root: Path | None, size: int, download: bool) -> Images:
        asked.append((root, size, download))
        return Images(train=blank(), held_out=blank(1))

    prepare(from_load(load, root=tmp_path / "new" / "folder", download=True), SIZE)
    assert asked == [(tmp_path / "new" / "folder", SIZE, True)]


def test_a_data_set_may_hold_nothing_out() -> None:
    prepared = prepare(Source(dataset("all", blank(), blank(0))), SIZE)
    assert prepared.data.held_out == len(prepared.held_out) == 0


def test_images_that_a_data_set_drops_are_counted_by_its_own_reasons() -> None:
    images = Images(
        train=blank(),
        held_out=blank(1),
        dropped=[("3", "blurred: 0.1"), ("5", "blurred: 0.1"), ("7", "{no} face")],
    )
    report = prepare(from_load(lambda *_: images), SIZE).report
    assert report.reasons == {"blurred: 0.1": 2, "{no} face": 1}
    assert str(report.dropped[2]) == "7: {no} face"


@pytest.mark.parametrize(
    ("train", "held_out", "said"),
    [
        (np.full((10, 1, SIZE, SIZE), 0.5, np.float32), blank(2), "4 dimensions of float32"),
        (np.zeros((10, SIZE, SIZE), np.uint8), blank(2), "3 dimensions of uint8"),
        (blank(0), blank(2), "the data set wrong has no training images"),
        (np.zeros((10, 5, SIZE, SIZE), np.uint8), blank(2), "5 channels, which no sheet of"),
        (np.zeros((10, 0, SIZE, SIZE), np.uint8), blank(2), "0 channels, which no sheet of"),
        (blank(), blank(2, 8), r"must give \(2, 1, 16, 16\) uint8 .* it gave \(2, 1, 8, 8\)"),
        (blank(), blank(2).astype(np.float32), r"must give \(2, 1, 16, 16\) uint8 .* float32"),
    ],
    ids=["floats", "3-d", "no images", "five", "none", "another size", "floats held out"],
)
def test_a_data_set_that_breaks_the_contract_is_refused(
    train: np.ndarray, held_out: np.ndarray, said: str, home: Path
) -> None:
    with pytest.raises(DataError, match=f"the data set wrong .*{said}|{said}"):
        prepare(Source(dataset("wrong", train, held_out)), SIZE)
    assert nothing_is_left(home)


class Breaking:
    """Rows of which only the first can be read."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __len__(self) -> int:
        return 10

    def __getitem__(self, rows: slice) -> np.ndarray:
        if rows.stop > 1:
            raise self.error
        return blank(1)


NO_FILE = FileNotFoundError(2, "No such file or directory", "faces.bin")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NO_FILE, r"the data set given cannot be read: .*faces\.bin"),
        (DataError("image 7 cannot be drawn"), "^image 7 cannot be drawn$"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False], ids=["when loaded", "half way"])
def test_a_data_set_that_fails_leaves_nothing_and_is_not_the_caches_fault(
    at_once: bool, error: Exception, said: str, home: Path
) -> None:
    def load(root: Path | None, size: int, download: bool) -> Images:
        if at_once:
            raise error
        return Images(train=Breaking(error), held_out=Breaking(error))

    with pytest.raises(DataError, match=said):
        prepare(from_load(load), SIZE)
    assert nothing_is_left(home)
