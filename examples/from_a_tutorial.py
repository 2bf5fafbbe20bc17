"""A pair as tutorials have it, adapted: --plugin examples/from_a_tutorial.py --arch tutorial

The two classes are of the kind that stands in many notebooks: 64 px only, z as an (N, 100, 1, 1)
map, a D that ends in a sigmoid and gives (N, 1, 1, 1). What follows them adapts the pair.
"""

from itertools import pairwise

from torch import Tensor, nn

from gan_bench import Architecture, Shape, hookimpl


class Generator(nn.Module):
    def __init__(self, nz: int = 100, ngf: int = 64, nc: int = 3) -> None:
        super().__init__()
        widths = [ngf * 8, ngf * 4, ngf * 2, ngf]
        layers = [nn.ConvTranspose2d(nz, widths[0], 4, 1, 0), nn.BatchNorm2d(widths[0]), nn.ReLU()]
        for wide, narrow in pairwise(widths):
            layers += [nn.ConvTranspose2d(wide, narrow, 4, 2, 1), nn.BatchNorm2d(narrow), nn.ReLU()]
        self.main = nn.Sequential(*layers, nn.ConvTranspose2d(ngf, nc, 4, 2, 1), nn.Tanh())

    def forward(self, noise: Tensor) -> Tensor:
        return self.main(noise)


class Discriminator(nn.Module):
    def __init__(self, ndf: int = 64, nc: int = 3) -> None:
        super().__init__()
        layers = [nn.Conv2d(nc, ndf, 4, 2, 1), nn.LeakyReLU(0.2)]
        for narrow, wide in pairwise([ndf, ndf * 2, ndf * 4, ndf * 8]):
            layers += [nn.Conv2d(narrow, wide, 4, 2, 1), nn.BatchNorm2d(wide), nn.LeakyReLU(0.2)]
        self.main = nn.Sequential(*layers, nn.Conv2d(ndf * 8, 1, 4, 1, 0), nn.Sigmoid())

    def forward(self, image: Tensor) -> Tensor:
        return self.main(image)


# All that gan-bench needs


def generator(shape: Shape) -> nn.Module:
    return nn.Sequential(nn.Unflatten(1, (100, 1, 1)), Generator(nc=shape[0]))


def discriminator(shape: Shape) -> nn.Module:
    without_sigmoid = Discriminator(nc=shape[0]).main[:-1]
    return nn.Sequential(without_sigmoid, nn.Flatten(0))


def unsuited(shape: Shape) -> str | None:
    return None if shape[1:] == (64, 64) else "tutorial makes 64 x 64 images only: try --size 64"


@hookimpl
def gan_bench_architectures() -> list[Architecture]:
    pair = {"generator": generator, "discriminator": discriminator, "unsuited": unsuited}
    return [Architecture(name="tutorial", source="The pair of my notebook.", z_dim=100, **pair)]
