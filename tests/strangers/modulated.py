"""StyleGAN2's modulated convolution as one grouped convolution (1912.04958, section 2.2)."""

import torch
from torch import nn

from gan_bench import Architecture, hookimpl


class Modulated(nn.Module):
    def __init__(self, width, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, width, 3, 3) / width)
        self.style = nn.Linear(8, width)

    def forward(self, x, w):
        weight = self.weight * (1 + self.style(w))[:, None, :, None, None]
        weight = weight * weight.square().sum((2, 3, 4), keepdim=True).add(1e-8).rsqrt()
        x = x.reshape(1, -1, *x.shape[2:])
        y = nn.functional.conv2d(x, weight.flatten(0, 1), padding=1, groups=len(w))
        return y.view(len(w), -1, *y.shape[2:])


class G(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.start = nn.Parameter(torch.randn(1, 8, *shape[1:]))
        self.first, self.last = Modulated(8, 8), Modulated(8, shape[0])

    def forward(self, z):
        return self.last(self.first(self.start.expand(len(z), -1, -1, -1), z).relu(), z).tanh()


@hookimpl
def gan_bench_architectures():
    def read(shape):
        return nn.Sequential(
            nn.Conv2d(shape[0], 8, 4, 2, 1), nn.ReLU(), nn.Flatten(), nn.LazyLinear(1)
        )

    return [Architecture(name="modulated", source="", z_dim=8, generator=G, discriminator=read)]
