"""SAGAN: a residual pair with spectral norm in G and D, and self-attention at a map in between."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import TYPE_CHECKING

from gan_bench import Architecture, Shape, hookimpl
from gan_bench_plugins import sizes

if TYPE_CHECKING:
    from torch import nn

Z_DIM = 128
POSITIONS = 32 * 32  # of the largest map that attends, as in the paper


def attention(shape: Shape) -> int:
    """After how many doublings G attends: at the finest map, short of the image, that is allowed.

    16 x 16 for images of 32 px, 32 x 32 from 64 px on.
    """
    inner = range(1, sizes.doublings(shape))
    allowed = [k for k in inner if prod(sizes.coarsest(shape)) << 2 * k <= POSITIONS]
    return max(allowed, default=1)


def generator(shape: Shape) -> nn.Module:
    """(N, 128) -> (N, C, H, W) in [-1, 1], with BatchNorm and spectral norm."""
    from gan_bench_plugins.nets import resnet
    from gan_bench_plugins.nets.spectral import spectral_norm

    return resnet.generator(shape, Z_DIM, wrap=spectral_norm, attention=attention(shape))


def discriminator(shape: Shape) -> nn.Module:
    """(N, C, H, W) -> (N,) logits; it attends at the map at which G does."""
    from gan_bench_plugins.nets import resnet
    from gan_bench_plugins.nets.spectral import spectral_norm

    return resnet.discriminator(shape, wrap=spectral_norm, attention=attention(shape))


@hookimpl
def gan_bench_architectures() -> list[Architecture]:
    """`sagan`."""
    return [
        Architecture(
            name="sagan",
            source="Zhang et al. 2019, arXiv 1805.08318, section 3 (self-attention) and section 4 "
            "(spectral norm in G and D). Departures: without labels, so with BatchNorm in G that "
            "is not conditional and no projection in D; the blocks of `sngan`, with 32 channels "
            "next to the image, doubling to at most 256; attention at the finest inner map with "
            "at most 32 x 32 positions, which is 16 x 16 for 32 px; z has 128 values.",
            z_dim=Z_DIM,
            generator=generator,
            discriminator=discriminator,
            unsuited=partial(sizes.unsuited, "sagan"),
            wants={"lr_g": 1e-4, "lr_d": 4e-4, "betas": (0.0, 0.9)},
        )
    ]
