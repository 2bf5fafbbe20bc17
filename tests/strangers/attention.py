"""SAGAN's self-attention in both networks, with a share that begins at 0 (1805.08318)."""

import torch
from torch import nn

from gan_bench import Architecture, hookimpl


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.query, self.key = (nn.Conv2d(channels, channels // 4, 1) for _ in range(2))
        self.value, self.share = nn.Conv2d(channels, channels, 1), nn.Parameter(torch.zeros(()))

    def forward(self, x):
        q, k, v = (layer(x).flatten(2) for layer in (self.query, self.key, self.value))
        weights = (q.mT @ k).softmax(2)
        return x + self.share * (v @ weights.mT).view_as(x)


def generator(shape):
    C, H, W = shape
    return nn.Sequential(
        nn.Linear(8, 2 * H * W), nn.Unflatten(1, (8, H // 2, W // 2)), Attention(8), nn.ReLU(),
        nn.ConvTranspose2d(8, C, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip


def discriminator(shape):
    return nn.Sequential(
        nn.Conv2d(shape[0], 8, 4, 2, 1), Attention(8), nn.LeakyReLU(0.2), nn.Flatten(),
        nn.LazyLinear(1), nn.Flatten(0),
    )  # fmt: skip


@hookimpl
def gan_bench_architectures():
    given = {"generator": generator, "discriminator": discriminator}
    return [Architecture(name="attentive", source="Zhang et al. 2019", z_dim=8, **given)]
