"""BEGAN (1703.10717): D is an autoencoder, and its k balances the two errors."""

import torch
from torch import nn

from gan_bench import Architecture, Loss, hookimpl


class D(nn.Module):
    def __init__(self, shape):
        super().__init__()
        size = torch.Size(shape).numel()
        self.layers = nn.Sequential(nn.Linear(size, 16), nn.ELU(), nn.Linear(16, size))
        self.register_buffer("k", torch.zeros(()))

    def forward(self, x):
        return -(self.layers(x.flatten(1)) - x.flatten(1)).abs().mean(1)  # low error: real


def balance(step):
    on_real, on_fake = -step.on_real.logits.mean(), -step.on_fake.logits.mean()
    k = step.D.k.clone()
    step.D.k.add_(0.01 * (0.5 * on_real - on_fake).detach()).clamp_(0, 1)
    return -k * on_fake


def G(shape):
    size = torch.Size(shape).numel()
    return nn.Sequential(nn.Linear(8, size), nn.Tanh(), nn.Unflatten(1, shape))


@hookimpl
def gan_bench_architectures():
    return [Architecture(name="began", source="1703.10717", z_dim=8, generator=G, discriminator=D)]


@hookimpl
def gan_bench_losses():
    given = {"d_loss": lambda real, _: -real.mean(), "g_loss": lambda _, fake: -fake.mean()}
    return [Loss(name="began", source="Berthelot et al. 2017", penalty=balance, **given)]
