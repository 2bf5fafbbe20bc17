"""What stays on one side of the split: copies, clips, people; names and order change nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from folders import SIDE, folder_of, held_out_of, picture, pictures, prepared_of
from PIL import Image

from gan_bench.contract.errors import DataError
from gan_bench.data.choosing.alike import name_prefix

MIRROR = Image.Transpose.FLIP_LEFT_RIGHT


@pytest.mark.usefixtures("home")
def test_a_set_with_a_period_of_ten_does_not_hold_out_one_pose_of_everybody(tmp_path: Path) -> None:
    names = [f"{person:02d}_{pose}.png" for person in range(40) for pose in range(10)]
    held = held_out_of(folder_of(tmp_path, pictures(names)))
    poses = Counter(name[3] for name in held)
    assert len(held) == 40
    assert max(poses.values()) < 15


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_copies_are_on_the_side_of_their_originals(
    mirrored: bool, ending: str, tmp_path: Path
) -> None:
    images = pictures((f"{k:03d}.png" for k in range(30)), side=4 * SIDE)
    copies = {
        f"copy{name[:3]}.{ending}": image.transpose(MIRROR) if mirrored else image
        for name, image in images.items()
    }
    report = prepared_of(folder_of(tmp_path, {**images, **copies})).report
    held = set(report.held_out_names)
    assert len(held) == 6
    assert all(f"copy{name[:3]}.{ending}" in held for name in held if "copy" not in name)
    equal = ending == "png" and not mirrored
    what = "equal" if equal else "nearly equal"
    assert (
        f"30 images are {what} to another one; they stay on one side of the split; "
        "--dedupe leaves them out"
    ) in report.notes
    assert len(report.equal if equal else report.nearly_equal) == 30
    assert f"30 {what} to another" in report.summary()


@pytest.mark.usefixtures("home")
def test_names_and_order_change_nothing_and_another_image_moves_few(tmp_path: Path) -> None:
    images = pictures(f"{k:03d}.png" for k in range(100))
    renamed = {f"{999 - int(name[:3])}.png": image for name, image in images.items()}
    held = held_out_of(folder_of(tmp_path / "a", images))
    others = held_out_of(folder_of(tmp_path / "b", renamed))
    assert others == {f"{999 - int(name[:3])}.png" for name in held}
    more = held_out_of(folder_of(tmp_path / "c", {**images, "000a.png": picture(1000)}))
    assert len(held ^ more) <= 2


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("rule", "pattern"),
    [("folder", "person{}/{}.png"), ("name-prefix", "person{}_pose{}.png")],
)
def test_people_stay_together_if_asked(rule: str, pattern: str, tmp_path: Path) -> None:
    names = [pattern.format(person, pose) for person in range(30) for pose in range(8)]
    held = held_out_of(folder_of(tmp_path, pictures(names)), group_by=rule)
    people = Counter(name[:-9] if rule == "name-prefix" else name.split("/")[0] for name in held)
    assert len(held) == 24
    assert set(people.values()) == {8}


@pytest.mark.usefixtures("home")
def test_copies_that_link_all_folders_do_not_hinder(tmp_path: Path) -> None:
    images = pictures(f"{folder}/{k}.png" for folder in range(12) for k in range(5))
    for folder in range(11):
        images[f"{folder}/4.jpg"] = images[f"{folder + 1}/0.png"]
    held = held_out_of(folder_of(tmp_path, images), group_by="folder")
    assert len({name.split("/")[0] for name in held}) == 1


@pytest.mark.parametrize(
    ("stem", "prefix"),
    [
        ("person01_pose3", "person01"),
        ("clip-0001", "clip"),
        ("Aaron_Eckhart_0001", "Aaron_Eckhart"),
        ("shot3frame12", "shot3frame"),
        ("toon 12 (3)", "toon 12"),
        ("0001", ""),
        ("img7b", "img"),
        ("portrait", "portrait"),
    ],
)
def test_prefix_of_a_name(stem: str, prefix: str) -> None:
    assert name_prefix(stem) == prefix


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("names", "rule", "sentence"),
    [
        (
            [f"{k:04d}.png" for k in range(20)],
            "name-prefix",
            "all 20 images are one group",
        ),
        ([f"{k:04d}.png" for k in range(20)], "folder", "all 20 images are one group"),
        (
            [f"{animal}/{k}.png" for animal in ("cat", "dog") for k in range(10)],
            "folder",
            "of 2 groups, the smallest has 10 of the 20 images",
        ),
    ],
)
def test_groups_that_leave_nothing_to_hold_out_are_refused(
    names: list[str], rule: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(
        DataError, match=f"--group-by {rule} leaves nothing to hold out, .*: {sentence}"
    ):
        prepared_of(folder_of(tmp_path, pictures(names)), group_by=rule)


@pytest.mark.usefixtures("home")
def test_a_long_clip_is_split_and_said(tmp_path: Path) -> None:
    """Each frame is nearly equal to the next, and all are linked."""
    wide = picture(0, 160)
    frames = {f"{k:03d}.png": wide.crop((k, 0, k + 128, 128)) for k in range(30)}
    others = pictures(f"other{k}.png" for k in range(40))
    report = prepared_of(folder_of(tmp_path, {**frames, **others})).report
    assert report.held_out == 7
    assert any("30 images are linked by nearly equal ones" in note for note in report.notes)
