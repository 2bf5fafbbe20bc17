"""G matches the texture that a fixed random network inside D sees: its Gram matrix."""

import torch
from torch import nn

from gan_bench import Architecture, Loss, hookimpl


class D(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.eye = nn.Conv2d(shape[0], 8, 3, padding=1).requires_grad_(False)
        self.read = nn.Sequential(nn.Flatten(), nn.LazyLinear(1), nn.Flatten(0))

    def forward(self, x):
        return self.read(x)

    def texture(self, x):
        return torch.einsum("ncs,nds->cd", seen := self.eye(x).relu().flatten(2), seen)


def unlike(step):
    return 1e-6 * (step.D.texture(step.x) - step.D.texture(step.fake)).square().mean()


def G(shape):
    size = torch.Size(shape).numel()
    return nn.Sequential(nn.Linear(8, size), nn.Tanh(), nn.Unflatten(1, shape))


@hookimpl
def gan_bench_architectures():
    return [Architecture(name="eye", source="mine", z_dim=8, generator=G, discriminator=D)]


@hookimpl
def gan_bench_losses():
    given = {"d_loss": lambda real, fake: (1 - real).relu().mean() + (1 + fake).relu().mean()}
    given |= {"g_loss": lambda _, fake: -fake.mean(), "g_penalty": unlike}
    return [Loss(name="texture", source="Gatys et al. 2015", **given)]
