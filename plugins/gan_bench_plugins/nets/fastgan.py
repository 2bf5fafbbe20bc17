"""The networks of FastGAN: skip-layer excitation in G, two paths in each block of D."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from gan_bench import Shape
from gan_bench_plugins import dcgan, sizes
from gan_bench_plugins.nets.with_features import WithFeatures

BASE = 24  # channels of the map of the image's size
WIDEST = 96
APART = 2  # doublings between the map that excites and the map that is excited


class Excite(nn.Module):
    """y F(x): a coarse map x says how much each channel of a fine map y counts (equation 1).

    F pools x to the coarsest map, of these `sides`, which one convolution sees as a whole.
    """

    def __init__(self, coarse: int, fine: int, pool: int, sides: tuple[int, int]) -> None:
        super().__init__()
        self.factors = nn.Sequential(
            nn.AvgPool2d(pool),
            nn.Conv2d(coarse, fine, sides),
            nn.LeakyReLU(0.1),
            nn.Conv2d(fine, fine, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """x (N, coarse, h, w), y (N, fine, H, W) -> (N, fine, H, W)."""
        excited: Tensor = y * self.factors(x)
        return excited


def _up(wide: int, narrow: int) -> nn.Module:
    """Doubles the sides; GLU multiplies one half of the channels by the sigmoid of the other."""
    return nn.Sequential(
        nn.Upsample(scale_factor=2),
        nn.Conv2d(wide, 2 * narrow, 3, padding=1, bias=False),
        nn.BatchNorm2d(2 * narrow),
        nn.GLU(1),
    )


class Generator(nn.Module):
    """(N, z_dim) -> (N, C, H, W) in [-1, 1]."""

    def __init__(self, shape: Shape, z_dim: int) -> None:
        super().__init__()
        widths = _widths(shape)[::-1]
        sides = sizes.coarsest(shape)
        self.first = nn.Sequential(
            nn.Unflatten(1, (z_dim, 1, 1)),
            nn.ConvTranspose2d(z_dim, 2 * widths[0], sides, bias=False),
            nn.BatchNorm2d(2 * widths[0]),
            nn.GLU(1),
        )
        self.up = nn.ModuleList(_up(wide, narrow) for wide, narrow in pairwise(widths))
        self.excite = nn.ModuleList(
            Excite(coarse, fine, 1 << k, sides)
            for k, (coarse, fine) in enumerate(zip(widths, widths[APART:], strict=False))
        )
        self.to_image = nn.Conv2d(widths[-1], shape[0], 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """Each map from the third on is excited by the one two doublings before."""
        maps = [self.first(z)]
        for k, up in enumerate(self.up, 1):
            x = up(maps[-1])
            maps.append(self.excite[k - APART](maps[k - APART], x) if k >= APART else x)
        image: Tensor = self.to_image(maps[-1]).tanh()
        return image


class DownBlock(nn.Module):
    """The mean of two paths to half of the sides: one convolves, one averages 2 x 2 pixels."""

    def __init__(self, narrow: int, wide: int) -> None:
        super().__init__()
        self.convolved = nn.Sequential(
            nn.Conv2d(narrow, wide, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(wide),
            nn.LeakyReLU(0.2),
            nn.Conv2d(wide, wide, 3, padding=1, bias=False),
            nn.BatchNorm2d(wide),
            nn.LeakyReLU(0.2),
        )
        self.averaged = nn.Sequential(
            nn.AvgPool2d(2),
            nn.Conv2d(narrow, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.LeakyReLU(0.2),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) -> (N, out, H / 2, W / 2)."""
        total: Tensor = (self.convolved(x) + self.averaged(x)) / 2
        return total


def _widths(shape: Shape) -> list[int]:
    return sizes.channels(sizes.doublings(shape) + 1, BASE, WIDEST)


def generator(shape: Shape, z_dim: int) -> nn.Module:
    """(N, z_dim) -> (N, C, H, W) in [-1, 1]."""
    return dcgan.initialised(Generator(shape, z_dim))


def discriminator(shape: Shape) -> nn.Module:
    """(N, C, H, W) -> (N,) logits, features."""
    _, first, *others = _widths(shape)
    last = others[-1]
    layers: list[nn.Module] = [
        nn.Conv2d(shape[0], first, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        *(DownBlock(narrow, wide) for narrow, wide in pairwise((first, *others))),
        nn.Conv2d(last, last, 1, bias=False),
        nn.BatchNorm2d(last),
        nn.LeakyReLU(0.2),
        nn.Conv2d(last, 1, sizes.coarsest(shape)),
        nn.Flatten(0),
    ]
    return dcgan.initialised(WithFeatures(*layers))
