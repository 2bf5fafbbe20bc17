"""Networks made in a closure, of lambdas and a class that no other module can name."""

import torch
from torch import nn

from gan_bench import Architecture, hookimpl


def make(width):
    class Do(nn.Module):
        def __init__(self, *layers, do):
            super().__init__()
            self.layers, self.do = nn.ModuleList(layers), do

        def forward(self, x):
            return self.do(x, *self.layers)

    def size(shape):
        return torch.Size(shape).numel()

    def generator(shape):
        paint = [nn.Linear(8, width), nn.Linear(width, size(shape))]
        return Do(*paint, do=lambda z, a, b: b(a(z).sin()).tanh().unflatten(1, shape))

    def discriminator(shape):
        read = [nn.Linear(size(shape), width), nn.Linear(width, 1)]
        return Do(*read, do=lambda x, a, b: b(a(x.flatten(1)).sin()).squeeze(1))

    return {"generator": generator, "discriminator": discriminator}


@hookimpl
def gan_bench_architectures():
    return [
        Architecture(name=f"closure-{width}", source="mine", z_dim=8, **make(width))
        for width in (8, 12)
    ]
