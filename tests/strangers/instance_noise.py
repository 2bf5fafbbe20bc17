"""Instance noise that fades: D sees real and fake images through it (1610.04490)."""

import torch
from torch import nn

from gan_bench import Architecture, hookimpl


class Foggy(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.register_buffer("sigma", torch.ones(()))
        self.layers = nn.Sequential(
            nn.Conv2d(shape[0], 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.LazyLinear(1)
        )

    def forward(self, x):
        noise = self.sigma * torch.randn_like(x) if self.training else 0
        return self.layers(x + noise).squeeze(1)


def generator(shape):
    size = torch.Size(shape).numel()
    return nn.Sequential(nn.Linear(8, size), nn.Tanh(), nn.Unflatten(1, shape))


def fade(_, D, progress):
    D.sigma.copy_((1 - 2 * progress).clamp(min=0))


@hookimpl
def gan_bench_architectures():
    given = {"generator": generator, "discriminator": Foggy, "anneal": fade}
    return [Architecture(name="fog", source="Sonderby et al. 2016", z_dim=8, **given)]
