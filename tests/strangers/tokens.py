"""TransGAN's idea (2102.07074): both networks are transformers over patches."""

import torch
from torch import nn

from gan_bench import Architecture, hookimpl


def layer():
    return nn.TransformerEncoderLayer(16, 2, 32, dropout=0.1, batch_first=True)


class Painter(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.side, self.place = (
            shape[1] // 4,
            nn.Parameter(torch.randn(shape[1] * shape[2] // 16, 16)),
        )
        self.style, self.layer = nn.Linear(8, 16), layer()
        self.paint = nn.Linear(16, 16 * shape[0])

    def forward(self, z):
        tokens = self.paint(self.layer(self.place + self.style(z)[:, None])).tanh()
        return nn.functional.pixel_shuffle(tokens.mT.unflatten(2, (self.side, -1)), 4)


class Reader(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.cut, self.layer, self.head = nn.Conv2d(shape[0], 16, 4, 4), layer(), nn.Linear(16, 1)

    def forward(self, x):
        return self.head(self.layer(self.cut(x).flatten(2).mT).mean(1)).squeeze(1)


@hookimpl
def gan_bench_architectures():
    given = {"generator": Painter, "discriminator": Reader}
    return [Architecture(name="tokens", source="Jiang et al. 2021", z_dim=8, **given)]
