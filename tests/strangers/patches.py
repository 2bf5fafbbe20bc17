"""PatchGAN: a logit for every patch (1611.07004), with InstanceNorm."""

from torch import nn

from gan_bench import Architecture, hookimpl


def discriminator(shape):
    return nn.Sequential(
        nn.Conv2d(shape[0], 8, 4, 2, 1),
        nn.InstanceNorm2d(8, affine=True),
        nn.LeakyReLU(0.2),
        nn.Conv2d(8, 1, 3, padding=1),
    )


def generator(shape):
    C, H, W = shape
    return nn.Sequential(
        nn.Linear(8, 8 * H * W // 4),
        nn.Unflatten(1, (8, H // 2, W // 2)),
        nn.GroupNorm(2, 8),
        nn.GELU(),
        nn.ConvTranspose2d(8, C, 4, 2, 1),
        nn.Hardtanh(),
    )


@hookimpl
def gan_bench_architectures():
    given = {"generator": generator, "discriminator": discriminator}
    return [Architecture(name="patches", source="Isola et al. 2017", z_dim=8, **given)]
