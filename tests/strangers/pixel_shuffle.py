"""G turns channels into pixels, and D pixels into channels (1609.05158)."""

from torch import nn

from gan_bench import Architecture, hookimpl


def generator(shape):
    C, H, W = shape
    return nn.Sequential(
        nn.Linear(8, H * W), nn.Unflatten(1, (4, H // 2, W // 2)), nn.BatchNorm2d(4), nn.Mish(),
        nn.Conv2d(4, 4 * C, 3, padding=1), nn.PixelShuffle(2), nn.Tanh(),
    )  # fmt: skip


def discriminator(shape):
    return nn.Sequential(
        nn.PixelUnshuffle(2), nn.Conv2d(4 * shape[0], 8, 3, padding=1), nn.Mish(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 1), nn.Flatten(0),
    )  # fmt: skip


@hookimpl
def gan_bench_architectures():
    given = {"generator": generator, "discriminator": discriminator}
    return [Architecture(name="shuffle", source="Shi et al. 2016", z_dim=8, **given)]
