"""A mixture of generators (1708.02556): one of four paints each image, drawn by torch."""

import torch
from torch import nn

from gan_bench import Architecture, hookimpl


class Mixture(nn.Module):
    def __init__(self, shape, count=4):
        super().__init__()
        size = torch.Size(shape).numel()
        self.painters = nn.ModuleList(nn.Linear(8, size) for _ in range(count))
        self.shape = shape

    def forward(self, z):
        all_of_them = torch.stack([paint(z).tanh() for paint in self.painters])  # (K, N, size)
        chosen = torch.randint(len(self.painters), (len(z),), device=z.device)
        return all_of_them[chosen, torch.arange(len(z), device=z.device)].unflatten(1, self.shape)


def discriminator(shape):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(torch.Size(shape).numel(), 16), nn.ReLU(), nn.Linear(16, 1)
    )


@hookimpl
def gan_bench_architectures():
    given = {"generator": Mixture, "discriminator": discriminator}
    return [Architecture(name="mixture", source="Hoang et al. 2018", z_dim=8, **given)]
