from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gan_bench import Architecture, Shape
from gan_bench_plugins import dcgan, dense

OFFERS = [*dcgan.gan_bench_architectures(), *dense.gan_bench_architectures()]
ARCHITECTURES = {offer.name: offer for offer in OFFERS}
POWERS = (16, 32, 64, 128, 256)
CASES = [
    *[("dcgan", (3, side, side)) for side in POWERS],
    *[
        ("dcgan", (3, *sides))
        for sides in [(48, 48), (80, 80), (32, 48), (48, 32), (28, 56), (64, 20)]
    ],
    ("dcgan", (1, 32, 32)),
    ("dcgan", (4, 32, 24)),
    ("dcgan-mnist", (1, 28, 28)),
    ("dcgan-mnist", (3, 28, 28)),
    *[("dense", shape) for shape in [(1, 28, 28), (3, 32, 32), (3, 64, 64), (2, 9, 5), (4, 1, 1)]],
]


def pair(arch: Architecture, shape: Shape) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    return arch.generator(shape), arch.discriminator(shape)


def layers(network: nn.Module, *kinds: type[nn.Module]) -> list[nn.Module]:
    return [layer for layer in network.modules() if isinstance(layer, kinds)]


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_a_pair_makes_images_of_its_shape_and_logits_and_all_its_weights_are_trained(
    name: str, shape: Shape
) -> None:
    arch = ARCHITECTURES[name]
    assert arch.unsuited(shape) is None
    G, D = pair(arch, shape)
    images = G(torch.randn(2, arch.z_dim))
    logits = D(images).logits
    assert images.shape == (2, *shape)
    assert images.abs().max() <= 1
    assert logits.shape == (2,)
    assert logits.dtype == images.dtype == torch.float32
    logits.square().sum().backward()
    for parameter in (*G.parameters(), *D.parameters()):
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_g_reaches_both_ends_of_the_range_and_d_gives_no_probability(name: str) -> None:
    arch = ARCHITECTURES[name]
    side = 28 if name == "dcgan-mnist" else 32
    G, D = pair(arch, (1, side, side))
    with torch.no_grad():
        layers(G, nn.Linear, nn.ConvTranspose2d)[-1].weight.mul_(1000)
        images = G(torch.randn(16, arch.z_dim))
        assert images.min() < -0.9
        assert images.max() > 0.9
        extreme = [100 * sign * torch.randn(32, 1, side, side) for sign in (1, -1)]
        logits = torch.cat([D(images).logits for images in extreme])
    assert logits.min() < 0 or logits.max() > 1  # a sigmoid would keep all between
    assert not layers(D, nn.Sigmoid)


@pytest.mark.parametrize(("name", "z_dim"), [("dcgan", 128), ("dcgan-mnist", 100), ("dense", 128)])
def test_an_offer_says_where_it_is_from_how_it_departs_and_how_long_z_is(
    name: str, z_dim: int
) -> None:
    assert ARCHITECTURES[name].z_dim == z_dim
    for part in ("arXiv", "Departures: ", f"{z_dim} values"):
        assert part in ARCHITECTURES[name].source


# DCGAN


@pytest.mark.parametrize("side", POWERS)
def test_dcgan_doubles_from_4_px_and_halves_to_4_px_and_channels_double_to_512(side: int) -> None:
    doublings = POWERS.index(side) + 2
    channels = [64, 128, 256, 512, 512, 512][:doublings]
    G, D = pair(ARCHITECTURES["dcgan"], (3, side, side))
    assert len(layers(G, nn.ConvTranspose2d)) == doublings + 1
    assert [layer.out_channels for layer in layers(D, nn.Conv2d)] == [*channels, 1]
    assert [layer.in_channels for layer in layers(G, nn.ConvTranspose2d)][1:] == channels[::-1]
    assert not layers(G, nn.Linear, nn.MaxPool2d, nn.Upsample, nn.Conv2d)
    assert not layers(D, nn.Linear, nn.MaxPool2d, nn.AvgPool2d)
    strides = [layer.stride for layer in layers(D, nn.Conv2d)]
    assert strides == [*[(2, 2)] * doublings, (1, 1)]


