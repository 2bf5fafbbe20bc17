"""WGAN with clipped weights (1701.07875): the clipping stands where buffers are annealed."""

import torch
from torch import nn

from gan_bench import Architecture, Loss, hookimpl


def clip(_, D, progress):
    for weight in D.parameters():
        weight.clamp_(-0.05, 0.05)


def generator(shape):
    size = torch.Size(shape).numel()
    return nn.Sequential(nn.Linear(8, size), nn.Tanh(), nn.Unflatten(1, shape))


def discriminator(shape):
    return nn.Sequential(
        nn.Conv2d(shape[0], 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.LazyLinear(1)
    )


@hookimpl
def gan_bench_architectures():
    given = {"generator": generator, "discriminator": discriminator, "anneal": clip}
    return [Architecture(name="clipped", source="Arjovsky et al. 2017", z_dim=8, **given)]


@hookimpl
def gan_bench_losses():
    given = {"d_loss": lambda real, fake: fake.mean() - real.mean()}
    given |= {"g_loss": lambda _, fake: -fake.mean()}
    return [Loss(name="wasserstein-clipped", source="Arjovsky et al. 2017", **given)]
