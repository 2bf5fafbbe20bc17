"""G or D computes in double precision."""

from math import prod

from torch import nn

from gan_bench import Architecture, hookimpl


class Double(nn.Sequential):
    def forward(self, x):
        return super().forward(x).double()


def painter(shape, kind=nn.Sequential):
    return kind(nn.Linear(8, prod(shape)), nn.Tanh(), nn.Unflatten(1, shape))


def reader(shape, kind=nn.Sequential):
    return kind(nn.Flatten(), nn.Linear(prod(shape), 1))


@hookimpl
def gan_bench_architectures():
    given = {"source": "mine", "z_dim": 8}
    return [
        Architecture(
            name="double-g", generator=lambda s: painter(s, Double), discriminator=reader, **given
        ),
        Architecture(
            name="double-d", generator=painter, discriminator=lambda s: reader(s, Double), **given
        ),
    ]
