"""The projection discriminator (1802.05637): logit = head(f) + class(y) . f."""

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from gan_bench import Architecture, hookimpl


class Projection(nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        self.body = spectral_norm(nn.Conv2d(shape[0], 8, 4, 2, 1))
        self.head = spectral_norm(nn.Linear(8, 1))
        self.classes = spectral_norm(nn.Embedding(classes, 8))

    def forward(self, x, y):
        features = self.body(x).relu().sum((2, 3))
        return self.head(features).squeeze(1) + (self.classes(y) * features).sum(1)


class Painter(nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        self.shape, self.classes = shape, classes
        self.layer = nn.Linear(8 + classes, torch.Size(shape).numel())

    def forward(self, z, y):
        one_hot = nn.functional.one_hot(y, self.classes).to(z.dtype)
        return self.layer(torch.cat([z, one_hot], 1)).tanh().unflatten(1, self.shape)


@hookimpl
def gan_bench_architectures():
    given = {"generator": Painter, "discriminator": Projection, "conditional": True}
    return [Architecture(name="projection", source="Miyato 2018", z_dim=8, **given)]
