"""The networks of R3GAN: residual blocks of grouped convolutions, without any normalisation."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import TypeVar

import torch
from torch import Tensor, nn

from gan_bench import Shape
from gan_bench_plugins import sizes
from gan_bench_plugins.nets.resample import Double
from gan_bench_plugins.nets.with_features import WithFeatures

BASE = 32  # channels of the map of the image's size
WIDEST = 256
GROUP = 16  # channels that a grouped convolution mixes
EXPANSION = 2  # of the channels inside a block
SLOPE = 0.2  # of LeakyReLU below 0


Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


def _scaled(layer: Layer, gain: float = 1.0) -> Layer:
    """The layer with weights of the deviation gain / sqrt(inputs), and with biases of 0."""
    nn.init.normal_(layer.weight, 0.0, gain / sqrt(layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _change(narrow: int, wide: int) -> nn.Conv2d:
    """A 1 x 1 convolution from one number of channels to another."""
    return _scaled(nn.Conv2d(narrow, wide, 1, bias=False))


class Block(nn.Module):
    """x + three convolutions of x: 1 x 1 to more channels, grouped 3 x 3, and 1 x 1 back.

    Fix-up initialisation, as in the paper: the last convolution begins at 0, so that the block
    begins as the identity; the others are scaled by L^(-1/4), where L counts the blocks.
    """

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        inner = EXPANSION * channels
        gain = sqrt(2 / (1 + SLOPE**2)) * blocks**-0.25
        self.path = nn.Sequential(
            _scaled(nn.Conv2d(channels, inner, 1), gain),
            nn.LeakyReLU(SLOPE),
            _scaled(nn.Conv2d(inner, inner, 3, padding=1, groups=inner // GROUP), gain),
            nn.LeakyReLU(SLOPE),
            _scaled(nn.Conv2d(inner, channels, 1, bias=False), 0.0),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        total: Tensor = x + self.path(x)
        return total


class Basis(nn.Module):
    """(N, z_dim) -> (N, C, h, w): a learned map whose channels z scales."""

    def __init__(self, z_dim: int, channels: int, sides: tuple[int, int]) -> None:
        super().__init__()
        self.map = nn.Parameter(torch.randn(channels, *sides))
        self.scale = _scaled(nn.Linear(z_dim, channels, bias=False))

    def forward(self, z: Tensor) -> Tensor:
        """Without `expand`: the product broadcasts."""
        scale: Tensor = self.scale(z)
        return self.map * scale[:, :, None, None]


def _widths(shape: Shape) -> list[int]:
    return sizes.channels(sizes.doublings(shape) + 1, BASE, WIDEST)


def generator(shape: Shape, z_dim: int) -> nn.Module:
    """(N, z_dim) -> (N, C, H, W) in [-1, 1]: a block for each size, bilinear doubling between."""
    widths = _widths(shape)[::-1]
    layers: list[nn.Module] = [Basis(z_dim, widths[0], sizes.coarsest(shape))]
    for wide, narrow in pairwise(widths):
        layers += [Block(wide, len(widths)), _change(wide, narrow), Double()]
    layers += [Block(widths[-1], len(widths)), _change(widths[-1], shape[0])]
    return nn.Sequential(*layers, nn.Tanh())


def discriminator(shape: Shape) -> nn.Module:
    """(N, C, H, W) -> (N,) logits, features: the mirror of G.

    The mean of 2 x 2 pixels is what bilinear interpolation gives for half of the size.
    """
    widths = _widths(shape)
    layers: list[nn.Module] = [_change(shape[0], widths[0])]
    for narrow, wide in pairwise(widths):
        layers += [Block(narrow, len(widths)), nn.AvgPool2d(2), _change(narrow, wide)]
    last = widths[-1]
    whole = _scaled(nn.Conv2d(last, last, sizes.coarsest(shape), groups=last, bias=False))
    head = _scaled(nn.Linear(last, 1, bias=False))
    layers += [Block(last, len(widths)), whole, nn.Flatten(), head, nn.Flatten(0)]
    return WithFeatures(*layers)
