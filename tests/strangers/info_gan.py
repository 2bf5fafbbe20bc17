"""InfoGAN (1606.03657): a code of four values within z, which D reads back from the image."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy, one_hot

from gan_bench import Architecture, Loss, Output, hookimpl


class G(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape, self.paint = shape, nn.Linear(12, torch.Size(shape).numel())

    def forward(self, z):
        known = torch.cat([one_hot(z[:, :4].argmax(1), 4), z[:, 4:]], 1)
        return self.paint(known).tanh().unflatten(1, self.shape)


class D(nn.Sequential):
    def forward(self, x):
        real, classes = super().forward(x).split([1, 4], 1)
        return Output(real, classes=classes)


@hookimpl
def gan_bench_architectures():
    read = lambda _: D(nn.LazyConv2d(8, 4, 2, 1), nn.Flatten(), nn.LazyLinear(5))  # noqa: E731
    return [Architecture(name="info", source="mine", z_dim=12, generator=G, discriminator=read)]


@hookimpl
def gan_bench_losses():
    lost = lambda step: cross_entropy(step.on_fake.classes, step.z[:, :4].argmax(1))  # noqa: E731
    given = {"d_loss": lambda real, fake: (1 - real).relu().mean() + (1 + fake).relu().mean()}
    given |= {"g_loss": lambda _, fake: -fake.mean(), "penalty": lost, "g_penalty": lost}
    return [Loss(name="info", source="Chen et al. 2016", reads=("classes",), **given)]
