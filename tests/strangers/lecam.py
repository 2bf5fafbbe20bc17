"""LeCam regularisation (2104.03310), whose moving averages of the logits are buffers of D."""

import torch
from torch import nn

from gan_bench import Architecture, Loss, hookimpl


class Anchored(nn.Sequential):
    def __init__(self, *layers):
        super().__init__(*layers)
        self.register_buffer("means", torch.zeros(2))  # of the logits: real, fake


def lecam(step):
    real, fake = step.on_real.logits, step.on_fake.logits
    now = torch.stack([real.mean(), fake.mean()]).detach()
    step.D.means.copy_(means := step.D.means.lerp(now, 0.1))
    return 0.3 * ((real - means[1]).square().mean() + (fake - means[0]).square().mean())


def G(shape):
    size = torch.Size(shape).numel()
    return nn.Sequential(nn.Linear(8, size), nn.Tanh(), nn.Unflatten(1, shape))


def D(shape):
    return Anchored(nn.Conv2d(shape[0], 8, 4, 2, 1), nn.GELU(), nn.Flatten(), nn.LazyLinear(1))


@hookimpl
def gan_bench_architectures():
    return [Architecture(name="lecam", source="2104.03310", z_dim=8, generator=G, discriminator=D)]


@hookimpl
def gan_bench_losses():
    given = {"d_loss": lambda real, fake: (1 - real).relu().mean() + (1 + fake).relu().mean()}
    given |= {"g_loss": lambda _, fake: -fake.mean(), "penalty": lecam}
    return [Loss(name="lecam", source="Tseng et al. 2021", **given)]
