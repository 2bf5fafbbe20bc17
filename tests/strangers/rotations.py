"""D tells how far an image was turned, without any label (1811.11212). Squares only."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from gan_bench import Architecture, Loss, Output, hookimpl


class Turned(nn.Sequential):
    def forward(self, x):
        return Output((out := super().forward(x))[:, 0], classes=out[:, 1:])


def G(shape):
    return nn.Sequential(nn.Linear(8, torch.Size(shape).numel()), nn.Tanh(), nn.Unflatten(1, shape))


def D(shape):
    return Turned(nn.Conv2d(shape[0], 8, 4, 2, 1), nn.ReLU(), nn.Flatten(), nn.LazyLinear(5))


def wrong(step, x):
    turned = torch.cat([x.rot90(k, (2, 3)) for k in range(4)])
    turns = torch.arange(4, device=x.device).repeat_interleave(len(x))
    return cross_entropy(step.judge(turned).classes, turns)


@hookimpl
def gan_bench_architectures():
    given = {"generator": G, "discriminator": D}
    given["unsuited"] = lambda shape: None if shape[1] == shape[2] else "squares only"
    return [Architecture(name="turned", source="Chen et al. 2019", z_dim=8, **given)]


@hookimpl
def gan_bench_losses():
    given = {"d_loss": lambda real, fake: (1 - real).relu().mean() + (1 + fake).relu().mean()}
    given |= {"g_loss": lambda _, fake: -fake.mean(), "g_penalty": lambda s: wrong(s, s.fake)}
    return [Loss(name="turned", source="mine", penalty=lambda s: wrong(s, s.x), **given)]
