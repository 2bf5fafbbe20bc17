"""VAE-GAN (1512.09300): an encoder within G, and copies of images that D compares and judges."""

import torch
from torch import nn

from gan_bench import Architecture, Loss, Output, hookimpl


class G(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.encode = nn.Sequential(nn.Flatten(), nn.Linear(size := torch.Size(shape).numel(), 16))
        self.decode = nn.Sequential(nn.Linear(8, size), nn.Tanh(), nn.Unflatten(1, shape))

    def forward(self, z):
        return self.decode(z)


class D(nn.Sequential):
    def forward(self, x):
        return Output((f := super().forward(x)).mean(1), features=f)


def variational(step):
    mean, spread = step.G.encode(step.x).chunk(2, 1)
    copy = step.judge(step.make(mean + spread.exp() * torch.randn_like(mean)))
    prior = (mean.square() + (2 * spread).exp() - 2 * spread - 1).mean() / 2
    return prior + (copy.features - step.on_real.features).square().mean() - copy.logits.mean()


@hookimpl
def gan_bench_architectures():
    read = lambda _: D(nn.LazyConv2d(8, 4, 2, 1), nn.Flatten())  # noqa: E731
    return [Architecture(name="vae", source="mine", z_dim=8, generator=G, discriminator=read)]


@hookimpl
def gan_bench_losses():
    given = {"d_loss": lambda a, b: (1 + b - a).relu().mean(), "g_loss": lambda _, b: -b.mean()}
    return [Loss(name="vae", source="mine", reads_real=True, g_penalty=variational, **given)]
