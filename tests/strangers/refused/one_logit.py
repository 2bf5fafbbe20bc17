"""D gives one number for the whole batch, its mean, as some WGAN code does."""

from math import prod

from torch import nn

from gan_bench import Architecture, hookimpl


class Mean(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.read = nn.Linear(prod(shape), 1)

    def forward(self, x):
        return self.read(x.flatten(1)).mean(0)


def generator(shape):
    return nn.Sequential(nn.Linear(8, prod(shape)), nn.Tanh(), nn.Unflatten(1, shape))


@hookimpl
def gan_bench_architectures():
    given = {"generator": generator, "discriminator": Mean}
    return [Architecture(name="one-logit", source="Arjovsky's code", z_dim=8, **given)]
