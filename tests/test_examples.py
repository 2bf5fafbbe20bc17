"""The example plugins work together in one run, through the command line."""

import json
import runpy
import shlex
from pathlib import Path
from shutil import copy
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gan_bench import Output
from gan_bench.train.pair import build_pair
from given import Command, Draw, Place

EXAMPLES = Path(__file__).parents[1] / "examples"
PLUGINS = ("my_arch.py", "my_loss.py", "my_augmentation.py", "my_metric.py")
SMALL = shlex.split("--size 16 --kimg 0.05 --batch 8 --samples 16 --ticks 1 --device cpu --json -q")
NO_NETWORK = ("--features", "pixels", "--metric", "fd")


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory, draw_shapes: Draw, outside: dict[str, str]
) -> dict[str, Any]:
    """The protocol of a run, as a user starts it, of every example in one file and the package."""
    folder = tmp_path_factory.mktemp("examples")
    here = Place(folder, outside | {"GAN_BENCH_HOME": str(folder / "home")})
    names = shlex.split("--arch upsampling --loss pearson,ralsgan --augment upend,diffaugment")
    plugins = [word for file in PLUGINS for word in ("--plugin", str(EXAMPLES / file))]
    data = ["--data", str(draw_shapes(folder / "shapes"))]
    done = here.run(*plugins, *names, *data, *NO_NETWORK, "--metric", "shades", *SMALL)
    assert done.returncode == 0, done.stderr
    (protocol,) = json.loads(done.stdout)["protocols"]
    return dict(protocol)


def test_the_package_is_listed_with_its_distribution_and_version(gan_bench: Command) -> None:
    said = gan_bench("plugins")
    line = next(line for line in said.out.splitlines() if " ralsgan " in line)
    assert "gan-bench-ralsgan 0.1.0" in line


def test_an_architecture_and_losses_of_a_file_and_of_the_package_train(
    trained: dict[str, Any],
) -> None:
    rows = {(row["architecture"], row["loss"]): row["status"] for row in trained["rows"]}
    finished = {"finished": 1}
    assert rows == {("upsampling", "pearson"): finished, ("upsampling", "ralsgan"): finished}


def test_an_augmentation_in_one_file_is_part_of_the_protocol(trained: dict[str, Any]) -> None:
    assert trained["schedule"]["augment"] == ["upend", "diffaugment"]


def test_a_metric_on_features_of_its_own_is_scored(trained: dict[str, Any]) -> None:
    for row in trained["rows"]:
        assert 0 < row["metrics"]["shades"]["mean"] <= 1


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
