"""G fades in by a count that is plain and kept as it should be; its average must follow it."""

from math import prod

from torch import nn

from gan_bench import Architecture, hookimpl


class Fades(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.paint, self.shape, self.passes = nn.Linear(8, prod(shape)), shape, 0

    def get_extra_state(self):
        return {"passes": self.passes}

    def set_extra_state(self, state):
        self.passes = state["passes"]

    def forward(self, z):
        self.passes += self.training
        share = 0.1 + 0.9 * min(self.passes / 10, 1)
        return (share * self.paint(z)).tanh().unflatten(1, self.shape)


def discriminator(shape):
    return nn.Sequential(nn.Flatten(), nn.Linear(prod(shape), 1))


@hookimpl
def gan_bench_architectures():
    given = {"generator": Fades, "discriminator": discriminator}
    return [Architecture(name="fades", source="mine", z_dim=8, **given)]
