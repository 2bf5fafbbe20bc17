"""D also reads the amplitudes of the image's spectrum (2003.01826)."""

import torch
from torch import nn

from gan_bench import Architecture, hookimpl


class Listens(nn.Module):
    def __init__(self, shape):
        super().__init__()
        C, H, W = shape
        self.pixels, self.waves = nn.Linear(C * H * W, 1), nn.Linear(C * H * (W // 2 + 1), 1)

    def forward(self, x):
        waves = torch.fft.rfft2(x.float(), norm="ortho").abs().add(1e-6).log()
        return self.pixels(x.flatten(1)) + self.waves(waves.flatten(1))


def generator(shape):
    size = torch.Size(shape).numel()
    return nn.Sequential(nn.Linear(8, size), nn.Tanh(), nn.Unflatten(1, shape))


@hookimpl
def gan_bench_architectures():
    given = {"generator": generator, "discriminator": Listens}
    return [Architecture(name="spectrum", source="Durall et al. 2020", z_dim=8, **given)]
