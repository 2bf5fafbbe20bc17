"""Tied weights: one layer is used twice, and another reads its transpose."""

import torch
from torch import nn

from gan_bench import Architecture, hookimpl


class Tied(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.first, self.second = nn.Linear(8, 8), nn.Linear(8, 8)
        self.second.weight = self.first.weight
        self.paint = nn.Linear(8, torch.Size(shape).numel())
        self.shape = shape

    def forward(self, z):
        return self.paint(self.second(self.first(z).relu()).relu()).tanh().unflatten(1, self.shape)


class Transposed(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.layer = nn.Linear(torch.Size(shape).numel(), 8)

    def forward(self, x):
        x = x.flatten(1)
        again = nn.functional.linear(self.layer(x).relu(), self.layer.weight.T)
        return (again * x).mean(1)


@hookimpl
def gan_bench_architectures():
    given = {"generator": Tied, "discriminator": Transposed}
    return [Architecture(name="tied-twice", source="mine", z_dim=8, **given)]
