"""A G that ends in a sigmoid, as for images in [0, 1]."""

from math import prod

from torch import nn

from gan_bench import Architecture, hookimpl


def generator(shape):
    return nn.Sequential(
        nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(),
        nn.Linear(32, prod(shape)), nn.Sigmoid(), nn.Unflatten(1, shape),
    )  # fmt: skip


def discriminator(shape):
    return nn.Sequential(nn.Flatten(), nn.Linear(prod(shape), 1), nn.Flatten(0))


@hookimpl
def gan_bench_architectures():
    given = {"generator": generator, "discriminator": discriminator}
    return [Architecture(name="zero-to-one", source="a tutorial", z_dim=8, **given)]
