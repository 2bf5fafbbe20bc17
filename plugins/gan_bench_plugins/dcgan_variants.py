"""DCGAN with one change each: spectral norm or dropout in D, resize-convolutions in G."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from gan_bench import Architecture, Shape, hookimpl
from gan_bench_plugins import dcgan, sizes

if TYPE_CHECKING:
    from torch import nn

    Make = Callable[[Shape], nn.Module]

Z_DIM = 128
DROPOUT = 0.3


def discriminator_sn(shape: Shape) -> nn.Module:
    """(N, C, H, W) -> (N,) logits, features: spectral norm in each layer, and no BatchNorm."""
    from torch import nn

    from gan_bench_plugins.nets.spectral import spectral_norm
    from gan_bench_plugins.nets.with_features import WithFeatures

    layers: list[nn.Module] = []
    widths = dcgan.channels(shape)
    for narrow, wide in pairwise((shape[0], *widths)):
        layers += [nn.Conv2d(narrow, wide, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
    layers.append(nn.Conv2d(widths[-1], 1, sizes.coarsest(shape)))
    network = dcgan.initialised(WithFeatures(*layers, nn.Flatten(0)))
    for layer in network.children():
        if isinstance(layer, nn.Conv2d):
            spectral_norm(layer)
    return network


def discriminator_dropout(shape: Shape) -> nn.Module:
    """(N, C, H, W) -> (N,) logits, features: DCGAN's D with dropout after each activation."""
    from torch import nn

    from gan_bench_plugins.nets.with_features import WithFeatures

    layers: list[nn.Module] = []
    for layer in dcgan.discriminator(shape).children():
        layers.append(layer)
        if isinstance(layer, nn.LeakyReLU):
            layers.append(nn.Dropout(DROPOUT))
    return WithFeatures(*layers)


def generator_upsample(shape: Shape) -> nn.Module:
    """(N, 128) -> (N, C, H, W) in [-1, 1]: each doubling repeats pixels and then convolves."""
    from torch import nn

    widths = dcgan.channels(shape)[::-1]
    layers: list[nn.Module] = [
        nn.Unflatten(1, (Z_DIM, 1, 1)),
        nn.ConvTranspose2d(Z_DIM, widths[0], sizes.coarsest(shape), bias=False),
    ]
    for wide, narrow in pairwise((*widths, shape[0])):
        layers += [
            nn.BatchNorm2d(wide),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(wide, narrow, 3, padding=1),
        ]
    return dcgan.initialised(nn.Sequential(*layers, nn.Tanh()))


@hookimpl
def gan_bench_architectures() -> list[Architecture]:
    """`dcgan-sn`, `dcgan-dropout` and `dcgan-upsample`."""
    G, D = partial(dcgan.generator, z_dim=Z_DIM), dcgan.discriminator
    described: dict[str, tuple[Make, Make, str]] = {
        "dcgan-sn": (
            G,
            discriminator_sn,
            "Miyato et al. 2018, arXiv 1802.05957, algorithm 1, in the D of `dcgan`, in place of "
            "its BatchNorm. Departures: the widths and kernels of `dcgan`, not those of table 3.",
        ),
        "dcgan-dropout": (
            G,
            discriminator_dropout,
            "`dcgan` with dropout in D, which Goodfellow et al. 2014, arXiv 1406.2661, section 5, "
            f"use in theirs: {DROPOUT:.0%} of the values after each LeakyReLU. Departures: "
            "BatchNorm stays.",
        ),
        "dcgan-upsample": (
            generator_upsample,
            D,
            "Odena et al. 2016, Deconvolution and Checkerboard Artifacts, "
            "distill.pub/2016/deconv-checkerboard: `dcgan` whose G doubles a map by repeating "
            "pixels and a 3 x 3 convolution. Departures: none known; the article fixes no sizes.",
        ),
    }
    return [
        Architecture(
            name=name,
            source=f"{source} Otherwise as `dcgan`, Radford et al. 2016, arXiv 1511.06434.",
            z_dim=Z_DIM,
            generator=generator,
            discriminator=discriminator,
            unsuited=partial(sizes.unsuited, name),
        )
        for name, (generator, discriminator, source) in described.items()
    ]
