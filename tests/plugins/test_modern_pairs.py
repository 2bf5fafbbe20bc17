"""The ideas of r3gan, stylegan2-small, fastgan and the variants of DCGAN, in closed form."""

from __future__ import annotations

from math import sqrt

import pytest
import torch
from pairs import SMALL, layers, pair
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate

from gan_bench import Architecture, Shape
from gan_bench_plugins import dcgan, dcgan_variants, fastgan, r3gan, stylegan2_small
from gan_bench_plugins.nets.fastgan import Excite
from gan_bench_plugins.nets.r3gan import Block
from gan_bench_plugins.nets.resample import bilinear_up
from gan_bench_plugins.nets.stylegan2 import (
    DBlock,
    Mapping,
    MinibatchSpread,
    ModulatedConv,
    StyledLayer,
)

pytestmark = pytest.mark.usefixtures("one_thread")

OFFERS: dict[str, Architecture] = {
    offer.name: offer
    for family in (dcgan, dcgan_variants, r3gan, stylegan2_small, fastgan)
    for offer in family.gan_bench_architectures()
}


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


# Doubling


@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (1, 2, 5, 7), (1, 1, 1, 3)])
def test_bilinear_doubling_is_that_of_torch(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape)
    expected = interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    assert bilinear_up(x).allclose(expected, atol=1e-6)


def checkerboard(G: nn.Module, doubling: type[nn.Module]) -> float:
    """How far pixels of one inner map differ, if its layer sees a constant: 0 is none."""
    layer = layers(G, doubling)[1]  # the first one of DCGAN makes the coarsest map
    x = torch.ones(1, layer.in_channels, 8, 8)
    if isinstance(layer, nn.Conv2d):
        x = interpolate(x, scale_factor=2)
    with torch.no_grad():
        inner = layer(x)[:, :, 2:-2, 2:-2]
    return float(inner.std((2, 3)).mean() / inner.std())


def test_resize_convolutions_leave_no_checkerboard_and_transposed_ones_do() -> None:
    G, _ = pair(OFFERS["dcgan"], (3, 32, 32))
    assert checkerboard(G, nn.ConvTranspose2d) > 0.1
    G, _ = pair(OFFERS["dcgan-upsample"], (3, 32, 32))
    assert checkerboard(G, nn.Conv2d) < 1e-5
    assert len(layers(G, nn.Upsample)) == 3
    assert len(layers(G, nn.ConvTranspose2d)) == 1


def test_dropout_comes_after_each_activation_of_d_and_only_in_training() -> None:
    _, D = pair(OFFERS["dcgan-dropout"])
    kinds = [type(layer) for layer in D.children()]
    activations = [k for k, kind in enumerate(kinds) if kind is nn.LeakyReLU]
    assert [k for k, kind in enumerate(kinds) if kind is nn.Dropout] == [k + 1 for k in activations]
    x = torch.randn(4, *SMALL)
    assert not D(x).logits.equal(D(x).logits)
    assert D.eval()(x).logits.equal(D(x).logits)


# R3GAN


def test_a_block_is_the_identity_at_first_and_its_other_weights_shrink_with_their_number() -> None:
    x = torch.randn(2, 32, 6, 6)
    assert Block(32, blocks=4)(x).equal(x)
    few, many = (
        [layer.weight.std().item() for layer in layers(Block(64, blocks=n), nn.Conv2d)]
        for n in (1, 16)
    )
    assert [a / b for a, b in zip(few[:2], many[:2], strict=True)] == pytest.approx([2, 2], rel=0.1)
    assert few[2] == many[2] == 0


