"""`gan-bench plugins new` and `check`: a new package passes at once, and a fault is named."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from gan_bench import (
    Architecture,
    Dataset,
    Images,
    Metric,
    Optimizer,
    Remedy,
    StorageError,
    UsageError,
)
from gan_bench.catalogue import load
from gan_bench.run import check_offers, check_training
from gan_bench.run.doctor import to_json, verdict
from gan_bench.run.new_plugin import check_free, kinds, write_package
from gan_bench.testing import check_plugin
from gan_bench.train.fresh import Fresh
from given import Command
from tiny_plugin import discriminator, generator

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no alarm")


@pytest.mark.parametrize("kind", kinds())
def test_a_new_package_passes_its_own_test(kind: str, tmp_path: Path) -> None:
    module, test, _ = write_package(f"my-{kind}", kind, tmp_path)
    check_plugin(module)
    assert "def test_every_offer_keeps_the_contract" in test.read_text()


def test_new_says_what_to_do_next(tmp_path: Path, gan_bench: Command) -> None:
    done = gan_bench("plugins", "new", "my-pair", "--kind", "architecture", "--into", tmp_path)
    assert done.code == 0
    assert (tmp_path / "my-pair" / "my_pair.py").exists()
    assert "next: pip install -e" in done.err
    again = gan_bench("plugins", "new", "my-pair", "--kind", "architecture", "--into", tmp_path)
    assert (again.code, "is there already" in again.err) == (2, True)


def test_a_kind_that_is_not_there_is_refused_with_the_nearest(
    tmp_path: Path, gan_bench: Command
) -> None:
    done = gan_bench("plugins", "new", "mine", "--kind", "architectur", "--into", tmp_path)
    assert done.code == 2
    assert "Did you mean architecture?" in done.err
    done = gan_bench("plugins", "new", "mine", "--into", tmp_path)
    assert done.code == 2
    assert "--kind is missing: give one of architecture, augmentation, " in done.err


@pytest.mark.parametrize("name", ["2nd", "größe", "a/b", "", "torch", "class", "gan-bench"])
def test_a_name_that_gives_no_module_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="name"):
        write_package(name, "loss", tmp_path)
    assert not list(tmp_path.iterdir())


def test_check_names_what_a_file_offers_and_its_exit_code_says_whether_it_passed(
    tmp_path: Path, gan_bench: Command
) -> None:
    module, *_ = write_package("good", "loss", tmp_path)
    done = gan_bench("plugins", "check", module, "--json")
    assert done.code == 0, done.err
    names = [check["name"] for check in json.loads(done.out)["checks"]]
    assert names[0] == "loss good: logits"

    module.write_text(module.read_text().replace("softplus(-fake_logits).mean()", "fake_logits"))
    done = gan_bench("plugins", "check", module)
    assert done.code == 4
    assert "g_loss of good must give one number ()" in " ".join(done.out.split())


def test_a_name_that_nothing_has_is_refused(gan_bench: Command) -> None:
    done = gan_bench("plugins", "check", "dcgna")
    assert done.code == 2
    assert "nothing is called 'dcgna'. Did you mean dcgan?" in done.err


def test_an_offer_whose_name_is_taken_is_refused(tmp_path: Path, gan_bench: Command) -> None:
    for name, kind, taken in (("DCGAN", "architecture", "dcgan"), ("sgd", "optimizer", "sgd")):
        with pytest.raises(UsageError, match=f"'{taken}' of gan-bench .*: choose another, such as"):
            check_free(name, kind, load())
    check_free("dcgan", "loss", load())
    done = gan_bench("plugins", "new", "dcgan", "--kind", "architecture", "--into", tmp_path)
    assert (done.code, (tmp_path / "dcgan").exists()) == (2, False)


def test_a_folder_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"cannot write .*file/mine: .*; choose another folder"):
        write_package("mine", "loss", tmp_path / "file")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mine.txt", "mine.txt is no plugin: the name of a Python file ends in .py"),
        ("", "is a folder: give the Python file that has the @hookimpl functions, such as "),
        ("none", "there is no file "),
    ],
)
def test_what_is_no_python_file_is_refused_in_one_sentence(
    name: str, said: str, tmp_path: Path
) -> None:
    for each in ("mine.txt", "mine.py", "test_mine.py"):
        (tmp_path / each).touch()
    with pytest.raises(UsageError, match=said) as error:
        check_offers.chosen(load(), str(tmp_path / name))
    assert "\n" not in str(error.value)
    with pytest.raises(UsageError, match=r"'qqqqq'\. `gan-bench plugins` lists all names\.$"):
        check_offers.chosen(load(), "qqqqq")


OWN_PAIR = """
from math import prod
import torch
from torch import nn
from torch.nn.functional import softplus
from gan_bench import Architecture, Loss, Output, hookimpl

