"""DCGAN: one convolutional pair for squares and rectangles, and a variant for 28 x 28 digits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from gan_bench import Architecture, Shape, hookimpl
from gan_bench_plugins import sizes

if TYPE_CHECKING:
    from torch import nn

BASE = 64  # channels of the layer next to the image
WIDEST = 512  # a 128 px pair would otherwise need 1024 channels at its narrowest point
DIGITS = (28, 28)  # dcgan-mnist makes them, and a preset with both must not train one pair twice


def initialised(network: nn.Module) -> nn.Module:
    """All weights from N(0, 0.02); BatchNorm's scale from N(1, 0.02), as in section 4."""
    from torch import nn

    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
        elif isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
    return network


def channels(shape: Shape) -> list[int]:
    """Channels from the layer next to the image to the coarsest one: 64, 128, 256 at 32 px."""
    return sizes.channels(sizes.doublings(shape), BASE, WIDEST)


def generator(shape: Shape, z_dim: int) -> nn.Module:
    """(N, z_dim) -> (N, C, H, W) in [-1, 1].

    z becomes the coarsest map; each transposed convolution doubles its sides; the last layer is
    tanh.
    """
    from torch import nn

    widths = channels(shape)[::-1]
    layers: list[nn.Module] = [
        nn.Unflatten(1, (z_dim, 1, 1)),
        nn.ConvTranspose2d(z_dim, widths[0], sizes.coarsest(shape), bias=False),
        nn.BatchNorm2d(widths[0]),
        nn.ReLU(),
    ]
    for wide, narrow in pairwise(widths):
        layers += [
            nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(narrow),
            nn.ReLU(),
        ]
    layers += [nn.ConvTranspose2d(widths[-1], shape[0], 4, stride=2, padding=1), nn.Tanh()]
    return initialised(nn.Sequential(*layers))


def discriminator(shape: Shape) -> nn.Module:
    """(N, C, H, W) -> (N,) logits, and the coarsest map as features.

    Each strided convolution halves the sides, down to the coarsest map, which the last one turns
    into a logit. No BatchNorm on the first and the last layer, as in section 3.
    """
    from torch import nn

    from gan_bench_plugins.nets.with_features import WithFeatures

    widths = channels(shape)
    layers: list[nn.Module] = [
        nn.Conv2d(shape[0], widths[0], 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
    ]
    for narrow, wide in pairwise(widths):
        layers += [
            nn.Conv2d(narrow, wide, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(wide),
            nn.LeakyReLU(0.2),
        ]
    layers += [nn.Conv2d(widths[-1], 1, sizes.coarsest(shape)), nn.Flatten(0)]
    return initialised(WithFeatures(*layers))


def nearest_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """One or two (H, W) that `dcgan` makes: those of `sizes`, without the one of digits."""
    near = sizes.nearest_sizes(height, width)
    return [size for size in near if size != DIGITS] or [(24, 24), (32, 32)]


def _dcgan_unsuited(shape: Shape) -> str | None:
    near = nearest_sizes(*shape[1:])
    if shape[1:] in near:
        return None
    if shape[1:] == DIGITS:
        return "dcgan leaves images of 28 px to dcgan-mnist: try that one, --size 24 or --size 32"
    return sizes.refusal("dcgan", shape, near)


def _mnist_unsuited(shape: Shape) -> str | None:
    if shape[1:] == (28, 28):
        return None
    return f"dcgan-mnist makes 28 x 28 images; these are {shape[1]} x {shape[2]}: try dcgan"


def _offer(
    name: str, source: str, z_dim: int, unsuited: Callable[[Shape], str | None]
) -> Architecture:
    return Architecture(
        name=name,
        source=f"Radford et al. 2016, arXiv 1511.06434: {source}",
        z_dim=z_dim,
        generator=partial(generator, z_dim=z_dim),
        discriminator=discriminator,
        unsuited=unsuited,
    )


@hookimpl
def gan_bench_architectures() -> list[Architecture]:
    """`dcgan` for a short side of 16 to 256 px, `dcgan-mnist` for 28 x 28."""
    return [
        _offer(
            "dcgan",
            "section 3 and figure 1, for short sides of 16 to 256 px. Departures: the first map "
            "has 4 to 7 px on the short side (the paper: 4 x 4), 64 channels next to the image, "
            "doubling to at most 512 (the paper: 128 to 1024), z from N(0, 1) with 128 values "
            "for 100 from a uniform distribution.",
            z_dim=128,
            unsuited=_dcgan_unsuited,
        ),
        _offer(
            "dcgan-mnist",
            "section 3, for 28 x 28 digits. Departures: two doublings from 7 x 7 (64 and 128 "
            "channels), z from N(0, 1) with 100 values.",
            z_dim=100,
            unsuited=_mnist_unsuited,
        ),
    ]
