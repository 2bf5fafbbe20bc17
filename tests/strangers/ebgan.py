"""D-based GAN (1609.03126): D's energy is a reconstruction error; G's images repel."""

import torch
from torch import nn

from gan_bench import Architecture, Loss, Output, hookimpl


class D(nn.Module):
    def __init__(self, shape):
        super().__init__()
        size = torch.Size(shape).numel()
        self.encode, self.decode = nn.Linear(size, 12), nn.Linear(12, size)

    def forward(self, x):
        code = self.encode(x.flatten(1)).relu()
        return Output(-(self.decode(code) - x.flatten(1)).square().mean(1), features=code)


def pulling_away(step):
    code = nn.functional.normalize(step.on_fake.features, dim=1, eps=1e-6)
    likeness = (code @ code.T).square()
    return 0.1 * (likeness.sum() - likeness.diag().sum()) / (len(code) * (len(code) - 1))


def G(shape):
    size = torch.Size(shape).numel()
    return nn.Sequential(nn.Linear(8, size), nn.Tanh(), nn.Unflatten(1, shape))


@hookimpl
def gan_bench_architectures():
    return [Architecture(name="energy", source="1609.03126", z_dim=8, generator=G, discriminator=D)]


@hookimpl
def gan_bench_losses():
    given = {"d_loss": lambda real, fake: -real.mean() + (1 + fake).relu().mean()}
    given |= {"g_loss": lambda _, fake: -fake.mean(), "g_penalty": pulling_away}
    return [Loss(name="energy", source="Zhao et al. 2017", **given)]
