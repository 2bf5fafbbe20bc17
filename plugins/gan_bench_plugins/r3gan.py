"""R3GAN: a modern residual pair without norms, whose loss is meant to be regularised well."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gan_bench import Architecture, Shape, hookimpl
from gan_bench_plugins import sizes

if TYPE_CHECKING:
    from torch import nn

Z_DIM = 64


def generator(shape: Shape) -> nn.Module:
    """(N, 64) -> (N, C, H, W) in [-1, 1]."""
    from gan_bench_plugins.nets import r3gan

    return r3gan.generator(shape, Z_DIM)


def discriminator(shape: Shape) -> nn.Module:
    """(N, C, H, W) -> (N,) logits."""
    from gan_bench_plugins.nets import r3gan

    return r3gan.discriminator(shape)


@hookimpl
def gan_bench_architectures() -> list[Architecture]:
    """`r3gan`."""
    return [
        Architecture(
            name="r3gan",
            source="Huang et al. 2025, arXiv 2501.05441, section 3 (roadmap, configuration E). "
            "Departures: small, with one residual block for each size (the paper: two) and 32 "
            "channels at the image's size, doubling to at most 256; G ends in tanh; z has 64 "
            "values. The paper's loss, relativistic with R1 and R2, is chosen apart.",
            z_dim=Z_DIM,
            generator=generator,
            discriminator=discriminator,
            unsuited=partial(sizes.unsuited, "r3gan"),
        )
    ]