def test_r3gan_has_no_normalisation_and_grouped_convolutions() -> None:
    for network in pair(OFFERS["r3gan"]):
        assert not [layer for layer in network.modules() if "Norm" in type(layer).__name__]
        grouped = [layer for layer in layers(network, nn.Conv2d) if layer.kernel_size == (3, 3)]
        assert {layer.in_channels // layer.groups for layer in grouped} == {16}


# StyleGAN2


def test_modulated_outputs_are_those_of_weights_scaled_for_each_image() -> None:
    """Equations 1 and 3 of the paper, by a convolution of its own for each image."""
    layer = ModulatedConv(5, 7, 3)
    x, w = torch.randn(3, 5, 6, 4), torch.randn(3, 128)
    for image, style, made in zip(x, layer.style(w), layer(x, w), strict=True):
        weight = layer.weight * style[None, :, None, None]
        weight = weight / weight.square().sum((1, 2, 3), keepdim=True).sqrt()
        assert made.allclose(conv2d(image[None], weight, padding=1)[0], atol=1e-5)


def test_demodulated_outputs_of_unit_inputs_have_variance_1_whatever_the_style() -> None:
    layer = ModulatedConv(32, 64, 3)
    x = torch.randn(8, 32, 24, 24)
    for strength in (0.1, 1.0, 10.0):
        inner = layer(x, strength * torch.randn(8, 128))[:, :, 1:-1, 1:-1]
        assert inner.var().item() == pytest.approx(1, abs=0.1)


def test_mapping_sees_the_direction_of_z_alone() -> None:
    mapping = Mapping(16)
    z = torch.randn(4, 16)
    assert mapping(z).allclose(mapping(3 * z), atol=1e-5)
    assert mapping(torch.zeros(1, 16)).isfinite().all()


def test_noise_of_each_layer_is_0_at_first_and_of_one_channel_later() -> None:
    layer = StyledLayer(4, 6, doubles=False)
    x, w = torch.randn(2, 4, 8, 8), torch.randn(2, 128)
    assert layer(x, w).equal(layer(x, w))
    nn.init.ones_(layer.strength)
    assert not layer(x, w).equal(layer(x, w))
    layer.conv.weight.data.zero_()  # then only noise is left, alike in all channels
    only = layer(x, w)
    assert only.std(1).max() < 1e-6
    assert only.std() > 0.1


def test_g_makes_other_details_from_the_same_z() -> None:
    G, _ = pair(OFFERS["stylegan2-small"])
    for layer in layers(G, StyledLayer):
        nn.init.ones_(layer.strength)
    z = torch.randn(2, 128)
    assert not G(z).equal(G(z))


def test_the_spread_of_a_batch_is_the_mean_deviation_of_its_groups() -> None:
    spread = MinibatchSpread()
    x = torch.randn(8, 3, 4, 5)
    added = spread(x)[:, 3]
    assert spread(x)[:, :3].equal(x)
    for group in (0, 1):  # images 0, 2, 4, 6 and images 1, 3, 5, 7
        expected = x[group::2].std(0, correction=0).mean()
        assert added[group::2].allclose(expected.expand(4, 4, 5), atol=1e-5)
    alike = x[:1].expand(4, -1, -1, -1)
    assert spread(alike)[:, 3].abs().max() < 1e-3


@pytest.mark.parametrize("count", [1, 2, 3, 5, 6, 7])
def test_any_batch_has_a_spread_with_a_finite_second_derivative(count: int) -> None:
    x = torch.ones(count, 2, 3, 3, requires_grad=True)
    (slope,) = torch.autograd.grad(MinibatchSpread()(x).square().sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(slope.square().sum(), x)
    assert second.isfinite().all()


def test_d_adds_two_paths_without_changing_the_moment() -> None:
    block = DBlock(16, 32)
    nn.init.zeros_(block.path[-2].weight)
    x = torch.randn(2, 16, 8, 8)
    assert block(x).allclose(block.skip(x) / sqrt(2), atol=1e-6)


# FastGAN


def test_a_coarse_map_scales_the_channels_of_a_fine_one_by_factors_between_0_and_1() -> None:
    excite = Excite(6, 5, 2, (4, 4))
    x, y = 10 * torch.randn(3, 6, 8, 8), torch.rand(3, 5, 32, 32) + 0.1
    factors = excite(x, y) / y
    assert factors.min() > 0
    assert factors.max() < 1
    assert factors.std((2, 3)).max() < 1e-5  # one for each channel
    assert factors.std() > 0.01


@pytest.mark.parametrize(
    ("shape", "excited"), [((3, 16, 16), 1), ((3, 32, 32), 2), ((3, 64, 64), 3)]
)
def test_every_map_from_the_third_on_is_excited(shape: Shape, excited: int) -> None:
    G, _ = pair(OFFERS["fastgan"], shape)
    blocks = layers(G, Excite)
    assert len(blocks) == excited
    seen: list[tuple[Tensor, ...]] = []
    for block in blocks:
        block.register_forward_pre_hook(lambda _, given: seen.append(given))
    G(torch.randn(2, 256))
    assert [y.shape[2] // x.shape[2] for x, y in seen] == [4] * excited
