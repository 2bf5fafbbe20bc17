"""The terms of losses that see more than logits: gradients, features, classes, weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from steps import SHAPE, linear_d, step_of
from torch import Tensor, nn

from gan_bench import Architecture, Output, Step
from gan_bench.catalogue import load
from gan_bench.train.pair import BadPair, checked
from gan_bench_plugins import (
    auxiliary_classifier,
    dcgan,
    dragan,
    feature_matching,
    r1,
    r3gan_loss,
    wasserstein,
)
from gan_bench_plugins.input_gradients import input_gradients
from gan_bench_plugins.nets.with_features import WithFeatures

UNCONDITIONAL = [each for each in load().all(Architecture) if not each.conditional]
SLOPES = (0.25, 1.0, 3.0)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize(
    ("penalty", "closed_form"),
    [
        (wasserstein.gradient_penalty, lambda w: 10 * (w - 1) ** 2),
        (dragan.gradient_penalty, lambda w: 10 * (w - 1) ** 2),
        (r1.r1, lambda w: 10 / 2 * w**2),
        (r3gan_loss.r1_and_r2, lambda w: 1 / 2 * 2 * w**2),
    ],
)
def test_a_penalty_of_a_linear_d_is_known_from_its_slope(
    penalty: Callable[[Step], Tensor], closed_form: Callable[[float], float], slope: float
) -> None:
    D = linear_d(slope)
    value = penalty(step_of(D))
    assert value.shape == ()
    assert value.item() == pytest.approx(closed_form(slope), rel=1e-4, abs=1e-5)
    # it is trained on: dvalue/dw is along w
    (trained,) = torch.autograd.grad(value, D[1].weight)
    w = D[1].weight / slope
    eps = 1e-3
    expected = (closed_form(slope + eps) - closed_form(slope - eps)) / (2 * eps)
    assert torch.allclose(trained, expected * w, atol=1e-4)


class Squares(nn.Module):
    """D(x) = |x|^2 / 2, whose slope is x."""

    def forward(self, x: Tensor) -> Tensor:
        return x.square().flatten(1).sum(1) / 2


def test_each_penalty_looks_where_it_should() -> None:
    seen: list[Tensor] = []

    def judge(images: Tensor) -> Output:
        seen.append(images.detach())
        return Output(Squares()(images))

    step = step_of(Squares(), judge=judge, on_real=None, on_fake=None)
    value = r1.r1(step)
    assert torch.equal(seen.pop(), step.x)
    assert float(value) == pytest.approx(5 * float(step.x.square().sum((1, 2, 3)).mean()))

    r3gan_loss.r1_and_r2(step)
    assert torch.equal(seen.pop(), step.fake)
    assert torch.equal(seen.pop(), step.x)

    wasserstein.gradient_penalty(step)
    shares = ((seen.pop() - step.fake) / (step.x - step.fake)).flatten(1)
    u = shares.median(1).values  # one share of x for each image
    assert torch.allclose(shares, u[:, None].expand_as(shares), atol=1e-2)
    assert len(u.unique()) == len(u)
    assert ((u >= 0) & (u < 1)).all()


def test_the_noise_of_dragan_is_at_most_half_a_deviation_and_differs_from_pixel_to_pixel() -> None:
    x = 3 * torch.randn(256, *SHAPE)
    noise = (dragan.perturbed(x) - x) / x.std()
    assert noise.min() >= 0
    assert noise.max() <= 0.5
    assert noise.max() > 0.45
    assert noise.mean().item() == pytest.approx(1 / 8, rel=0.1)  # 1/2 of two uniform numbers
    heights = noise.flatten(1).amax(1)  # about a / 2: each image has its own
    assert heights.std().item() == pytest.approx(0.5 / math.sqrt(12), rel=0.15)


def test_the_slope_of_an_image_is_that_of_all_its_patches() -> None:
    class Patches(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.mean(1)  # (N, H, W)

    step = step_of(Patches())
    assert torch.allclose(input_gradients(step, step.x), torch.full((4, 192), 1 / 3))


def test_a_flat_d_has_a_penalty_that_is_finite_and_so_is_its_gradient() -> None:
    D = linear_d()
    D[1].weight.data.zero_()
    value = wasserstein.gradient_penalty(step_of(D))
    (trained,) = torch.autograd.grad(value, D[1].weight)
    assert value.item() == 10
    assert trained.isfinite().all()


def test_r1_is_lazy_and_the_others_come_at_every_step() -> None:
    lazy = {
        loss.name: loss.penalty_every
        for module in (wasserstein, dragan, r1, r3gan_loss)
        for loss in module.gan_bench_losses()
    }
    assert lazy == {"wasserstein": 1, "wasserstein-gp": 1, "dragan": 1, "r1": 16, "r3gan": 1}


def test_clipping_brings_every_parameter_back_and_leaves_those_within() -> None:
    D = dcgan.discriminator((3, 16, 16))
    before = [parameter.detach().clone() for parameter in D.parameters()]
    with torch.no_grad():
        wasserstein.clip(D)
    for parameter, was in zip(D.parameters(), before, strict=True):
        assert torch.equal(parameter, was.clamp(-0.01, 0.01))


# Features


class Features(nn.Module):
    """f(x): the mean of each channel."""

    def forward(self, x: Tensor) -> Output:
        return Output(x.mean((1, 2, 3)), features=x.mean((2, 3)))


def test_feature_matching_is_the_squared_distance_of_mean_features() -> None:
    x = torch.rand(4, *SHAPE)
    shift = torch.tensor([1.0, 0.0, -2.0])[:, None, None]
    assert float(feature_matching.match(step_of(Features(), x=x, fake=x.flip(0)))) < 1e-10
    apart = feature_matching.match(step_of(Features(), x=x, fake=x + shift))
    assert float(apart) == pytest.approx(1 + 4, rel=1e-5)


def test_under_feature_matching_the_logits_teach_g_nothing() -> None:
    fake = torch.randn(4, requires_grad=True)
    (slope,) = torch.autograd.grad(feature_matching.g_loss(None, fake), fake)
    assert not slope.any()


def test_feature_matching_says_that_d_has_no_features() -> None:
    (loss,) = feature_matching.gan_bench_losses()
    term = checked(loss).g_penalty
    assert term is not None
    with pytest.raises(BadPair, match="feature-matching reads D's features, and this D gives none"):
        term(step_of(linear_d()))


@pytest.mark.parametrize("arch", UNCONDITIONAL, ids=lambda arch: arch.name)
def test_every_d_without_labels_gives_what_its_last_layer_reads(arch: Architecture) -> None:
    side = 16 if arch.unsuited((3, 16, 16)) is None else 28
    D = arch.discriminator((3, side, side)).eval()
    while not isinstance(D, WithFeatures):
        D = next(D.children())
    output = D(torch.randn(2, 3, side, side))
    *_, head, flatten = D.children()
    assert torch.equal(flatten(head(output.features)), output.logits)


# Classes


class Names(nn.Module):
    """Two logits of classes: the mean of an image, and its negative."""

    def forward(self, x: Tensor) -> Output:
        mean = x.mean((1, 2, 3))
        return Output(mean, classes=torch.stack([mean, -mean], 1))


def labelled(**changes: Any) -> Step:
    ones = torch.ones(4, *SHAPE)
    parts = {"x": ones, "fake": 2 * ones, "labels": torch.zeros(4, dtype=torch.int64)}
    return step_of(Names(), **parts | changes)


def test_ac_adds_the_cross_entropy_of_real_images_for_d_and_of_fake_ones_for_g() -> None:
    of_real, of_fake = math.log(1 + math.exp(-2)), math.log(1 + math.exp(-4))
    assert float(auxiliary_classifier.d_classes(labelled())) == pytest.approx(of_real)
    assert float(auxiliary_classifier.g_classes(labelled())) == pytest.approx(of_fake, rel=1e-5)
    wrong = labelled(labels=torch.ones(4, dtype=torch.int64))
    assert float(auxiliary_classifier.g_classes(wrong)) == pytest.approx(of_fake + 4)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (lambda: labelled(labels=None), "ac needs labels, and the images have none"),
        (
            lambda: step_of(linear_d(), labels=torch.zeros(4, dtype=torch.int64)),
            "ac reads D's logits of the classes, and this D gives none",
        ),
    ],
)
def test_ac_says_what_it_lacks(step: Callable[[], Step], said: str) -> None:
    (ac,) = auxiliary_classifier.gan_bench_losses()
    for term in (checked(ac).penalty, checked(ac).g_penalty):
        assert term is not None
        with pytest.raises(BadPair, match=said):
            term(step())
