"""D also sees fakes of earlier steps: a pool of 16 in a buffer (1612.07828, section 2.3)."""

import torch
from torch import nn

from gan_bench import Architecture, Loss, hookimpl


class D(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.register_buffer("pool", torch.zeros(16, *shape))
        self.read = nn.Sequential(nn.Flatten(), nn.Linear(self.pool[0].numel(), 1))

    def forward(self, x):
        return self.read(x)


def remembered(step):
    pool = step.D.pool
    term = (1 + step.judge(pool.clone()).logits).relu().mean()
    pool[torch.randint(16, (2,), device=pool.device)] = step.fake[:2]
    return term


def G(shape):
    size = torch.Size(shape).numel()
    return nn.Sequential(nn.Linear(8, size), nn.Tanh(), nn.Unflatten(1, shape))


@hookimpl
def gan_bench_architectures():
    return [Architecture(name="remembers", source="mine", z_dim=8, generator=G, discriminator=D)]


@hookimpl
def gan_bench_losses():
    given = {"d_loss": lambda real, fake: (1 - real).relu().mean() + (1 + fake).relu().mean()}
    given |= {"g_loss": lambda _, fake: -fake.mean(), "penalty": remembered}
    return [Loss(name="replay", source="Shrivastava et al. 2017", **given)]
