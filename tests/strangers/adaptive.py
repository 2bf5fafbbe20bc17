"""D augmentation (2006.06676): D hides pixels, more of them while it is too sure."""

import torch
from torch import nn

from gan_bench import Architecture, Loss, hookimpl


class D(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.register_buffer("p", torch.zeros(()))
        self.read = nn.Sequential(nn.Flatten(), nn.Linear(torch.Size(shape).numel(), 1))

    def forward(self, x):
        hidden = torch.rand(len(x), 1, *x.shape[2:], device=x.device) < self.p
        return self.read(x.masked_fill(hidden, 0) if self.training else x)


def adapt(step):
    sure = step.on_real.logits.detach().sign().mean()
    step.D.p.add_(0.05 * (sure - 0.6).sign()).clamp_(0, 0.8)
    return 0 * step.on_real.logits.mean()


def G(shape):
    size = torch.Size(shape).numel()
    return nn.Sequential(nn.Linear(8, size), nn.Tanh(), nn.Unflatten(1, shape))


@hookimpl
def gan_bench_architectures():
    return [Architecture(name="adaptive", source="mine", z_dim=8, generator=G, discriminator=D)]


@hookimpl
def gan_bench_losses():
    given = {"d_loss": lambda real, fake: (1 - real).relu().mean() + (1 + fake).relu().mean()}
    given |= {"g_loss": lambda _, fake: -fake.mean(), "penalty": adapt, "penalty_every": 4}
    return [Loss(name="adaptive", source="Karras et al. 2020", **given)]
