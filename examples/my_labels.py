"""A pair that reads labels: gan-bench run --plugin examples/my_labels.py --arch labelled ..."""

from math import prod

import torch
from torch import Tensor, nn

from gan_bench import Architecture, Shape, hookimpl

WIDTH = 256


class Labelled(nn.Module):
    """A small network of vectors, which gets the class beside its input."""

    def __init__(self, inputs: int, outputs: int, classes: int, last: nn.Module) -> None:
        super().__init__()
        self.classes = nn.Embedding(classes, 32)
        self.layers = nn.Sequential(
            nn.Linear(inputs + 32, WIDTH), nn.LeakyReLU(0.2),
            nn.Linear(WIDTH, WIDTH), nn.LeakyReLU(0.2),
            nn.Linear(WIDTH, outputs), last,
        )  # fmt: skip

    def forward(self, given: Tensor, y: Tensor) -> Tensor:
        answer: Tensor = self.layers(torch.cat([given.flatten(1), self.classes(y)], 1))
        return answer


def generator(shape: Shape, classes: int) -> nn.Module:
    """(N, 64), (N,) -> (N, C, H, W) in [-1, 1]."""
    end = nn.Sequential(nn.Tanh(), nn.Unflatten(1, shape))
    return Labelled(64, prod(shape), classes, end)


def discriminator(shape: Shape, classes: int) -> nn.Module:
    """(N, C, H, W), (N,) -> (N,) logits."""
    return Labelled(prod(shape), 1, classes, nn.Flatten(0))


@hookimpl
def gan_bench_architectures() -> list[Architecture]:
    return [
        Architecture(
            name="labelled",
            source="Mirza & Osindero 2014, arXiv 1411.1784, with an embedding of the class.",
            z_dim=64,
            generator=generator,
            discriminator=discriminator,
            conditional=True,
        )
    ]
