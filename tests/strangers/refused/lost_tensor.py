"""A moving average of the logits: a plain attribute, or a buffer that is not saved."""

from math import prod

import torch
from torch import nn

from gan_bench import Architecture, hookimpl


class Centred(nn.Module):
    def __init__(self, shape, is_buffer):
        super().__init__()
        self.read = nn.Linear(prod(shape), 1)
        if is_buffer:
            self.register_buffer("mean", torch.zeros(()), persistent=False)
        else:
            self.mean = torch.zeros(())

    def forward(self, x):
        logits = self.read(x.flatten(1)).float()
        if self.training:
            self.mean = self.mean.lerp(logits.detach().mean(), 0.1)
        return logits * (1 + (logits - self.mean).abs())


def generator(shape):
    return nn.Sequential(nn.Linear(8, prod(shape)), nn.Tanh(), nn.Unflatten(1, shape))


@hookimpl
def gan_bench_architectures():
    given = {"source": "mine", "z_dim": 8, "generator": generator}
    return [
        Architecture(name=name, discriminator=lambda shape, yes=yes: Centred(shape, yes), **given)
        for name, yes in (("unsaved-buffer", True), ("attribute", False))
    ]
