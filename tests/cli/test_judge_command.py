"""`gan-bench judge`: from class folders to a file, or to a sentence that says why not."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gan_bench.cli.judge import lines_of
from gan_bench.measure.judging.judge_file import Header, read_judge
from given import Command, refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """300 images in the folders across/ and down/: a stripe on noise."""
    random = np.random.default_rng(0)
    for k in range(300):
        pixels = random.normal(20, 8, (16, 16))
        if k % 2:
            pixels[6:10] = 220
        else:
            pixels[:, 6:10] = 220
        path = tmp_path / "stripes" / ("across" if k % 2 else "down") / f"{k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)
    return tmp_path / "stripes"


def test_a_judge_is_trained_tested_and_written(gan_bench: Command, folder: Path) -> None:
    said = gan_bench("judge", folder, "--size", "16", "--steps", "30", "--out", "stripes.judge")
    assert said.code == 0, said.err
    for part in ("2: across, down", "accuracy", "rejected", "ECE", "spoilt", "(sha256 "):
        assert part in said.out
    assert f"gan-bench run --data {folder} --judge stripes.judge" in said.err
    assert read_judge(Path("stripes.judge")).header.classes == ("across", "down")
    assert "in place of" not in said.out
    again = gan_bench("judge", folder, "--size", "16", "--steps", "30", "--out", "stripes.judge")
    assert "), in place of the one that was there\n" in again.out


def test_a_judge_that_rejects_everything_is_not_praised() -> None:
    shares = {"accuracy": 0.0, "rejected": 1.0, "spoilt": {"noise": 1.0, "halves": 1.0}}
    known: dict[str, Any] = {
        "classes": ("across", "down"),
        "held_out": 60,
        "calibration_error": 0.05,
    }
    said = dict(lines_of(Header.model_construct(**known, **shares)))
    assert said["spoilt"] == "all are rejected, of every kind"
    assert "ECE" not in said  # it is sure of no class
    good = {"accuracy": 0.97, "rejected": 0.01, "spoilt": {"noise": 1.0, "halves": 0.9}}
    said = dict(lines_of(Header.model_construct(**known, **good)))
    assert said["spoilt"] == "90 % or more of each kind are rejected, halves least often"
    assert said["ECE"].startswith("0.05, ")


def test_a_judge_is_not_written_over_its_images(gan_bench: Command, folder: Path) -> None:
    images = Path(shutil.make_archive("stripes", "zip", folder))
    before = images.read_bytes()
    refused(gan_bench("judge", images, "--out", images), 2, "has the images: give another file")
    assert images.read_bytes() == before


def test_a_judge_that_is_often_wrong_is_not_written(gan_bench: Command, folder: Path) -> None:
    for k, path in enumerate(folder.rglob("*.png")):  # classes that look alike
        Image.fromarray(np.random.default_rng(k).integers(0, 256, (16, 16), np.uint8)).save(path)
    said = gan_bench("judge", folder, "--size", "16", "--steps", "10", "--out", "stripes.judge")
    assert said.code == 4
    assert "accuracy" in said.out
    assert "and 90 % are needed: counted modes would be wrong. Give more images" in said.err
    assert not Path("stripes.judge").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--size", "18"], 2, "18 is no multiple of 4"),
        (["--size", "8"], 2, "8 is not in the range from 16 to 128"),
        (
            ["--size", "16", "--folder", "down"],
            4,
            "stripes has no classes: put the images of each class into",
        ),
    ],
)
def test_what_no_judge_can_be_made_of_is_refused(
    words: list[str], code: int, said: str, gan_bench: Command, folder: Path
) -> None:
    refused(gan_bench("judge", folder, "--out", "a.judge", *words), code, said)


def test_a_file_that_is_no_judge_is_refused_before_training(
    gan_bench: Command, folder: Path
) -> None:
    Path("a.judge").write_bytes(b"rubbish")
    said = "--judge a.judge: this is no file that `gan-bench judge` wrote"
    refused(gan_bench("run", "--data", folder, "--size", "16", "--judge", "a.judge"), 4, said)
