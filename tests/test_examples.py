"""The example plugins work through the command line, exactly as README shows it."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch

EXAMPLES = Path(__file__).parents[1] / "examples"


def gan_bench(*words: str | Path) -> str:
    command = [sys.executable, "-m", "gan_bench.cli", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tiny(shapes: Path, tmp_path: Path) -> list[str | Path]:
    sizes = ["--size", "16", "--kimg", "0.05", "--batch", "8", "--samples", "16", "--json", "-q"]
    return ["--data", shapes, "--results", tmp_path / "results", *sizes]


def test_the_hinge_package_is_listed_with_its_distribution_and_version() -> None:
    line = next(line for line in gan_bench("plugins").splitlines() if " hinge " in line)
    assert "gan-bench-hinge 0.1.0" in line


def test_the_hinge_package_trains(shapes: Path, tmp_path: Path) -> None:
    out = gan_bench("run", "--arch", "dense", "--loss", "hinge", *tiny(shapes, tmp_path))
    (row,) = json.loads(out)["protocols"][0]["rows"]
    assert (row["loss"], row["status"]) == ("hinge", {"finished": 1})


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("my_arch.py", ["--arch", "upsampling", "--arch", "dense"]),
        ("my_loss.py", ["--arch", "dense", "--loss", "least-squares", "--loss", "minimax"]),
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


def test_least_squares_are_0_at_their_targets() -> None:
    loss = runpy.run_path(str(EXAMPLES / "my_loss.py"))
    real, fake = torch.tensor([1.0, 1.0]), torch.tensor([0.0, 0.0])
    assert loss["d_loss"](real, fake) == 0
    assert loss["d_loss"](fake, real) == 1
    assert loss["g_loss"](None, real) == 0
    assert loss["g_loss"](None, fake) == 0.5
