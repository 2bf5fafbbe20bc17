"""Spectral normalisation of both networks, in its new form and its old one (1802.05957)."""

from functools import partial

import torch
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm

from gan_bench import Architecture, hookimpl


def generator(shape, norm):
    return nn.Sequential(
        norm(nn.Linear(8, torch.Size(shape).numel())), nn.Unflatten(1, shape),
        norm(nn.Conv2d(shape[0], shape[0], 3, padding=1)), nn.Tanh(),
    )  # fmt: skip


def discriminator(shape, norm):
    C, H, W = shape
    return nn.Sequential(
        norm(nn.Conv2d(C, 8, 4, 2, 1)), nn.LeakyReLU(0.1), nn.Flatten(),
        norm(nn.Linear(2 * H * W, 1)), nn.Flatten(0),
    )  # fmt: skip


@hookimpl
def gan_bench_architectures():
    return [
        Architecture(
            name=name,
            source="Miyato et al. 2018",
            z_dim=8,
            generator=partial(generator, norm=norm),
            discriminator=partial(discriminator, norm=norm),
        )
        for name, norm in (("sn", parametrizations.spectral_norm), ("old-sn", spectral_norm))
    ]
