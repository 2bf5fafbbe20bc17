"""An architecture in one file: gan-bench run --plugin examples/my_arch.py --arch upsampling ..."""

from torch import nn

from gan_bench import Architecture, Shape, hookimpl


def generator(shape: Shape) -> nn.Module:
    """(N, 64) -> (N, C, H, W) in [-1, 1]: enlarge, then convolve, until the side is reached."""
    channels, side, _ = shape
    layers: list[nn.Module] = [nn.Linear(64, 128 * 4 * 4), nn.Unflatten(1, (128, 4, 4))]
    for _ in range((side // 4).bit_length() - 1):
        layers += [nn.Upsample(scale_factor=2), nn.Conv2d(128, 128, 3, padding=1)]
        layers += [nn.BatchNorm2d(128), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(128, channels, 3, padding=1), nn.Tanh())


def discriminator(shape: Shape) -> nn.Module:
    """(N, C, H, W) -> (N,) logits; no sigmoid, the loss decides what logits mean."""
    channels, side, _ = shape
    layers: list[nn.Module] = [nn.Conv2d(channels, 64, 4, 2, 1), nn.LeakyReLU(0.2)]
    for _ in range((side // 8).bit_length() - 1):
        layers += [nn.LazyConv2d(128, 4, 2, 1), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(1), nn.Flatten(0))


@hookimpl
def gan_bench_architectures() -> list[Architecture]:
    return [
        Architecture(
            name="upsampling",
            source="Odena et al. 2016, Deconvolution and checkerboard artifacts: resize, convolve.",
            z_dim=64,
            generator=generator,
            discriminator=discriminator,
        )
    ]
