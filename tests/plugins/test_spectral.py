"""Spectral norm, and the pairs that use it: dcgan-sn, sngan and sagan with its self-attention."""

from __future__ import annotations

import copy

import pytest
import torch
from pairs import SMALL, go_on, layers, pair, start
from torch import nn

from gan_bench_plugins import dcgan_variants, sagan, sngan, wgan_gp_resnet
from gan_bench_plugins.nets.attention import SelfAttention
from gan_bench_plugins.nets.resnet import plain
from gan_bench_plugins.nets.spectral import SpectralNorm, spectral_norm

pytestmark = pytest.mark.usefixtures("one_thread")

OFFERS = {
    offer.name: offer
    for family in (dcgan_variants, sngan, sagan, wgan_gp_resnet)
    for offer in family.gan_bench_architectures()
}
BOTH = [("dcgan-sn", "D"), ("sngan", "D"), ("sagan", "D"), ("sagan", "G")]


def largest(layer: nn.Module) -> float:
    return float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2))


@pytest.mark.parametrize(("name", "part"), BOTH)
def test_after_some_steps_the_largest_singular_value_of_every_layer_is_about_1(
    name: str, part: str
) -> None:
    network = getattr(go_on(start(OFFERS[name])), part)
    found = [largest(layer) for layer in layers(network, nn.Conv2d, nn.Linear)]
    assert len(found) > 2
    assert all(0.99 < value < 1.1 for value in found)  # an estimate from below, so never under 1


@pytest.mark.parametrize("name", ["dcgan-sn", "sngan"])
def test_d_is_lipschitz_in_its_last_layer_and_has_no_other_norm(name: str) -> None:
    _, D = pair(OFFERS[name])
    assert not layers(D, nn.BatchNorm2d, nn.GroupNorm)
    last = layers(D, nn.Conv2d, nn.Linear)[-1]
    assert last.weight.norm().item() == pytest.approx(1, rel=1e-5)  # one row: its own norm


def test_the_average_of_two_networks_is_normalised_too() -> None:
    """The moving average averages u, which is then too short; only its direction counts."""
    torch.manual_seed(0)
    one = spectral_norm(nn.Linear(20, 30))
    average = copy.deepcopy(one).eval()
    (norm,) = layers(average, SpectralNorm)
    norm.u.mul_(0.5)
    assert average.weight.allclose(one.eval().weight)


def test_training_moves_the_estimate_and_evaluation_does_not() -> None:
    torch.manual_seed(0)
    layer = spectral_norm(nn.Conv2d(3, 8, 3))
    with torch.no_grad():
        layer.parametrizations.weight.original.copy_(torch.randn(8, 3, 3, 3))
    (norm,) = layers(layer, SpectralNorm)
    x = torch.randn(1, 3, 5, 5)
    layer.eval()(x)
    before = norm.u.clone()
    layer.eval()(x)
    assert norm.u.equal(before)
    for _ in range(100):
        layer.train()(x)
    assert not norm.u.allclose(before)
    assert largest(layer.eval()) == pytest.approx(1, abs=1e-4)


def test_the_gradient_is_that_of_the_paper() -> None:
    """d<A, W / sigma> = (A - <A, W> / sigma u v^T) / sigma, once u and v are exact."""
    torch.manual_seed(0)
    weight, A = torch.randn(4, 6, requires_grad=True), torch.randn(4, 6)
    norm = SpectralNorm(weight)
    for _ in range(200):
        normalised = norm(weight)
    (gradient,) = torch.autograd.grad((A * normalised).sum(), weight)
    U, S, V = torch.linalg.svd(weight.detach())
    expected = (A - (A * normalised).sum() * U[:, :1] @ V[:1]) / S[0]
    assert gradient.allclose(expected, atol=1e-5)


def test_the_estimate_is_the_same_under_autocast() -> None:
    torch.manual_seed(0)
    layer = spectral_norm(nn.Linear(50, 40)).eval()
    with torch.autocast("cpu", torch.bfloat16):
        weight = layer.weight
    assert weight.equal(layer.weight)


# Self-attention


def test_attention_is_the_identity_at_first_and_a_mean_over_positions_later() -> None:
    torch.manual_seed(0)
    attention = SelfAttention(16, plain)
    x = torch.randn(2, 16, 4, 6)
    assert attention(x).equal(x)
    nn.init.ones_(attention.gamma)
    nn.init.zeros_(attention.f.weight)  # all positions alike: every one sees the same mean
    seen = attention(x) - x
    mean = attention.v(attention.h(x).mean((2, 3), keepdim=True))
    assert seen.allclose(mean.expand_as(seen), atol=1e-5)


def test_a_position_takes_what_it_attends_to() -> None:
    """f and g of one channel and large: every position sees that with the largest product."""
    torch.manual_seed(0)
    attention = SelfAttention(8, plain)
    nn.init.ones_(attention.gamma)
    for part, sign in ((attention.f, 1e4), (attention.g, 1.0)):
        nn.init.zeros_(part.weight)
        part.weight.data[0, 0] = sign
    x = torch.rand(1, 8, 3, 3) + 0.1  # positive, so that all prefer the largest x in channel 0
    row, column = divmod(int(x[0, 0].argmax()), 3)
    seen = attention(x) - x
    value = attention.v(attention.h(x))[:, :, row, column]
    assert seen.allclose(value[:, :, None, None].expand_as(seen), atol=1e-4)


@pytest.mark.parametrize(
    ("sides", "doublings"),
    [((16, 16), 1), ((32, 32), 2), ((64, 64), 3), ((256, 256), 3), ((48, 32), 2), ((16, 900), 1)],
)
def test_sagan_attends_at_the_finest_inner_map_of_at_most_32_x_32(
    sides: tuple[int, int], doublings: int
) -> None:
    assert sagan.attention((3, *sides)) == doublings


def test_g_and_d_attend_at_the_same_map() -> None:
    G, D = pair(OFFERS["sagan"], (3, 32, 32))
    seen: list[torch.Size] = []
    for network in (G, D):
        (attention,) = layers(network, SelfAttention)
        attention.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape[2:]))
    D(G(torch.randn(1, 128)))
    assert seen == [(16, 16)] * 2


# The residual pairs


@pytest.mark.parametrize("name", ["sngan", "wgan-gp-resnet", "sagan"])
def test_a_residual_d_halves_to_the_first_map_of_g(name: str) -> None:
    _, D = pair(OFFERS[name], (3, 28, 20))
    *blocks, _, _, _, _ = D.children()  # ReLU, pooling, linear layer, flattening
    assert nn.Sequential(*blocks)(torch.randn(1, 3, 28, 20)).shape[2:] == (7, 5)


def test_an_image_has_no_influence_on_the_logit_of_another() -> None:
    """Layer norm: a gradient penalty is one of each image."""
    _, D = pair(OFFERS["wgan-gp-resnet"])
    x = torch.randn(3, *SMALL)
    assert layers(D, nn.GroupNorm)
    assert D(x).logits[:1].allclose(D(x[:1]).logits, atol=1e-5)
