"""FastGAN: a light pair for few images, whose coarse maps gate the channels of fine ones."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gan_bench import Architecture, Shape, hookimpl
from gan_bench_plugins import sizes

if TYPE_CHECKING:
    from torch import nn

Z_DIM = 256


def generator(shape: Shape) -> nn.Module:
    """(N, 256) -> (N, C, H, W) in [-1, 1]."""
    from gan_bench_plugins.nets import fastgan

    return fastgan.generator(shape, Z_DIM)


def discriminator(shape: Shape) -> nn.Module:
    """(N, C, H, W) -> (N,) logits."""
    from gan_bench_plugins.nets import fastgan

    return fastgan.discriminator(shape)


@hookimpl
def gan_bench_architectures() -> list[Architecture]:
    """`fastgan`."""
    return [
        Architecture(
            name="fastgan",
            source="Liu et al. 2021, arXiv 2101.04775, section 3.1 (skip-layer excitation) and "
            "section 3.2 and figure 4 (D). Departures: D has no decoders, and so nothing is "
            "reconstructed: it is not self-supervised; excitation reaches over two doublings (the "
            "paper, for 1024 px: four); 24 channels at the image's size, doubling to at most 96; "
            "one logit for each image (the paper: 5 x 5); z has 256 values. The paper's hinge "
            "loss and its differentiable augmentation are chosen apart.",
            z_dim=Z_DIM,
            generator=generator,
            discriminator=discriminator,
            unsuited=partial(sizes.unsuited, "fastgan"),
        )
    ]
