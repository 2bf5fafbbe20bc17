"""SNGAN: a residual pair whose D is Lipschitz, because spectral norm limits each of its layers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gan_bench import Architecture, Shape, hookimpl
from gan_bench_plugins import sizes

if TYPE_CHECKING:
    from torch import nn

Z_DIM = 128


def generator(shape: Shape) -> nn.Module:
    """(N, 128) -> (N, C, H, W) in [-1, 1], with BatchNorm."""
    from gan_bench_plugins.nets import resnet

    return resnet.generator(shape, Z_DIM)


def discriminator(shape: Shape) -> nn.Module:
    """(N, C, H, W) -> (N,) logits, with spectral norm in every layer and no other norm."""
    from gan_bench_plugins.nets import resnet
    from gan_bench_plugins.nets.spectral import spectral_norm

    return resnet.discriminator(shape, wrap=spectral_norm)


@hookimpl
def gan_bench_architectures() -> list[Architecture]:
    """`sngan`."""
    return [
        Architecture(
            name="sngan",
            source="Miyato et al. 2018, arXiv 1802.05957, algorithm 1 and appendix B.4 (ResNet). "
            "Departures: 32 channels next to the image, doubling to at most 256 (the paper for "
            "32 px: 256 in G and 128 in D); D halves down to the first map of G, and one more "
            "block keeps that size; He's initialisation; z has 128 values.",
            z_dim=Z_DIM,
            generator=generator,
            discriminator=discriminator,
            unsuited=partial(sizes.unsuited, "sngan"),
            wants={"d_steps": 5, "lr_g": 2e-4, "lr_d": 2e-4, "betas": (0.0, 0.9)},
        )
    ]
