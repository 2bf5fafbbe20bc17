"""A conditional pair in the oldest way: the class is a few more inputs (1411.1784)."""

import torch
from torch import nn

from gan_bench import Architecture, hookimpl


class G(nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        self.classes = nn.Embedding(classes, 4)
        self.layers = nn.Sequential(
            nn.Linear(12, 16), nn.BatchNorm1d(16), nn.ReLU(),
            nn.Linear(16, torch.Size(shape).numel()), nn.Tanh(), nn.Unflatten(1, shape),
        )  # fmt: skip

    def forward(self, z, y):
        return self.layers(torch.cat([z, self.classes(y)], 1))


class D(nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        self.planes = nn.Embedding(classes, shape[1] * shape[2])
        self.layers = nn.Sequential(
            nn.Conv2d(shape[0] + 1, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.LazyLinear(1)
        )

    def forward(self, x, y):
        plane = self.planes(y).view(len(x), 1, *x.shape[2:])
        return self.layers(torch.cat([x, plane], 1))


@hookimpl
def gan_bench_architectures():
    given = {"generator": G, "discriminator": D, "conditional": True}
    return [Architecture(name="embedding", source="Mirza and Osindero 2014", z_dim=8, **given)]
