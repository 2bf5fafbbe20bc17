"""D reads the features of a fixed network, as Projected GAN does (2111.01007)."""

import torch
from torch import nn

from gan_bench import Architecture, hookimpl


class Projected(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.fixed = nn.Sequential(nn.Conv2d(shape[0], 8, 4, 2, 1), nn.BatchNorm2d(8), nn.ReLU())
        self.fixed.requires_grad_(False)
        self.head = nn.Sequential(nn.Flatten(), nn.LazyLinear(1), nn.Flatten(0))

    def train(self, mode=True):
        super().train(mode)
        self.fixed.eval()
        return self

    def forward(self, x):
        return self.head(self.fixed(x))


def generator(shape):
    size = torch.Size(shape).numel()
    return nn.Sequential(nn.Linear(8, size), nn.Tanh(), nn.Unflatten(1, shape))


@hookimpl
def gan_bench_architectures():
    given = {"generator": generator, "discriminator": Projected}
    return [Architecture(name="fixed", source="Sauer et al. 2021", z_dim=8, **given)]
