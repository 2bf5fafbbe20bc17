"""The residual pair of WGAN-GP: a D that a gradient penalty may constrain, image by image."""

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
    """(N, C, H, W) -> (N,) logits, with layer norm: one image has no influence on another's."""
    from torch import nn

    from gan_bench_plugins.nets import resnet

    return resnet.discriminator(shape, norm=partial(nn.GroupNorm, 1), mean=True)


@hookimpl
def gan_bench_architectures() -> list[Architecture]:
    """`wgan-gp-resnet`."""
    return [
        Architecture(
            name="wgan-gp-resnet",
            source="Gulrajani et al. 2017, arXiv 1704.00028, section 4 (no BatchNorm in D but "
            "layer norm) and the ResNet of the appendix. Departures: 32 channels next to the "
            "image, doubling to at most 256 (the paper for 32 px: 128); D halves down to the "
            "first map of G, and one more block keeps that size; z has 128 values. The loss is "
            "chosen apart: the paper's is Wasserstein's with a gradient penalty.",
            z_dim=Z_DIM,
            generator=generator,
            discriminator=discriminator,
            unsuited=partial(sizes.unsuited, "wgan-gp-resnet"),
        )
    ]
