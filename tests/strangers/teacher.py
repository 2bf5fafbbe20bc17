"""D agrees with a slow average of itself, which is a part of its module (1703.01780)."""

import copy
from math import prod

from torch import nn

from gan_bench import Architecture, Loss, hookimpl


class D(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.student = nn.Sequential(nn.Flatten(), nn.Linear(prod(shape), 1))
        self.teacher = copy.deepcopy(self.student).requires_grad_(False)

    def forward(self, x):
        return self.student(x)


def follow(_, D, progress):
    for slow, fast in zip(D.teacher.parameters(), D.student.parameters(), strict=True):
        slow.lerp_(fast, 0.05)


def G(shape):
    return nn.Sequential(nn.Linear(8, prod(shape)), nn.Tanh(), nn.Unflatten(1, shape))


@hookimpl
def gan_bench_architectures():
    given = {"generator": G, "discriminator": D, "anneal": follow}
    return [Architecture(name="taught", source="Tarvainen and Valpola 2017", z_dim=8, **given)]


@hookimpl
def gan_bench_losses():
    given = {"d_loss": lambda real, fake: (1 - real).relu().mean() + (1 + fake).relu().mean()}
    given |= {"penalty": lambda s: (s.D.teacher(s.x) - s.on_real.logits).square().mean()}
    return [Loss(name="taught", source="mine", g_loss=lambda _, fake: -fake.mean(), **given)]
