"""The example plugins work together in one run, through the command line."""

import json
import runpy
import shlex
from pathlib import Path
from shutil import copy
from types import SimpleNamespace

import pytest
import torch

from gan_bench import Output
from gan_bench.train.pair import build_pair
from given import Command

EXAMPLES = Path(__file__).parents[1] / "examples"
PLUGINS = ("my_arch.py", "my_loss.py", "my_augmentation.py", "my_metric.py")
SMALL = shlex.split("--size 16 --kimg 0.05 --batch 8 --samples 16 --ticks 1 --device cpu --json -q")
NO_NETWORK = ("--features", "pixels", "--metric", "fd")


def test_the_package_is_listed_with_its_distribution_and_version(gan_bench: Command) -> None:
    said = gan_bench("plugins")
    line = next(line for line in said.out.splitlines() if " ralsgan " in line)
    assert "gan-bench-ralsgan 0.1.0" in line


@pytest.mark.usefixtures("cells_inside", "one_thread")
def test_every_example_of_one_file_and_the_package_train_in_one_run(
    shapes: Path, gan_bench: Command
) -> None:
    names = shlex.split("--arch upsampling --loss pearson,ralsgan --augment upend,diffaugment")
    plugins = [word for file in PLUGINS for word in ("--plugin", EXAMPLES / file)]
    asked = ("--data", shapes, *NO_NETWORK, "--metric", "shades", *SMALL)
    said = gan_bench("run", *plugins, *names, *asked)
    assert said.code == 0, said.err
    (protocol,) = json.loads(said.out)["protocols"]
    rows = {(row["architecture"], row["loss"]): row["status"] for row in protocol["rows"]}
    finished = {"finished": 1}
    assert rows == {("upsampling", "pearson"): finished, ("upsampling", "ralsgan"): finished}
    assert protocol["schedule"]["augment"] == ["upend", "diffaugment"]
    for row in protocol["rows"]:  # a metric on features of its own
        assert 0 < row["metrics"]["shades"]["mean"] <= 1


@pytest.mark.usefixtures("cells_inside", "one_thread")
def test_a_pair_with_labels_trains_on_class_folders(
    shapes: Path, tmp_path: Path, gan_bench: Command
) -> None:
    for k, image in enumerate(sorted(shapes.glob("*.png"))):
        folder = tmp_path / "classes" / ("round" if k % 2 else "square")
        folder.mkdir(parents=True, exist_ok=True)
        copy(image, folder)
    asked = ["--plugin", EXAMPLES / "my_labels.py", "--arch", "labelled"]
    said = gan_bench("run", *asked, "--data", tmp_path / "classes", *NO_NETWORK, *SMALL)
    assert said.code == 0, said.err
    (row,) = json.loads(said.out)["protocols"][0]["rows"]
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
