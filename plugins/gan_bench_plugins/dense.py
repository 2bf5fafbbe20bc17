"""The dense GAN: G and D are multilayer perceptrons, sized by the image."""

from __future__ import annotations

from math import prod

from torch import nn

from gan_bench import Architecture, Shape, hookimpl

WIDTH = 512


def generator(shape: Shape) -> nn.Module:
    """Three hidden layers of ReLU, (N, 128) -> (N, C, H, W) in [-1, 1]."""
    return nn.Sequential(
        nn.Linear(128, WIDTH),
        nn.ReLU(),
        nn.Linear(WIDTH, WIDTH),
        nn.ReLU(),
        nn.Linear(WIDTH, WIDTH),
        nn.ReLU(),
        nn.Linear(WIDTH, prod(shape)),
        nn.Tanh(),
        nn.Unflatten(1, shape),
    )


def discriminator(shape: Shape) -> nn.Module:
    """Three hidden layers of LeakyReLU, (N, C, H, W) -> (N,) logits."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(prod(shape), WIDTH),
        nn.LeakyReLU(0.2),
        nn.Linear(WIDTH, WIDTH),
        nn.LeakyReLU(0.2),
        nn.Linear(WIDTH, WIDTH // 2),
        nn.LeakyReLU(0.2),
        nn.Linear(WIDTH // 2, 1),
        nn.Flatten(0),
    )


@hookimpl
def gan_bench_architectures() -> list[Architecture]:
    """The dense pair."""
    return [
        Architecture(
            name="dense",
            source="Goodfellow et al. 2014, arXiv 1406.2661, section 5: multilayer perceptrons. "
            "Departures: LeakyReLU in D for maxout and no dropout, ReLU in G with a tanh output "
            "(images in [-1, 1]), z from N(0, 1) with 128 values, Adam.",
            z_dim=128,
            generator=generator,
            discriminator=discriminator,
        )
    ]
