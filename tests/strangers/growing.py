"""Progressive growing (1710.10196): the finer half of both networks fades in."""

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate

from gan_bench import Architecture, hookimpl


class G(nn.Module):
    def __init__(self, shape):
        super().__init__()
        (C, H, W), self.share = shape, nn.Buffer(torch.zeros(()))
        self.start = nn.Sequential(nn.Linear(8, 2 * H * W), nn.Unflatten(1, (8, H // 2, W // 2)))
        self.coarse, self.fine = nn.Conv2d(8, C, 1), nn.Conv2d(8, C, 3, padding=1)

    def forward(self, z):
        coarse, fine = self.coarse(x := self.start(z)), self.fine(interpolate(x, scale_factor=2))
        return (interpolate(coarse, scale_factor=2) * (1 - self.share) + fine * self.share).tanh()


class D(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.share = nn.Buffer(torch.zeros(()))
        self.coarse, self.fine = nn.Conv2d(shape[0], 8, 1), nn.Conv2d(shape[0], 8, 4, 2, 1)
        self.head = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.LazyLinear(1))

    def forward(self, x):
        return self.head(self.coarse(avg_pool2d(x, 2)) + self.fine(x) * self.share)


def grow(G, D, progress):
    G.share.copy_(D.share.copy_((2 * progress).clamp(max=1)))


@hookimpl
def gan_bench_architectures():
    given = {"generator": G, "discriminator": D, "anneal": grow}
    return [Architecture(name="growing", source="Karras et al. 2018", z_dim=8, **given)]
