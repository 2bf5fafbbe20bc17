"""Residual G and D of the SNGAN and WGAN-GP papers, with or without norms and self-attention."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Protocol

from torch import Tensor, nn

from gan_bench import Shape
from gan_bench_plugins import sizes
from gan_bench_plugins.nets.attention import SelfAttention
from gan_bench_plugins.nets.with_features import WithFeatures

BASE = 32  # channels of the map next to the image
WIDEST = 256


class Wrap(Protocol):
    """Changes a layer with weights, as spectral norm does, or leaves it as it is."""

    def __call__(self, layer: Any, /) -> Any:
        """The layer, perhaps altered."""


def plain(layer: Any, /) -> Any:
    """The layer as it is."""
    return layer


def conv(narrow: int, wide: int, kernel: int, wrap: Wrap) -> Any:
    """A convolution that keeps the sides, with He's initialisation."""
    layer = nn.Conv2d(narrow, wide, kernel, padding=kernel // 2)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return wrap(layer)


class Residual(nn.Module):
    """The sum of two paths."""

    def __init__(self, main: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.main, self.shortcut = main, shortcut

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> what both paths make of it."""
        total: Tensor = self.main(x) + self.shortcut(x)
        return total


def up_block(wide: int, narrow: int, wrap: Wrap) -> Residual:
    """Doubles the sides by repeating pixels.

    The shortcut convolves before it doubles: the result is the same for a quarter of the work.
    """
    return Residual(
        nn.Sequential(
            nn.BatchNorm2d(wide),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            conv(wide, narrow, 3, wrap),
            nn.BatchNorm2d(narrow),
            nn.ReLU(),
            conv(narrow, narrow, 3, wrap),
        ),
        nn.Sequential(conv(wide, narrow, 1, wrap), nn.Upsample(scale_factor=2)),
    )


def down_block(
    narrow: int, wide: int, wrap: Wrap, norm: Callable[[int], nn.Module], *, halve: bool = True
) -> Residual:
    """Halves the sides by averaging 2 x 2 pixels, or keeps them."""
    pool = [nn.AvgPool2d(2)] if halve else []
    main = [norm(narrow), nn.ReLU(), conv(narrow, wide, 3, wrap)]
    main += [norm(wide), nn.ReLU(), conv(wide, wide, 3, wrap), *pool]
    shortcut = [*pool, conv(narrow, wide, 1, wrap)] if halve else []
    return Residual(nn.Sequential(*main), nn.Sequential(*shortcut))


def first_block(channels: int, wide: int, wrap: Wrap, norm: Callable[[int], nn.Module]) -> Residual:
    """Halves the sides of an image, whose pixels are neither normalised nor cut off at 0."""
    main = [conv(channels, wide, 3, wrap), norm(wide), nn.ReLU(), conv(wide, wide, 3, wrap)]
    return Residual(
        nn.Sequential(*main, nn.AvgPool2d(2)),
        nn.Sequential(nn.AvgPool2d(2), conv(channels, wide, 1, wrap)),
    )


class Pool(nn.Module):
    """The sum or the mean over all positions."""

    def __init__(self, *, mean: bool) -> None:
        super().__init__()
        self.mean = mean

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C)."""
        return x.mean((2, 3)) if self.mean else x.sum((2, 3))


def generator(
    shape: Shape, z_dim: int, *, wrap: Wrap = plain, attention: int | None = None
) -> nn.Module:
    """(N, z_dim) -> (N, C, H, W) in [-1, 1]; self-attention after so many doublings, or none."""
    widths = sizes.channels(sizes.doublings(shape), BASE, WIDEST)[::-1]
    h, w = sizes.coarsest(shape)
    layers: list[nn.Module] = [
        wrap(nn.Linear(z_dim, widths[0] * h * w)),
        nn.Unflatten(1, (widths[0], h, w)),
    ]
    for doubled, (wide, narrow) in enumerate(pairwise((widths[0], *widths)), 1):
        layers.append(up_block(wide, narrow, wrap))
        if doubled == attention:
            layers.append(SelfAttention(narrow, wrap))
    layers += [nn.BatchNorm2d(widths[-1]), nn.ReLU(), conv(widths[-1], shape[0], 3, wrap)]
    return nn.Sequential(*layers, nn.Tanh())


def discriminator(
    shape: Shape,
    *,
    wrap: Wrap = plain,
    norm: Callable[[int], nn.Module] = nn.Identity,
    mean: bool = False,
    attention: int | None = None,
) -> nn.Module:
    """(N, C, H, W) -> (N,) logits, features: a block per halving, one more, and a pool.

    `norm(channels)` makes a normalisation, `mean` pools by the mean instead of the sum, and
    self-attention sees the map from which so many halvings are left.
    """
    widths = sizes.channels(sizes.doublings(shape), BASE, WIDEST)
    layers: list[nn.Module] = []
    for left, (narrow, wide) in zip(
        reversed(range(len(widths))), pairwise((shape[0], *widths)), strict=True
    ):
        block = down_block if layers else first_block
        layers.append(block(narrow, wide, wrap, norm))
        if left == attention:
            layers.append(SelfAttention(wide, wrap))
    layers.append(down_block(widths[-1], widths[-1], wrap, norm, halve=False))
    return WithFeatures(
        *layers, nn.ReLU(), Pool(mean=mean), wrap(nn.Linear(widths[-1], 1)), nn.Flatten(0)
    )
