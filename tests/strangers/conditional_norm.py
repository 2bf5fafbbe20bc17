"""G with BatchNorm whose gain and bias are those of the class (1610.07629)."""

import torch
from torch import nn

from gan_bench import Architecture, hookimpl


class ClassNorm(nn.BatchNorm2d):
    def __init__(self, width, classes):
        super().__init__(width, affine=False)
        self.gain, self.shift = nn.Embedding(classes, width), nn.Embedding(classes, width)

    def forward(self, x, y):
        return super().forward(x) * self.gain(y)[..., None, None] + self.shift(y)[..., None, None]


class G(nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        self.start, self.size = nn.Linear(8, 8 * shape[1] * shape[2]), shape[1:]
        self.norm, self.paint = ClassNorm(8, classes), nn.Conv2d(8, shape[0], 3, padding=1)

    def forward(self, z, y):
        return self.paint(self.norm(self.start(z).view(-1, 8, *self.size), y).relu()).tanh()


class D(nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        self.read = nn.Linear(torch.Size(shape).numel(), classes)

    def forward(self, x, y):
        return self.read(x.flatten(1)).gather(1, y[:, None]).squeeze(1)


@hookimpl
def gan_bench_architectures():
    given = {"generator": G, "discriminator": D, "conditional": True}
    return [Architecture(name="class-norm", source="Dumoulin et al. 2017", z_dim=8, **given)]