@pytest.mark.parametrize(("name", "side"), [("dcgan", 64), ("dcgan-mnist", 28)])
def test_batchnorm_activations_and_first_weights_are_those_of_the_paper(
    name: str, side: int
) -> None:
    G, D = pair(ARCHITECTURES[name], (3, side, side))
    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)
    g, d = ([isinstance(layer, nn.BatchNorm2d) for layer in layers(net, *kinds)] for net in (G, D))
    between = len(layers(G, nn.ConvTranspose2d)) - 1
    assert g == [False, True] * between + [False]
    assert d == [False] + [False, True] * (between - 1) + [False]
    assert len(layers(G, nn.ReLU)) == len(layers(G, nn.BatchNorm2d))
    assert len(layers(G, nn.Tanh)) == 1
    assert len(layers(D, nn.LeakyReLU)) == len(layers(D, nn.Conv2d)) - 1
    assert {layer.negative_slope for layer in layers(D, nn.LeakyReLU)} == {0.2}
    assert not layers(D, nn.ReLU)
    for network in (G, D):
        for layer in layers(network, nn.Conv2d, nn.ConvTranspose2d):
            if layer.weight.numel() > 2000:  # enough to tell
                assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
                assert abs(layer.weight.mean().item()) < 0.002
        scales = torch.cat([layer.weight for layer in layers(network, nn.BatchNorm2d)])
        assert scales.mean().item() == pytest.approx(1, abs=0.01)
        assert scales.std().item() == pytest.approx(0.02, rel=0.25)


@pytest.mark.parametrize(
    ("sides", "coarsest", "doublings"),
    [
        ((32, 32), (4, 4), 3),
        ((48, 48), (6, 6), 3),
        ((80, 80), (5, 5), 4),
        ((112, 112), (7, 7), 4),
        ((32, 48), (4, 6), 3),
        ((128, 96), (8, 6), 4),
    ],
)
def test_dcgan_begins_with_a_map_whose_short_side_has_4_to_7_px(
    sides: tuple[int, int], coarsest: tuple[int, int], doublings: int
) -> None:
    G, D = pair(ARCHITECTURES["dcgan"], (3, *sides))
    first, *others = layers(G, nn.ConvTranspose2d)
    assert first.kernel_size == layers(D, nn.Conv2d)[-1].kernel_size == coarsest
    assert len(others) == doublings


TRY = "because it doubles a map with a short side of 4 to 7 px two to six times: try "


@pytest.mark.parametrize(
    ("name", "shape", "why"),
    [
        ("dcgan", (1, 28, 28), "28 px to dcgan-mnist: try that one, --size 24 or --size 32"),
        ("dcgan", (3, 100, 100), f"100 px, {TRY}--size 96 or --size 112"),
        ("dcgan", (3, 8, 8), f"8 px, {TRY}--size 16"),
        ("dcgan", (3, 512, 512), f"512 px, {TRY}--size 256"),
        ("dcgan", (3, 32, 50), f"50x32 px, {TRY}--size 48x32 or --size 56x32"),
        ("dcgan", (3, 101, 76), f"76x101 px, {TRY}--size 64x80 or --size 80x112"),
        (
            "dcgan-mnist",
            (3, 32, 32),
            "dcgan-mnist makes 28 x 28 images; these are 32 x 32: try dcgan",
        ),
    ],
)
def test_an_unsuited_shape_is_answered_with_what_to_try(name: str, shape: Shape, why: str) -> None:
    assert str(ARCHITECTURES[name].unsuited(shape)).endswith(why)


@settings(max_examples=200)
@given(st.integers(8, 1024), st.integers(8, 1024))
def test_the_sizes_that_dcgan_proposes_are_made(height: int, width: int) -> None:
    for proposed in dcgan.nearest_sizes(height, width):
        assert ARCHITECTURES["dcgan"].unsuited((3, *proposed)) is None


# Dense


def test_dense_is_sized_by_the_image_and_has_no_convolution() -> None:
    G, D = pair(ARCHITECTURES["dense"], (3, 20, 10))
    assert layers(G, nn.Linear)[-1].out_features == layers(D, nn.Linear)[0].in_features == 600
    assert len(layers(G, nn.Linear)) == len(layers(D, nn.Linear)) == 4
    assert not layers(G, nn.Conv2d, nn.ConvTranspose2d) + layers(D, nn.Conv2d)
    assert (len(layers(G, nn.BatchNorm1d)), len(layers(G, nn.Dropout))) == (3, 0)
    assert (len(layers(D, nn.BatchNorm1d)), len(layers(D, nn.Dropout))) == (0, 3)
