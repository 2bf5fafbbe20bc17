"""The example plugins work through the command line, exactly as README shows it."""

import json
import runpy
import subprocess
import sys
from pathlib import Path
from shutil import copy
from types import SimpleNamespace

import pytest
import torch

from gan_bench import Output
from gan_bench.train.pair import build_pair

EXAMPLES = Path(__file__).parents[1] / "examples"


def gan_bench(*words: str | Path) -> str:
    command = [sys.executable, "-m", "gan_bench.cli", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tiny(shapes: Path, tmp_path: Path) -> list[str | Path]:
    sizes = ["--size", "16", "--kimg", "0.05", "--batch", "8", "--samples", "16", "--json", "-q"]
    return ["--data", shapes, "--results", tmp_path / "results", *sizes]


def test_the_package_is_listed_with_its_distribution_and_version() -> None:
    line = next(line for line in gan_bench("plugins").splitlines() if " ralsgan " in line)
    assert "gan-bench-ralsgan 0.1.0" in line


def test_the_package_trains(shapes: Path, tmp_path: Path) -> None:
    out = gan_bench("run", "--arch", "dense", "--loss", "ralsgan", *tiny(shapes, tmp_path))
    (row,) = json.loads(out)["protocols"][0]["rows"]
    assert (row["loss"], row["status"]) == ("ralsgan", {"finished": 1})


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("my_arch.py", ["--arch", "upsampling", "--arch", "dense"]),
        ("my_loss.py", ["--arch", "dense", "--loss", "pearson", "--loss", "minimax"]),
    ],
)
def test_a_plugin_in_one_file_trains(
    shapes: Path, tmp_path: Path, file: str, names: list[str]
) -> None:
    out = gan_bench("run", "--plugin", EXAMPLES / file, *names, *tiny(shapes, tmp_path))
    rows = json.loads(out)["protocols"][0]["rows"]
    assert [row["status"] for row in rows] == [{"finished": 1}] * 2
    shown = {name for row in rows for name in (row["architecture"], row["loss"])}
    assert shown >= set(names) - {"--arch", "--loss"}


def test_an_augmentation_in_one_file_is_part_of_the_protocol(shapes: Path, tmp_path: Path) -> None:
    asked = ["--plugin", EXAMPLES / "my_augmentation.py", "--augment", "upend,diffaugment"]
    cheap = ["--arch", "dense", "--features", "pixels", "--metric", "fd"]
    out = gan_bench("run", *asked, *cheap, *tiny(shapes, tmp_path))
    (protocol,) = json.loads(out)["protocols"]
    assert protocol["schedule"]["augment"] == ["upend", "diffaugment"]
    assert [row["status"] for row in protocol["rows"]] == [{"finished": 1}]


def test_a_metric_on_features_of_its_own_is_scored(shapes: Path, tmp_path: Path) -> None:
    asked = ["--plugin", EXAMPLES / "my_metric.py", "--metric", "shades", "--arch", "dense"]
    (protocol,) = json.loads(gan_bench("run", *asked, *tiny(shapes, tmp_path)))["protocols"]
    (row,) = protocol["rows"]
    assert 0 < row["metrics"]["shades"]["mean"] <= 1


def test_a_pair_with_labels_trains_on_class_folders(shapes: Path, tmp_path: Path) -> None:
    for k, image in enumerate(sorted(shapes.glob("*.png"))):
        folder = tmp_path / "classes" / ("round" if k % 2 else "square")
        folder.mkdir(parents=True, exist_ok=True)
        copy(image, folder)
    asked = ["--plugin", EXAMPLES / "my_labels.py", "--arch", "labelled"]
    out = gan_bench("run", *asked, *tiny(tmp_path / "classes", tmp_path))
    (row,) = json.loads(out)["protocols"][0]["rows"]
    assert row["status"] == {"finished": 1}


def test_a_pair_of_a_tutorial_is_adapted_in_a_dozen_lines() -> None:
    (arch,) = runpy.run_path(str(EXAMPLES / "from_a_tutorial.py"))["gan_bench_architectures"]()
    built = build_pair(arch, (3, 64, 64))
    images = built.make(torch.randn(2, 100), None)
    assert built.judge(images, None).logits.shape == (2,)
    assert "--size 64" in arch.unsuited((3, 32, 32))


def test_pearson_is_0_at_its_targets() -> None:
    loss = runpy.run_path(str(EXAMPLES / "my_loss.py"))
    ones = torch.ones(2)
    assert loss["d_loss"](ones, -ones) == loss["g_loss"](None, 0 * ones) == 0
    assert loss["d_loss"](-ones, ones) == 4


def test_the_penalty_of_a_flat_d_is_0_and_the_hinge_stops_at_its_margin() -> None:
    loss = runpy.run_path(str(EXAMPLES / "my_penalty.py"))
    far = torch.tensor([1.0, 5.0])
    assert loss["d_loss"](far, -far) == 0
    assert loss["g_loss"](None, torch.tensor([1.0, 3.0])) == -2
    x = torch.ones(2, 3, 4, 4)
    step = SimpleNamespace(x=x, judge=lambda x: Output(2 * x.flatten(1).sum(1)))
    assert loss["r1"](step) == 0.5 * 4 * 48
