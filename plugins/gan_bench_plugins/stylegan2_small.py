"""A small StyleGAN2: z becomes a style, which scales the weights of every convolution of G."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gan_bench import Architecture, Shape, hookimpl
from gan_bench_plugins import sizes

if TYPE_CHECKING:
    from torch import nn

Z_DIM = 128


def generator(shape: Shape) -> nn.Module:
    """(N, 128) -> (N, C, H, W) in [-1, 1], with noise of its own in every pass."""
    from gan_bench_plugins.nets import stylegan2

    return stylegan2.generator(shape, Z_DIM)


def discriminator(shape: Shape) -> nn.Module:
    """(N, C, H, W) -> (N,) logits; images of one batch influence each other, as in the paper."""
    from gan_bench_plugins.nets import stylegan2

    return stylegan2.discriminator(shape)


@hookimpl
def gan_bench_architectures() -> list[Architecture]:
    """`stylegan2-small`."""
    return [
        Architecture(
            name="stylegan2-small",
            source="Karras et al. 2020, arXiv 1912.04958, section 2 (modulation, demodulation, "
            "noise) and section 4.1 (G with skips, residual D). Departures: small, with 4 mapping "
            "layers (the paper: 8), w of 128 values and 24 channels at the image's size, doubling "
            "to at most 192; weights at their own scale without equalised learning rates, which "
            "would hardly move in a short training; bilinear doubling before and 2 x 2 means "
            "within the convolutions for filters fused with strides; G ends in tanh of the mean "
            "(the paper: the sum) over sizes; no style mixing and no path length penalty; z has "
            "128 values.",
            z_dim=Z_DIM,
            generator=generator,
            discriminator=discriminator,
            unsuited=partial(sizes.unsuited, "stylegan2-small"),
        )
    ]
