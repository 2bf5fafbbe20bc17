"""The dense GAN: G and D are multilayer perceptrons, sized by the image."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

from gan_bench import Architecture, Shape, hookimpl

if TYPE_CHECKING:
    from torch import nn

Z_DIM = 128
G_WIDTHS = (512, 512, 512)
D_WIDTHS = (512, 512, 256)
DROPOUT = 0.3


def generator(shape: Shape) -> nn.Module:
    """Three hidden layers with BatchNorm and ReLU, (N, 128) -> (N, C, H, W) in [-1, 1]."""
    from torch import nn

    layers: list[nn.Module] = []
    for wide, wider in pairwise((Z_DIM, *G_WIDTHS)):
        layers += [nn.Linear(wide, wider), nn.BatchNorm1d(wider), nn.ReLU()]
    layers += [nn.Linear(G_WIDTHS[-1], prod(shape)), nn.Tanh(), nn.Unflatten(1, shape)]
    return nn.Sequential(*layers)


def discriminator(shape: Shape) -> nn.Module:
    """Three hidden layers with LeakyReLU and dropout, (N, C, H, W) -> (N,) logits and (N, 256)."""
    from torch import nn

    from gan_bench_plugins.nets.with_features import WithFeatures

    layers: list[nn.Module] = [nn.Flatten()]
    for wide, narrow in pairwise((prod(shape), *D_WIDTHS)):
        layers += [nn.Linear(wide, narrow), nn.LeakyReLU(0.2), nn.Dropout(DROPOUT)]
    return WithFeatures(*layers, nn.Linear(D_WIDTHS[-1], 1), nn.Flatten(0))


@hookimpl
def gan_bench_architectures() -> list[Architecture]:
    """The dense pair."""
    return [
        Architecture(
            name="dense",
            source="Goodfellow et al. 2014, arXiv 1406.2661, section 5: multilayer perceptrons "
            "with dropout in D. Departures: LeakyReLU in D for maxout; ReLU and a tanh output "
            "(images in [-1, 1]) in G, with BatchNorm, without which G soon makes one face of "
            "every z; z from N(0, 1) with 128 values.",
            z_dim=Z_DIM,
            generator=generator,
            discriminator=discriminator,
        )
    ]
