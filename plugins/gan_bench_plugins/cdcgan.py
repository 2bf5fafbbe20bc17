"""DCGAN for labelled images: one G that reads the class, and three ways for D to use it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gan_bench import Architecture, Shape, hookimpl
from gan_bench_plugins import dcgan, sizes

if TYPE_CHECKING:
    from torch import nn

Z_DIM = 128
G_WIDTH = 32  # numbers that stand for a class beside z
D_WIDTH = 8  # channels that stand for a class beside the image


def generator(shape: Shape, classes: int) -> nn.Module:
    """z (N, 128), y (N,) -> (N, C, H, W): DCGAN's G of [z, e(y)]."""
    from gan_bench_plugins.nets.conditional import ClassToG

    return ClassToG(dcgan.generator(shape, Z_DIM + G_WIDTH), classes, G_WIDTH)


def discriminator(shape: Shape, classes: int) -> nn.Module:
    """x (N, C, H, W), y (N,) -> (N,) logits: DCGAN's D of [x, e(y)]."""
    from gan_bench_plugins.nets.conditional import ClassToD

    C, H, W = shape
    return ClassToD(dcgan.discriminator((C + D_WIDTH, H, W)), classes, D_WIDTH)


def discriminator_projection(shape: Shape, classes: int) -> nn.Module:
    """x (N, C, H, W), y (N,) -> (N,) logits: D(x) + e(y) . phi(x)."""
    from gan_bench_plugins.nets.conditional import Projection

    D = dcgan.discriminator(shape)
    return Projection(D, classes, _last_weight(D).shape[1])


def discriminator_classifier(shape: Shape, classes: int) -> nn.Module:
    """x (N, C, H, W) -> (N,) logits, and logits of the classes (N, K)."""
    from gan_bench_plugins.nets.conditional import Classifier

    D = dcgan.discriminator(shape)
    return Classifier(D, classes, _last_weight(D).numel())


def _last_weight(D: nn.Module) -> nn.Parameter:
    """(1, channels, h, w): the weights that turn the coarsest map into a logit."""
    return [each for each in D.parameters() if each.ndim == 4][-1]


@hookimpl
def gan_bench_architectures() -> list[Architecture]:
    """`cdcgan`, `cdcgan-projection` and `acgan`."""
    described = {
        "cdcgan": (
            discriminator,
            "Mirza & Osindero 2014, arXiv 1411.1784, section 3.2, with the networks of `dcgan`: G "
            "reads the class beside z, D beside the image. Departures: the class is embedded "
            f"({G_WIDTH} numbers in G, {D_WIDTH} channels in D), where the paper gives it as a "
            "one-hot vector to dense layers",
        ),
        "cdcgan-projection": (
            discriminator_projection,
            "Miyato & Koyama 2018, arXiv 1802.05637, equation 4, in the D of `dcgan`: the logit is "
            "D(x) plus the inner product of the class's embedding with the sum of D's last map. "
            "Departures: no ResNet and no spectral norm; G reads the class beside z, as that of "
            "`cdcgan`, not in its BatchNorm; D(x) comes from DCGAN's last layer, which is not "
            "pooled",
        ),
        "acgan": (
            discriminator_classifier,
            "Odena et al. 2017, arXiv 1610.09585, section 3, with the networks of `dcgan`: D does "
            "not read the class but names it. Choose the loss `ac` with it: under another loss, "
            "nothing teaches D the classes, and G may ignore them. Departures: the widths of "
            "`dcgan`, no dropout and no noise in D, which names all classes of the data (the "
            "paper trains a pair for each 10 classes of ImageNet)",
        ),
    }
    return [
        Architecture(
            name=name,
            source=f"{source}; z from N(0, 1) with 128 values. Otherwise as `dcgan`, Radford et "
            "al. 2016, arXiv 1511.06434.",
            z_dim=Z_DIM,
            generator=generator,
            discriminator=discriminator,
            conditional=True,
            unsuited=partial(sizes.unsuited, name),
        )
        for name, (discriminator, source) in described.items()
    ]
