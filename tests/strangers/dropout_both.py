"""Dropout in both networks, also where G is measured (1611.07004: it is G's only noise)."""

import torch
from torch import nn
from torch.nn.functional import dropout

from gan_bench import Architecture, hookimpl


class Always(nn.Module):
    def forward(self, x):
        return dropout(x, 0.5, training=True)


def generator(shape):
    size = torch.Size(shape).numel()
    return nn.Sequential(
        nn.Linear(8, 16), nn.ReLU(), Always(), nn.Linear(16, size), nn.Tanh(),
        nn.Unflatten(1, shape),
    )  # fmt: skip


def discriminator(shape):
    return nn.Sequential(
        nn.Dropout2d(0.2), nn.Conv2d(shape[0], 8, 4, 2, 1), nn.ELU(), nn.Flatten(),
        nn.AlphaDropout(0.2), nn.LazyLinear(1), nn.Flatten(0),
    )  # fmt: skip


@hookimpl
def gan_bench_architectures():
    given = {"generator": generator, "discriminator": discriminator}
    return [Architecture(name="dropping", source="Isola et al. 2017", z_dim=8, **given)]
