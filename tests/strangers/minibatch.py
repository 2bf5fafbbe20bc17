"""D compares the images of a batch: by their deviation (1710.10196) and in pairs (1606.03498)."""

import torch
from torch import nn

from gan_bench import Architecture, hookimpl


class Compares(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(shape[0], 4, 4, 2, 1), nn.LeakyReLU(0.2))
        size = shape[1] * shape[2]  # (4, H / 2, W / 2)
        self.kernels = nn.Parameter(torch.randn(size, 3, 4) / size)
        self.head = nn.Linear(size + 1 + 3, 1)

    def forward(self, x):
        features = self.body(x).flatten(1)  # (N, size)
        deviation = features.std(0, correction=0).mean().expand(len(x), 1)
        rows = torch.einsum("ns,skd->nkd", features, self.kernels)
        near = (-(rows[:, None] - rows[None]).abs().sum(3)).exp().sum(1) - 1  # (N, 3)
        return self.head(torch.cat([features, deviation, near], 1)).squeeze(1)


def generator(shape):
    size = torch.Size(shape).numel()
    return nn.Sequential(
        nn.Linear(8, 16), nn.LayerNorm(16), nn.SiLU(), nn.Linear(16, size), nn.Softsign(),
        nn.Unflatten(1, shape),
    )  # fmt: skip


@hookimpl
def gan_bench_architectures():
    given = {"generator": generator, "discriminator": Compares}
    return [Architecture(name="compares", source="Salimans et al. 2016", z_dim=8, **given)]
