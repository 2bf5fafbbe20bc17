"""What a judge learns from: images a little changed, and images that it should reject."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import (
    adaptive_avg_pool2d,
    affine_grid,
    fold,
    grid_sample,
    interpolate,
    unfold,
)

PER_KIND = 4  # spoilt images of every kind in a batch


@dataclass(frozen=True)
class Examples:
    """Images (N, C, H, W) uint8 and what is on them, (N, factors) int64: a value of each factor."""

    images: Tensor
    values: Tensor

    def batch(self, count: int) -> tuple[Tensor, Tensor]:
        """`count` images drawn at random, (N, C, H, W) float32 in [0, 1], and their values."""
        rows = torch.randint(len(self.images), (count,))
        return self.images[rows].float() / 255, self.values[rows]


def augmented(x: Tensor, strength: float) -> Tensor:
    """(N, C, H, W) in [0, 1], a little rotated, sheared, scaled, moved, dimmed, blurred, noisy."""
    n, size = len(x), x.shape[-1]
    matrix = torch.eye(2).expand(n, 2, 2) * (1 + strength * uniform(n, 1, 1))
    matrix = matrix + strength * uniform(n, 1, 1) * torch.tensor([[0.0, 1.0], [-1.0, 0.0]])
    matrix = matrix + strength * 0.7 * uniform(n, 2, 2)
    grid = affine_grid(torch.cat([matrix, 0.12 * uniform(n, 2, 1)], 2), list(x.shape), False)
    x = grid_sample(x, grid, padding_mode="border", align_corners=False)
    soft = interpolate(interpolate(x, size * 3 // 4, mode="area"), size, mode="bilinear")
    x = torch.lerp(x, soft, torch.rand(n, 1, 1, 1) * (torch.rand(n, 1, 1, 1) < 0.3))
    x = x * (1 + 0.06 * uniform(n, 1, 1, 1)) + 0.03 * torch.rand(n, 1, 1, 1) * torch.randn_like(x)
    return x.clamp(0, 1)


def uniform(*shape: int) -> Tensor:
    """Uniform in [-1, 1)."""
    return torch.rand(shape) * 2 - 1


# A spoiler turns images into as many that a judge should reject; `other` shows other modes.
Spoiler = Callable[[Tensor, Tensor], Tensor]


def uniform_noise(x: Tensor, _: Tensor) -> Tensor:
    """Uniform noise on every pixel."""
    return torch.rand_like(x)


def gaussian_noise(x: Tensor, _: Tensor) -> Tensor:
    """Gaussian noise around a random colour, of random strength."""
    n, c = x.shape[:2]
    return torch.rand(n, c, 1, 1) + torch.rand(n, 1, 1, 1) * 0.5 * torch.randn_like(x)


def clouds(x: Tensor, _: Tensor) -> Tensor:
    """Noise of few pixels, enlarged: like the images of an untrained generator."""
    coarse = torch.rand(len(x), x.shape[1], *torch.randint(2, 17, (2,)).tolist())
    return interpolate(coarse, x.shape[-2:], mode="bilinear")


def corrupted(x: Tensor, _: Tensor) -> Tensor:
    """At most 30 % of an image, the rest noise."""
    return torch.lerp(torch.rand_like(x), x, 0.3 * torch.rand(len(x), 1, 1, 1))


def blend(x: Tensor, other: Tensor) -> Tensor:
    """Two images blended in similar shares."""
    return torch.lerp(x, other, 0.35 + 0.3 * torch.rand(len(x), 1, 1, 1))


def even_blend(x: Tensor, other: Tensor) -> Tensor:
    """Two images blended in equal shares."""
    return (x + other) / 2


def shuffled(x: Tensor, _: Tensor) -> Tensor:
    """The sixteen patches of an image in another order."""
    side = x.shape[-1] // 4
    patches = unfold(x, side, stride=side)
    return fold(patches[:, :, torch.randperm(16)], x.shape[-2:], side, stride=side)


def halves(x: Tensor, other: Tensor) -> Tensor:
    """The left half of one image and the right half of another, or top and bottom."""
    first = torch.arange(x.shape[-1]) < x.shape[-1] // 2
    across = torch.rand(len(x), 1, 1, 1) < 0.5
    return torch.where(torch.where(across, first, first[:, None]), x, other)


def flat(x: Tensor, _: Tensor) -> Tensor:
    """One colour."""
    return torch.rand(*x.shape[:2], 1, 1).expand_as(x)


def blurred(x: Tensor, _: Tensor) -> Tensor:
    """An image reduced to 4 x 4 pixels."""
    return interpolate(adaptive_avg_pool2d(x, 4), x.shape[-2:], mode="bicubic")


SPOILERS: tuple[Spoiler, ...] = (
    *(uniform_noise, gaussian_noise, clouds, corrupted),
    *(blend, blend, blend, shuffled, halves, halves, flat, blurred),
)
TESTED: tuple[Spoiler, ...] = (
    *(uniform_noise, gaussian_noise, clouds, corrupted),
    *(blend, even_blend, shuffled, halves, flat, blurred),
)


def partners(values: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of a batch, and for each another row that shows another mode."""
    other = torch.randperm(len(values))
    rows = (values != values[other]).any(1).nonzero()[:, 0]
    return rows, other[rows]


def none_of(spoil: Spoiler, x: Tensor, values: Tensor) -> Tensor:
    """Spoilt images, made of pairs with different modes."""
    rows, other = partners(values)
    return spoil(x[rows], x[other]).clamp(0, 1)


def spoilt(x: Tensor, values: Tensor) -> Tensor:
    """A batch in equal parts of every kind."""
    parts = zip(torch.split(x, PER_KIND), torch.split(values, PER_KIND), SPOILERS, strict=False)
    return torch.cat([none_of(spoil, part, labels) for part, labels, spoil in parts])
