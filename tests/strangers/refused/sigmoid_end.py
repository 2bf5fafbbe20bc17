"""A D that ends in a sigmoid, as the first tutorial has it, with a deeper body."""

from math import prod

from torch import nn

from gan_bench import Architecture, hookimpl


def discriminator(shape):
    return nn.Sequential(
        nn.Conv2d(shape[0], 8, 4, 2, 1, bias=False), nn.BatchNorm2d(8), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.LazyLinear(1), nn.Sigmoid(),
    )  # fmt: skip


def generator(shape):
    return nn.Sequential(nn.Linear(8, prod(shape)), nn.Tanh(), nn.Unflatten(1, shape))


@hookimpl
def gan_bench_architectures():
    given = {"generator": generator, "discriminator": discriminator}
    return [Architecture(name="sigmoid", source="a tutorial", z_dim=8, **given)]
