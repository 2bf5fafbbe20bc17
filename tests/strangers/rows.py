"""A recurrent G paints an image row by row, and a recurrent D reads it."""

from torch import nn

from gan_bench import Architecture, hookimpl


class Painter(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape, self.cell = shape, nn.GRU(8, 12, batch_first=True)
        self.paint = nn.Linear(12, shape[0] * shape[2])

    def forward(self, z):
        C, H, W = self.shape
        rows, _ = self.cell(z[:, None].expand(-1, H, -1))
        return self.paint(rows).tanh().view(-1, H, C, W).transpose(1, 2)


class Reader(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.cell = nn.LSTM(shape[0] * shape[2], 12, batch_first=True)
        self.head = nn.Linear(12, 1)

    def forward(self, x):
        rows, _ = self.cell(x.transpose(1, 2).flatten(2))
        return self.head(rows[:, -1]).squeeze(1)


@hookimpl
def gan_bench_architectures():
    given = {"generator": Painter, "discriminator": Reader}
    return [Architecture(name="rows", source="mine", z_dim=8, **given)]