class D(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.body, self.head = nn.Linear(prod(shape), 4), nn.Linear(4, 1)

    def forward(self, x):
        features = self.body(x.flatten(1))
        return Output(self.head(features).flatten(), features)

def generator(shape):
    return nn.Sequential(nn.Linear(8, prod(shape)), nn.Tanh(), nn.Unflatten(1, shape))

@hookimpl
def gan_bench_architectures():
    return [Architecture(name="own", source="a", z_dim=8, generator=generator, discriminator=D)]

@hookimpl
def gan_bench_losses():
    return [Loss(
        name="own", source="a test", reads=("features",),
        d_loss=lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
        g_loss=lambda _, fake: softplus(-fake).mean(),
        penalty=lambda step: (step.on_fake.features * torch.arange(4.0)).mean(),
    )]
"""


def test_a_loss_is_tried_with_the_pair_that_comes_with_it(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(OWN_PAIR)
    check_plugin(file)
    file.write_text(OWN_PAIR.replace("arange(4.0)", "arange(9.0)"))
    with pytest.raises(AssertionError, match="loss own: RuntimeError: The size of tensor"):
        check_plugin(file)


def make_ascending(parameters: list[nn.Parameter], lr: float, *_: object) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr, maximize=True)


def make_nothing(*_: object) -> None:
    return None


def make_deaf(parameters: Any, *_: object) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=0.1)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (make_ascending, "optimizer own: descent: 100 steps .* from 3 to 4"),
        (make_nothing, "optimizer own: own must make a torch optimiser"),
        (make_deaf, "optimizer own: rate: at ten times the rate its first step is equal"),
    ],
)
def test_an_optimizer_that_cannot_train_fails_its_check(
    make: Callable[..., Any], said: str
) -> None:
    offer = Optimizer(name="own", source="a test", make=make)
    checks = list(check_offers.check_offer(Optimizer, offer, load(), Fresh()))
    (failed,) = [f"{each.name}: {each.detail}" for each in checks if each.status == "failed"]
    assert re.match(said, failed)


def make_forever(*_: object) -> None:
    while True:
        pass


@posix
def test_a_check_that_does_not_end_is_ended_and_says_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(check_offers, "LIMIT_SECONDS", 0.2)
    offer = Optimizer(name="own", source="a test", make=make_forever)
    (failed,) = check_offers.check_offer(Optimizer, offer, load(), Fresh())
    assert re.search(r"longer than 0.2 s, and was at .*test_plugin_tools.py:\d+: is", failed.detail)
    (row,) = json.loads(to_json([failed]))["checks"]
    assert row["cut_short"] is True


def test_the_verdict_does_not_count_checks_that_could_not_be_made() -> None:
    offer = Optimizer(name="own", source="a test", make=make_nothing)
    checks = list(check_offers.check_offer(Optimizer, offer, load(), Fresh()))
    assert verdict(checks).startswith("1 check failed, 0 passed, others could not be made: ")


def test_a_g_that_draws_noise_is_not_said_to_depend_on_z_alone() -> None:
    def noisy(shape: tuple[int, ...]) -> object:
        G = generator(shape)
        plain = G.forward
        G.forward = lambda z: (plain(z) + torch.randn(len(z), *shape) / 2).clamp(-1, 1)
        return G

    arch = Architecture(
        name="noisy", source="a test", z_dim=6, generator=noisy, discriminator=discriminator
    )
    checks = list(check_offers.check_offer(Architecture, arch, load(), Fresh()))
    (said,) = [each for each in checks if each.name.endswith("determinism")]
    assert said.status == "ok"
    assert said.detail.startswith("G draws noise of its own")


@pytest.mark.parametrize(("computed", "status"), [(False, "not here"), (True, "failed")])
def test_a_layer_without_bf16_is_a_fault_only_where_runs_take_bf16(
    computed: bool, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_fp32(shape: tuple[int, ...]) -> object:
        D = discriminator(shape)
        plain = D.forward

        def forward(x: torch.Tensor) -> torch.Tensor:
            if torch.is_autocast_enabled("cpu"):
                raise RuntimeError("no such layer in bf16")
            return plain(x)

        D.forward = forward
        return D

    monkeypatch.setattr(check_training, "computes_bf16", lambda device: computed)
    arch = Architecture(
        name="exact", source="a test", z_dim=6, generator=generator, discriminator=only_fp32
    )
    checks = list(check_offers.check_offer(Architecture, arch, load(), Fresh()))
    (said,) = [each for each in checks if "no such layer in bf16" in each.detail]
    assert said.status == status
    assert any(each.name.endswith("cost") for each in checks) is not computed


def test_idle_parameters_are_named() -> None:
    def idle(shape: tuple[int, ...]) -> object:
        D = discriminator(shape)
        D.unused = D[1].__class__(3, 3)
        D.forward = lambda x: D[2](D[1](D[0](x)))
        return D

    arch = Architecture(
        name="idle", source="a test", z_dim=6, generator=generator, discriminator=idle
    )
    checks = list(check_offers.check_offer(Architecture, arch, load(), Fresh()))
    (failed,) = [each for each in checks if each.status == "failed"]
    assert failed.name == "architecture idle: gradients of D"
    assert "2 of 4 parameters of D get a gradient; none: unused.weight" in failed.detail


def failures_of(kind: type[Any], offer: Any) -> list[str]:
    checks = check_offers.check_offer(kind, offer, load(), Fresh())
    return [f"{each.detail}: {each.todo}" for each in checks if each.status == "failed"]


def test_images_with_their_channels_last_fail_the_check_of_a_data_set() -> None:
    pixels = np.zeros((80, 8, 8, 3), np.uint8)
    images = Images(train=pixels, held_out=pixels)
    offer = Dataset(name="last", source="a test", version="1", load=lambda *_: images)
    failed = failures_of(Dataset, offer)
    assert len(failed) == 2
    assert all("(N, C, H, W) uint8 with 1 to 4 channels" in each for each in failed)


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([math.nan, math.nan], "nan: give a finite number"),
        ([1.0, 2.0], "1, and 2 the second time: draw from no random state"),
    ],
)
def test_a_metric_is_told_what_is_wrong_with_its_score(scores: list[float], said: str) -> None:
    ticking = cycle(scores)
    offer = Metric(
        name="own",
        source="a test",
        features="pixels",
        higher_is_better=True,
        compute=lambda _: next(ticking),
    )
    assert failures_of(Metric, offer) == [said] * 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (lambda schedule: {"lr_g": 0.1}, "it fails: TypeError"),
        (lambda schedule, loss: {"bacth": 3}, "nothing is called 'bacth'"),
        (lambda schedule, loss: {}, "it changes nothing"),
    ],
)
def test_a_remedy_that_changes_what_no_branch_can_change_fails_its_check(
    changes: Callable[..., Any], said: str
) -> None:
    (failed,) = failures_of(Remedy, Remedy(name="own", source="a test", changes=changes))
    assert said in failed
