"""Two discriminators that share nothing, as D2GAN and GMAN have them, in one module."""

import torch
from torch import nn

from gan_bench import Architecture, hookimpl


class Jury(nn.Module):
    def __init__(self, shape):
        super().__init__()
        size = torch.Size(shape).numel()
        flat = nn.Sequential(nn.Flatten(), nn.Linear(size, 16), nn.ReLU(), nn.Linear(16, 1))
        local = nn.Sequential(
            nn.Conv2d(shape[0], 8, 3, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.LazyLinear(1)
        )
        self.members = nn.ModuleDict({"flat": flat, "local": local})

    def forward(self, x):
        return torch.cat([member(x) for member in self.members.values()], 1)


class Painter(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape, self.paint = shape, nn.Linear(10, torch.Size(shape).numel())

    def forward(self, z):
        return self.paint(z).tanh().view(len(z), *self.shape)


@hookimpl
def gan_bench_architectures():
    given = {"generator": Painter, "discriminator": Jury}
    return [Architecture(name="jury", source="Durugkar et al. 2017", z_dim=10, **given)]
