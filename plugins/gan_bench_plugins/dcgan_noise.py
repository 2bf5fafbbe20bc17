"""DCGAN with instance noise, which fades in the course of the training."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from gan_bench import Architecture, Shape, hookimpl
from gan_bench_plugins import dcgan, sizes

if TYPE_CHECKING:
    from torch import Tensor, nn

SIGMA = 0.1  # at the start; pixels are in [-1, 1]


def discriminator(shape: Shape) -> nn.Module:
    """DCGAN's D, which sees x + sigma e."""
    from gan_bench_plugins.nets.instance_noise import InstanceNoise

    return InstanceNoise(dcgan.discriminator(shape), SIGMA)


def anneal(_: nn.Module, D: nn.Module, progress: Tensor) -> None:
    """sigma = 0.1 (1 - progress)."""
    D.get_buffer("sigma").copy_(SIGMA * (1 - progress))


@hookimpl
def gan_bench_architectures() -> list[Architecture]:
    """`dcgan-noise`."""
    plain = next(each for each in dcgan.gan_bench_architectures() if each.name == "dcgan")
    return [
        replace(
            plain,
            name="dcgan-noise",
            source="Sønderby et al. 2017, arXiv 1610.04490, section on instance noise: D sees "
            "every real and generated image with Gaussian noise, whose deviation falls linearly to "
            f"0 at the end of the schedule. Departures: it begins at {SIGMA}, which is this "
            "package's choice for pixels in [-1, 1]; the paper makes images larger, and this pair "
            "makes them of z. Otherwise as `dcgan`, Radford et al. 2016, arXiv 1511.06434.",
            discriminator=discriminator,
            anneal=anneal,
            unsuited=partial(sizes.unsuited, "dcgan-noise"),
        )
    ]
