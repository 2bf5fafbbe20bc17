"""The networks of StyleGAN2: a G of styles and noise, a residual D that sees a batch's spread."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, leaky_relu, linear

from gan_bench import Shape
from gan_bench_plugins import sizes
from gan_bench_plugins.nets.resample import bilinear_up
from gan_bench_plugins.nets.with_features import WithFeatures

BASE = 24  # channels of the map of the image's size
WIDEST = 192
W_DIM = 128
MAPPING = 4  # layers
SLOPE = 0.2  # of LeakyReLU below 0
GAIN = sqrt(2)  # of LeakyReLU, so that it keeps the second moment of its inputs
GROUP = 4  # images whose spread is measured together
EPSILON = 1e-8


class Leaky(nn.Module):
    """LeakyReLU, scaled to keep the second moment."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape -> the same."""
        return GAIN * leaky_relu(x, SLOPE)


def _unit(layer: nn.Conv2d | nn.Linear) -> nn.Module:
    """The layer with weights that keep the second moment, and biases of 0."""
    nn.init.normal_(layer.weight, 0.0, 1 / sqrt(layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class Mapping(nn.Module):
    """z (N, z_dim), scaled to unit length per value, -> w (N, W_DIM)."""

    def __init__(self, z_dim: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for narrow, wide in pairwise((z_dim, *[W_DIM] * MAPPING)):
            layers += [_unit(nn.Linear(narrow, wide)), Leaky()]
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        """w, the style of the whole image."""
        w: Tensor = self.layers(z * (z.square().mean(1, keepdim=True) + EPSILON).rsqrt())
        return w


class ModulatedConv(nn.Module):
    """A convolution whose weights w scales anew for each image (section 2.2, equations 1 to 3).

    Weights scaled on the input side are inputs scaled; weights divided by their norm on the output
    side are outputs divided. So one convolution serves the whole batch.
    """

    def __init__(self, narrow: int, wide: int, kernel: int, *, demodulate: bool = True) -> None:
        super().__init__()
        scale = 1 / sqrt(narrow * kernel**2)
        self.weight = nn.Parameter(scale * torch.randn(wide, narrow, kernel, kernel))
        self.style = nn.Linear(W_DIM, narrow)
        nn.init.normal_(self.style.weight, 0.0, 1 / sqrt(W_DIM))
        nn.init.ones_(self.style.bias)
        self.demodulate = demodulate

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x (N, in, H, W), w (N, W_DIM) -> (N, out, H, W)."""
        style: Tensor = self.style(w)  # (N, in)
        y = conv2d(x * style[:, :, None, None], self.weight, padding=self.weight.shape[2] // 2)
        if self.demodulate:
            squares = linear(style.square(), self.weight.square().sum((2, 3)))  # (N, out)
            y = y * (squares + EPSILON).rsqrt()[:, :, None, None]
        return y


class StyledLayer(nn.Module):
    """Modulated convolution, noise, bias, LeakyReLU; the map is doubled first, or not."""

    def __init__(self, narrow: int, wide: int, *, doubles: bool) -> None:
        super().__init__()
        self.conv = ModulatedConv(narrow, wide, 3)
        self.strength = nn.Parameter(torch.zeros(()))  # of the noise
        self.bias = nn.Parameter(torch.zeros(wide, 1, 1))
        self.doubles = doubles

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x (N, in, H, W), w (N, W_DIM) -> (N, out, H, W) or (N, out, 2H, 2W)."""
        y = self.conv(bilinear_up(x) if self.doubles else x, w)
        noise = torch.randn(len(y), 1, *y.shape[2:], device=y.device)
        return GAIN * leaky_relu(y + (self.strength * noise + self.bias).to(y.dtype), SLOPE)


class Synthesis(nn.Module):
    """w (N, W_DIM) -> (N, C, H, W) in [-1, 1]: each size adds its image to the doubled one.

    The sum is divided by the number of sizes, so that tanh is not saturated at first.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        widths = _widths(shape)[::-1]
        self.const = nn.Parameter(torch.randn(1, widths[0], *sizes.coarsest(shape)))
        self.first = StyledLayer(widths[0], widths[0], doubles=False)
        self.up = nn.ModuleList(StyledLayer(a, b, doubles=True) for a, b in pairwise(widths))
        self.same = nn.ModuleList(StyledLayer(b, b, doubles=False) for b in widths[1:])
        self.to_image = nn.ModuleList(
            ModulatedConv(width, shape[0], 1, demodulate=False) for width in widths
        )
        self.bias = nn.Parameter(torch.zeros(shape[0], 1, 1))

    def forward(self, w: Tensor) -> Tensor:
        """The image of each style; noise comes from torch's default generator."""
        x = self.first(self.const, w)
        image = self.to_image[0](x, w)
        for up, same, to_image in zip(self.up, self.same, self.to_image[1:], strict=True):
            x = same(up(x, w), w)
            image = bilinear_up(image) + to_image(x, w)
        pixels: Tensor = (image.float() / len(self.to_image) + self.bias).tanh()
        return pixels


class MinibatchSpread(nn.Module):
    """Adds a channel: the deviation in a group of images, averaged over all values.

    Groups have 4 images, or the most below 4 that divides the batch.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C + 1, H, W)."""
        n, _, height, width = x.shape
        size = next(size for size in range(min(GROUP, n), 0, -1) if n % size == 0)
        groups = x.reshape(size, n // size, *x.shape[1:])
        spread = (groups.var(0, correction=0) + EPSILON).sqrt().mean((1, 2, 3))  # (n / size,)
        added = spread.repeat(size)[:, None, None, None]
        return torch.cat([x, added.expand(n, 1, height, width)], 1)


class DBlock(nn.Module):
    """Two convolutions beside a 1 x 1 one, both to half of the sides, added up to one moment."""

    def __init__(self, narrow: int, wide: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            _unit(nn.Conv2d(narrow, narrow, 3, padding=1)),
            Leaky(),
            nn.AvgPool2d(2),
            _unit(nn.Conv2d(narrow, wide, 3, padding=1)),
            Leaky(),
        )
        self.skip = nn.Sequential(nn.AvgPool2d(2), _unit(nn.Conv2d(narrow, wide, 1, bias=False)))

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) -> (N, out, H / 2, W / 2)."""
        total: Tensor = (self.path(x) + self.skip(x)) / sqrt(2)
        return total


def _widths(shape: Shape) -> list[int]:
    return sizes.channels(sizes.doublings(shape) + 1, BASE, WIDEST)


def generator(shape: Shape, z_dim: int) -> nn.Module:
    """(N, z_dim) -> (N, C, H, W) in [-1, 1]."""
    return nn.Sequential(Mapping(z_dim), Synthesis(shape))


def discriminator(shape: Shape) -> nn.Module:
    """(N, C, H, W) -> (N,) logits, features."""
    widths = _widths(shape)
    height, width = sizes.coarsest(shape)
    last = widths[-1]
    return WithFeatures(
        _unit(nn.Conv2d(shape[0], widths[0], 1)),
        Leaky(),
        *(DBlock(narrow, wide) for narrow, wide in pairwise(widths)),
        MinibatchSpread(),
        _unit(nn.Conv2d(last + 1, last, 3, padding=1)),
        Leaky(),
        nn.Flatten(),
        _unit(nn.Linear(last * height * width, last)),
        Leaky(),
        _unit(nn.Linear(last, 1)),
        nn.Flatten(0),
    )
