"""D looks at two scales, and gives the logits of both: pix2pixHD (1711.11585, section 3.2)."""

import torch
from torch import nn
from torch.nn.functional import avg_pool2d

from gan_bench import Architecture, hookimpl


def tower(channels):
    return nn.Sequential(
        nn.Conv2d(channels, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(8, 1, 3, padding=1)
    )


class TwoScales(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.fine, self.coarse = tower(shape[0]), tower(shape[0])

    def forward(self, x):
        fine, coarse = self.fine(x), self.coarse(avg_pool2d(x, 2))
        return torch.cat([fine.flatten(1), coarse.flatten(1)], 1)


def generator(shape):
    C, H, W = shape
    return nn.Sequential(
        nn.Linear(8, 8 * H // 4 * W // 4), nn.Unflatten(1, (8, H // 4, W // 4)), nn.ReLU(),
        nn.Upsample(scale_factor=4), nn.Conv2d(8, C, 3, padding=1), nn.Tanh(),
    )  # fmt: skip


@hookimpl
def gan_bench_architectures():
    given = {"generator": generator, "discriminator": TwoScales}
    return [Architecture(name="two-scales", source="Wang et al. 2018", z_dim=8, **given)]
