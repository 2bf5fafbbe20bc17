"""A U-Net as D: a logit of the image and one of each pixel (2002.12655)."""

import torch
from torch import nn
from torch.nn.functional import interpolate

from gan_bench import Architecture, hookimpl


class UNet(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.down, self.deep = nn.Conv2d(shape[0], 8, 4, 2, 1), nn.Conv2d(8, 8, 3, padding=1)
        self.whole = nn.Linear(8, 1)
        self.up, self.pixels = nn.Conv2d(16, 8, 3, padding=1), nn.Conv2d(8, 1, 1)

    def forward(self, x):
        down = self.down(x).relu()
        deep = self.deep(down).relu()
        up = interpolate(torch.cat([down, deep], 1), scale_factor=2, mode="bilinear")
        pixels = self.pixels(self.up(up).relu())
        return torch.cat([self.whole(deep.mean((2, 3))), pixels.flatten(1)], 1)


class Painter(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.seed = nn.Parameter(torch.randn(8, *shape[1:]))
        self.style, self.paint = nn.Linear(8, 8), nn.Conv2d(8, shape[0], 3, padding=1)

    def forward(self, z):
        return self.paint(self.seed * self.style(z)[:, :, None, None]).tanh()


@hookimpl
def gan_bench_architectures():
    given = {"generator": Painter, "discriminator": UNet}
    return [Architecture(name="unet", source="Schonfeld et al. 2020", z_dim=8, **given)]
