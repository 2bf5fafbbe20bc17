"""What the options leave out, and what a user is told before training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from folders import SIDE, folder_of, picture, pictures, prepared_of
from PIL import Image, ImageFilter

from gan_bench.contract.errors import DataError
from gan_bench.contract.protocol import Preparation
from gan_bench.data.choosing.choose import choose
from gan_bench.data.choosing.facts import facts_of
from gan_bench.data.decoding.decode import Origin
from gan_bench.data.gather import Gathered
from gan_bench.data.reporting.report import LeftOut, report_of
from gan_bench.data.source import files_at

pytestmark = pytest.mark.usefixtures("home")


def twenty(side: int = SIDE) -> dict[str, Image.Image]:
    return pictures((f"{k:02d}.png" for k in range(20)), side)


def test_dedupe_keeps_the_first(tmp_path: Path) -> None:
    images = twenty(4 * SIDE)
    images |= {"a.png": images["03.png"], "b.jpg": images["03.png"], "c.png": images["05.png"]}
    report = prepared_of(folder_of(tmp_path, images), dedupe=True).report
    assert report.train + report.held_out == 20
    assert report.not_used == (
        LeftOut("a.png", "equal to another image", "03.png"),
        LeftOut("b.jpg", "nearly equal to another image", "03.png"),
        LeftOut("c.png", "equal to another image", "05.png"),
    )
    assert not report.equal
    assert "2 equal to another image, 1 nearly equal to another image" in " ".join(report.notes)


def test_min_size_is_of_the_original(tmp_path: Path) -> None:
    images = twenty() | {"wide.png": picture(50, 90).resize((200, 60))}
    images |= {f"large{k}.png": picture(60 + k, 80) for k in range(12)}
    report = prepared_of(folder_of(tmp_path, images), min_size=61).report
    assert report.train + report.held_out == 12
    assert len(report.not_used) == 21
    assert LeftOut("wide.png", "short side below 61 px", "200 x 60") in report.not_used


def test_blurry_images_are_left_out(tmp_path: Path) -> None:
    images = {f"{k:02d}.png": noise(k) for k in range(20)}
    images["soft.png"] = noise(99).filter(ImageFilter.GaussianBlur(4))
    report = prepared_of(folder_of(tmp_path, images), blurry=100).report
    (soft,) = report.not_used
    assert soft.name == "soft.png"
    assert soft.kind == "blurry: the Laplacian varies by less than 100"
    assert 0 < float(soft.detail) < 100


def noise(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), np.uint8))


def test_options_that_leave_too_few_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"0 of 20 images are left.*20 short side below 500 px"):
        prepared_of(folder_of(tmp_path, twenty()), min_size=500)


def test_grey_is_the_luma_of_pillow(tmp_path: Path) -> None:
    images = twenty()
    prepared = prepared_of(folder_of(tmp_path, images), grey=True)
    held = prepared.report.held_out_names
    expected = [np.asarray(image.convert("L")) for name, image in images.items() if name in held]
    assert prepared.data.shape == (1, SIDE, SIDE)
    assert np.array_equal(prepared.held_out[:, 0], np.stack(expected))


def test_images_that_are_all_grey_have_one_channel(tmp_path: Path) -> None:
    images = {name: image.convert("L") for name, image in twenty().items()}
    images["rgb.png"] = images["00.png"].convert("RGB")
    prepared = prepared_of(folder_of(tmp_path / "grey", images))
    held = prepared.report.held_out_names
    expected = [np.asarray(image.convert("L")) for name, image in images.items() if name in held]
    assert np.array_equal(prepared.held_out[:, 0], np.stack(expected))
    images["colour.png"] = picture(99)
    assert prepared_of(folder_of(tmp_path / "one", images)).data.shape[0] == 3


@pytest.mark.parametrize(
    ("frames", "sentence"),
    [
        ([5, 1, 3], "6 further frames or pages in 2 files; --frames all uses them"),
        ([1, 2, 1], "1 further frame or page in 1 file; --frames all uses them"),
    ],
)
def test_further_frames_are_told(frames: list[int], sentence: str) -> None:
    pixels = np.zeros((3, 3, 8, 8), np.uint8)
    origins = [Origin(f"{k}.gif", 8, 8, "P", frames=count) for k, count in enumerate(frames)]
    gathered = Gathered(pixels, origins, facts_of(pixels), ())
    assert sentence in choose(gathered, Preparation(), "set").report.notes
    assert choose(gathered, Preparation(frames="all"), "set").report.further is None


@pytest.mark.parametrize("colour", ["black", "white", "tan"])
def test_equal_images_are_refused(colour: str, tmp_path: Path) -> None:
    flat = Image.new("RGB", (SIDE, SIDE), colour)
    with pytest.raises(DataError, match="all 30 images are equal"):
        prepared_of(folder_of(tmp_path, {f"{k}.png": flat for k in range(30)}))


def notes(root: Path) -> str:
    return "\n".join(prepared_of(root).report.notes)


def test_flat_images_are_told(tmp_path: Path) -> None:
    flat = {f"flat{k}.png": Image.new("RGB", (SIDE, SIDE), (k, 90, 7)) for k in range(12)}
    assert "12 images are one flat colour, of 32" in notes(folder_of(tmp_path, twenty() | flat))


def test_nearly_black_images_are_told(tmp_path: Path) -> None:
    dark = {
        name: image.convert("L").point(lambda value: value // 16)
        for name, image in twenty().items()
    }
    text = notes(folder_of(tmp_path, dark))
    assert "pixels are 0 to 15, mean 7" in text
    assert "nearly black; is the depth right?" in text


@pytest.mark.parametrize(
    ("pattern", "classes"),
    [
        ("{animal}/{k}.png", ["cat", "dog"]),
        ("set/{animal}/{k}.png", ["cat", "dog"]),
        ("set/train/{animal}/deep/{k}.png", ["cat", "dog"]),
        ("{animal}_{k}.png", None),
        ("all/{animal}_{k}.png", None),
    ],
)
def test_class_folders_are_labels(pattern: str, classes: list[str] | None, tmp_path: Path) -> None:
    names = [pattern.format(animal=a, k=k) for a in ("dog", "cat") for k in range(15)]
    root = folder_of(tmp_path, pictures(names))
    images = files_at(root).dataset.load(None, SIDE, False)
    prepared = prepared_of(root)
    report = prepared.report
    if classes is None:
        assert images.train_labels is None
        assert not prepared.labels
        assert "classes" not in report.counts
        return
    assert sorted(report.counts["classes"]) == classes
    held = [int("dog" in name) for name in report.held_out_names]
    assert images.held_out_labels is not None
    assert images.train_labels is not None
    assert images.held_out_labels.tolist() == held
    assert images.train_labels.sum() + sum(held) == 15
    assert np.array_equal(prepared.labels["held_out"], images.held_out_labels)
    assert np.array_equal(prepared.labels["train"], images.train_labels)


def test_train_and_test_are_no_classes(tmp_path: Path) -> None:
    names = [f"{part}/{k}.png" for part in ("train", "test") for k in range(10)]
    report = prepared_of(folder_of(tmp_path, pictures(names))).report
    assert "classes" not in report.counts
    assert report.counts["folders"] == {"train": 10, "test": 10}


def test_the_report_holds_what_was_seen(tmp_path: Path) -> None:
    images = twenty() | {"wide.png": picture(50, 90).resize((200, 60)), "big.png": picture(7, 300)}
    root = folder_of(tmp_path, images)
    (root / "bad.png").write_bytes(b"rubbish")
    report = prepared_of(root).report
    assert report.originals is not None
    assert report.originals.smallest == (SIDE, SIDE)
    assert report.originals.largest == (300, 300)
    assert report.originals.much_cropped == 1
    assert report.counts["modes"] == {"RGB": 22}
    assert len(report.held_out_names) == 2
    assert report_of(report.document()) == report
    assert report.summary().startswith("22 images; 1 dropped (1 unreadable); ")
