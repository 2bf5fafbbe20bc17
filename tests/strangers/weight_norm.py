"""Weight normalisation of both networks (1704.03971), in its new form and its old one."""

from functools import partial

import torch
from torch import nn
from torch.nn.utils import parametrizations, weight_norm

from gan_bench import Architecture, hookimpl


def generator(shape, norm):
    size = torch.Size(shape).numel()
    return nn.Sequential(norm(nn.Linear(8, size)), nn.Tanh(), nn.Unflatten(1, shape))


def discriminator(shape, norm):
    C, H, W = shape
    return nn.Sequential(
        norm(nn.Conv2d(C, 8, 4, 2, 1)), nn.PReLU(), nn.Flatten(),
        norm(nn.Linear(2 * H * W, 1)), nn.Flatten(0),
    )  # fmt: skip


@hookimpl
def gan_bench_architectures():
    return [
        Architecture(
            name=name,
            source="Xiang and Li 2017",
            z_dim=8,
            generator=partial(generator, norm=norm),
            discriminator=partial(discriminator, norm=norm),
        )
        for name, norm in (("wn", parametrizations.weight_norm), ("old-wn", weight_norm))
    ]
