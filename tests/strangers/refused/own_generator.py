"""D draws its noise from a random generator of its own, and of NumPy's."""

from math import prod

import numpy as np
import torch
from torch import nn

from gan_bench import Architecture, hookimpl


class Own(nn.Module):
    def __init__(self, shape, of):
        super().__init__()
        self.read = nn.Linear(prod(shape), 1)
        self.torch, self.numpy = torch.Generator().manual_seed(0), np.random.default_rng(0)
        self.of = of

    def forward(self, x):
        if self.of == "torch":
            noise = torch.randn(x.shape, generator=self.torch)
        else:
            noise = torch.from_numpy(self.numpy.standard_normal(x.shape, np.float32))
        return self.read((x + noise).flatten(1))


def generator(shape):
    return nn.Sequential(nn.Linear(8, prod(shape)), nn.Tanh(), nn.Unflatten(1, shape))


@hookimpl
def gan_bench_architectures():
    given = {"source": "mine", "z_dim": 8, "generator": generator}
    return [
        Architecture(name=f"own-{of}", discriminator=lambda shape, of=of: Own(shape, of), **given)
        for of in ("torch", "numpy")
    ]
