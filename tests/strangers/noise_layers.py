"""StyleGAN's noise: a layer of G adds noise of its own to its maps (1812.04948)."""

import torch
from torch import nn

from gan_bench import Architecture, hookimpl


class Noise(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.strength = nn.Parameter(torch.full((channels, 1, 1), 0.1))

    def forward(self, x):
        return x + self.strength * torch.randn_like(x[:, :1])


def generator(shape):
    C, H, W = shape
    return nn.Sequential(
        nn.Linear(8, 2 * H * W), nn.Unflatten(1, (8, H // 2, W // 2)), Noise(8), nn.ReLU(),
        nn.ConvTranspose2d(8, 8, 4, 2, 1), Noise(8), nn.Conv2d(8, C, 1), nn.Tanh(),
    )  # fmt: skip


def discriminator(shape):
    return nn.Sequential(
        nn.Conv2d(shape[0], 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.LazyLinear(1)
    )


@hookimpl
def gan_bench_architectures():
    given = {"generator": generator, "discriminator": discriminator}
    return [Architecture(name="noisy", source="Karras et al. 2019", z_dim=8, **given)]
