"""Which files of a folder are seen: every one once, by way of links too, and nothing of our own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sets import SIZE, posix, random_rgb, same, with_honest

from gan_bench import DataError
from gan_bench.data.cache import prepare
from gan_bench.data.files.walk import walk
from gan_bench.data.source import files_at
from hostile import image_bytes

pytestmark = posix


def names(root: Path) -> list[str]:
    return [file.name for file in walk(root).files]


def touch(folder: Path, *paths: str) -> Path:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"")
    return folder


def test_class_folders_that_are_links_are_used_like_any_other(tmp_path: Path) -> None:
    """One of three classes is a folder, two are links, as on a disk that is shared."""
    for k, name in enumerate(("set/cats", "elsewhere/dogs", "elsewhere/birds")):
        with_honest(tmp_path / name, 20)
        for j, path in enumerate(sorted((tmp_path / name).iterdir())):
            path.write_bytes(image_bytes(seed=20 * k + j))
    for name in ("dogs", "birds"):
        (tmp_path / "set" / name).symlink_to(tmp_path / "elsewhere" / name)
    data = prepare(files_at(tmp_path / "set"), SIZE).data
    assert data.train + data.held_out == 60


def test_an_empty_class_folder_is_named(tmp_path: Path) -> None:
    for k, name in enumerate(("cats", "dogs")):
        with_honest(tmp_path / name, 12)
        for j, path in enumerate(sorted((tmp_path / name).iterdir())):
            path.write_bytes(image_bytes(seed=20 * k + j))
    (tmp_path / "birds").mkdir()
    prepared = prepare(files_at(tmp_path), SIZE)
    assert prepared.classes == 2
    assert "1 folder is empty, and no class: birds" in prepared.report.notes


def test_a_file_is_counted_once_however_many_links_lead_to_it(tmp_path: Path) -> None:
    root = touch(tmp_path / "set", "a/1.png", "b/2.png")
    outside = touch(tmp_path / "outside", "3.png")
    (root / "z").symlink_to(root / "a")
    (root / "0").symlink_to(root / "b")  # its name comes first, and still it is the link
    (root / "one.png").symlink_to(root / "a/1.png")
    (root / "three.png").symlink_to(outside / "3.png")
    (root / "three again.png").symlink_to(outside / "3.png")
    (root / "outside").symlink_to(outside)
    (root / "outside again").symlink_to(outside)
    tree = walk(root)
    assert [file.name for file in tree.files] == ["a/1.png", "b/2.png", "outside/3.png"]
    again = ("0", "one.png", "outside again", "three again.png", "three.png", "z")
    assert tree.again == again


def test_links_in_circles_and_to_folders_above_are_not_followed(tmp_path: Path) -> None:
    root = touch(tmp_path / "set", "a/1.png", "a/b/2.png")
    touch(tmp_path / "other", "3.png")
    for k, target in enumerate((root, tmp_path, Path("/"), root / "a", Path("."), Path(".."))):
        (root / "a" / "b" / f"link{k}").symlink_to(target)
    (root / "itself").symlink_to(root / "itself")
    (tmp_path / "other" / "up").symlink_to(tmp_path)
    (root / "other").symlink_to(tmp_path / "other")
    assert names(root) == ["a/1.png", "a/b/2.png", "itself", "other/3.png"]


def test_two_hundred_links_to_one_folder_are_one_folder(tmp_path: Path) -> None:
    root = touch(tmp_path / "set", "a/1.png")
    touch(tmp_path / "far", "2.png")
    for k in range(200):
        (root / f"link{k:03d}").symlink_to(tmp_path / "far")
    assert names(root) == ["a/1.png", "link000/2.png"]


def test_a_root_that_is_a_link_is_its_target(tmp_path: Path) -> None:
    root = touch(tmp_path / "set", "a/1.png")
    (tmp_path / "link").symlink_to(root)
    assert names(tmp_path / "link") == ["a/1.png"]
    assert walk(tmp_path / "link").files[0].path == str(root / "a/1.png")


def test_what_the_system_keeps_for_itself_is_left_out(tmp_path: Path) -> None:
    root = touch(
        tmp_path / "set",
        ".hidden/1.png", ".2.png", "__MACOSX/3.png", "._4.png", ".DS_Store", "Thumbs.db",
        "desktop.ini", "@eaDir/5.png", "$RECYCLE.BIN/6.png", "lost+found/7.png", "7..png",
    )  # fmt: skip
    assert names(root) == ["7..png"]


def test_a_folder_that_must_not_be_listed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "set", "private/1.png")
    listed = os.scandir

    def denied(path: str) -> object:
        if path.endswith("private"):
            raise PermissionError(13, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(DataError, match=r"cannot read the folder .*private: Permission denied"):
        walk(tmp_path / "set")


# What gan-bench wrote

PROTOCOL = '{"data": {}, "schedule": {}, "evaluation": {}}'


def test_results_and_prepared_sets_below_the_folder_are_not_read(
    shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = prepare(files_at(shapes), SIZE)
    run = touch(
        shapes / "results" / "shapes-16px",
        "figures/losses.png", "dcgan/minimax/seed0/samples/1.png", "data-report.json",
    )  # fmt: skip
    (run / "protocol.json").write_text(PROTOCOL)
    touch(shapes / "moved cell", "cell.json", "curve.jsonl", "samples/1.png")
    touch(shapes, "faces-contact-sheet.png")
    touch(shapes / "old cache" / "x", "data.json", "train.npy", "held_out.npy", "1.png")
    monkeypatch.setenv("GAN_BENCH_HOME", str(touch(shapes / "cache", "images/1.png")))
    tree = walk(shapes)
    assert set(tree.ours) == {
        "results/shapes-16px", "moved cell", "old cache/x", "cache", "faces-contact-sheet.png"
    }  # fmt: skip
    after = prepare(files_at(shapes), SIZE)
    assert same(before, after)
    assert after.report.dropped == after.report.not_used == ()
    assert files_at(shapes).key((SIZE, SIZE)) == files_at(shapes).key((SIZE, SIZE))
    (note,) = after.report.notes
    named = "cache, faces-contact-sheet.png, moved cell and 2 more"
    assert note == f"not used: what gan-bench itself wrote, in {named}"


def test_a_folder_of_others_with_a_protocol_of_its_own_is_read(tmp_path: Path) -> None:
    root = touch(tmp_path / "set", "scan/1.png", "torn/2.png", "pipe/3.png")
    (root / "scan" / "protocol.json").write_text('{"scanner": "x", "data": []}')
    (root / "torn" / "protocol.json").write_text('{"data": ')
    os.mkfifo(root / "pipe" / "protocol.json")
    kept = [name for name in names(root) if name.endswith(".png")]
    assert kept == ["pipe/3.png", "scan/1.png", "torn/2.png"]


def test_a_generated_sheet_can_still_be_given_by_itself(tmp_path: Path) -> None:
    """Samples of a cell are no results folder: who names them means them."""
    samples = touch(tmp_path / "results" / "run" / "samples", "1.png")
    (tmp_path / "results" / "run" / "protocol.json").write_text(PROTOCOL)
    assert names(samples) == ["1.png"]
    assert names(tmp_path / "results") == []


def test_names_of_any_kind_are_kept(tmp_path: Path) -> None:
    root = tmp_path / "set"
    root.mkdir()
    wanted = sorted(["line\nbreak", "a b.png", "x?size=large", os.fsdecode(b"\xff.png"), "ü"])
    for name in wanted:
        try:
            (root / name).write_bytes(random_rgb().tobytes())
        except OSError:  # some disks take UTF-8 only
            pytest.skip("this disk has no such names")
    assert names(root) == wanted
