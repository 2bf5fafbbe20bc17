"""Every loss trains a pair, in fp32 and bf16, and goes on in the same bytes after a stop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import tiny_plugin
from gan_bench import Architecture, Loss, Output, Schedule
from gan_bench.train import state
from gan_bench.train.fresh import Fresh
from gan_bench.train.loop import Point, train
from gan_bench.train.pair import check_loss, checked
from gan_bench.train.repeatable import Trial, check_repeatable
from gan_bench_plugins import (
    auxiliary_classifier,
    cdcgan,
    dcgan,
    dragan,
    feature_matching,
    hinge,
    least_squares,
    losses,
    r1,
    r3gan_loss,
    relativistic,
    wasserstein,
)
from gan_bench_plugins.optimizers import gan_bench_optimizers

pytestmark = pytest.mark.usefixtures("one_thread")

MODULES: tuple[Any, ...] = (
    losses, hinge, least_squares, wasserstein, dragan, relativistic, r1, r3gan_loss,
    feature_matching, auxiliary_classifier,
)  # fmt: skip
LOSSES: dict[str, Loss] = {
    loss.name: loss for module in MODULES for loss in module.gan_bench_losses()
}
SHAPE = (3, 8, 8)
SCHEDULE = Schedule(kimg=0.16, batch=8, lr_g=1e-2, lr_d=1e-2)  # 20 updates
LABELS = np.arange(50) % 3


class G(nn.Module):
    """The suite's G, which reads the class beside z."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.e = nn.Embedding(classes, 2)
        self.inner = tiny_plugin.generator(SHAPE, tiny_plugin.Z_DIM + 2)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        made: Tensor = self.inner(torch.cat([z, self.e(y)], 1))
        return made


class D(nn.Module):
    """It gives two patches, features and classes, and reads the class."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(192, 6), nn.LeakyReLU(0.2))
        self.logits, self.classes = nn.Linear(6, 2), nn.Linear(6, classes)
        self.e = nn.Embedding(classes, 6)

    def forward(self, x: Tensor, y: Tensor) -> Output:
        features = self.body(x)
        return Output(self.logits(features + self.e(y)), features, self.classes(features))


PAIR = Architecture(
    name="everything",
    source="a test",
    z_dim=tiny_plugin.Z_DIM,
    generator=lambda _, classes: G(classes),
    discriminator=lambda _, classes: D(classes),
    conditional=True,
)


def images(shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (50, *shape), dtype=np.uint8)


ADAM = next(each for each in gan_bench_optimizers() if each.name == "adam")


def begin(arch: Architecture, shape: Any = SHAPE, schedule: Schedule = SCHEDULE) -> state.Training:
    classes = 3 if arch.conditional else None
    return state.begin(arch, shape, schedule, 0, "cpu", classes=classes, optimizer=ADAM)


def values(network: nn.Module) -> Tensor:
    return torch.cat([each.detach().flatten() for each in network.parameters()])


def run(
    arch: Architecture, name: str, shape: Any = SHAPE, **changes: Any
) -> tuple[list[Point], state.Training]:
    schedule = SCHEDULE.model_copy(update=changes)
    training = begin(arch, shape, schedule)
    loss = checked(LOSSES[name])
    events = list(train(training, loss, images(shape), schedule, 0, labels=LABELS))
    return [event for event in events if isinstance(event, Point)], training


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_trains_g_and_d(name: str, precision: str) -> None:
    check_loss(LOSSES[name])
    curve, training = run(PAIR, name, precision=precision)
    fresh = begin(PAIR)
    assert curve[-1].step == SCHEDULE.updates
    for network, before in ((training.G, fresh.G), (training.D, fresh.D)):
        assert values(network).isfinite().all()
        assert not torch.equal(values(network), values(before))
    assert min(point.grad_g for point in curve) > 0


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_keeps_nothing_that_a_checkpoint_has_not(name: str, fresh: Fresh) -> None:
    trial = Trial(lambda: begin(PAIR), LOSSES[name], images(), LABELS, SCHEDULE, 0)
    check_repeatable(trial, fresh)


def test_the_weights_of_a_clipped_d_are_within_its_bounds() -> None:
    _, training = run(PAIR, "wasserstein")
    assert values(training.D).abs().max() <= wasserstein.CLIP
    assert values(training.G).abs().max() > wasserstein.CLIP


@pytest.mark.parametrize("name", ["feature-matching", "r3gan"])
def test_dcgan_is_trained_with_features_and_with_second_derivatives(name: str) -> None:
    plain = next(each for each in dcgan.gan_bench_architectures() if each.name == "dcgan")
    curve, _ = run(plain, name, (3, 16, 16), kimg=0.024, precision="bf16", lr_g=2e-4, lr_d=2e-4)
    assert len(curve) == 3


@pytest.mark.parametrize("arch", cdcgan.gan_bench_architectures(), ids=lambda arch: arch.name)
def test_a_conditional_dcgan_is_trained_with_its_labels(arch: Architecture) -> None:
    name = "ac" if arch.name == "acgan" else "r1"
    curve, training = run(arch, name, (1, 16, 16), kimg=0.032, lr_g=2e-4, lr_d=2e-4)
    assert len(curve) == 4
    fresh = begin(arch, (1, 16, 16))
    for network, before in ((training.G, fresh.G), (training.D, fresh.D)):
        embedded = zip(network.named_parameters(), before.parameters(), strict=True)
        assert all(not torch.equal(trained, was) for (_, trained), was in embedded)
