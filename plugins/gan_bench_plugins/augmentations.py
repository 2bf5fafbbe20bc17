"""Classic augmentation of real images: G learns to make mirrored, shifted, tinted, soft images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench import Augmentation, hookimpl
from gan_bench_plugins.linear_maps import along_both, blurs, shifts, whole_number

if TYPE_CHECKING:
    from torch import Tensor

CROP = 1 / 16  # of a side: 2 px of 32
JITTER = 0.2
SIGMA = 1 / 32  # of the shorter side: 1 px of 32
GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow and torchvision have it


def flip(images: Tensor, numbers: Tensor) -> Tensor:
    """Mirror half of the images, left to right; 1 number an image."""
    import torch

    return torch.where(numbers[:, :, None, None] < 0.5, images.flip(3), images)


def crop_jitter(images: Tensor, numbers: Tensor) -> Tensor:
    """Pad by a few pixels and crop anywhere, which is a shift; 2 numbers an image."""
    H, W = images.shape[2:]
    down, right = numbers.unbind(1)
    most_down, most_right = (max(1, round(side * CROP)) for side in (H, W))
    return along_both(
        images,
        shifts(whole_number(down, -most_down, most_down), H, repeat_edge=True),
        shifts(whole_number(right, -most_right, most_right), W, repeat_edge=True),
    )


def color_jitter(images: Tensor, numbers: Tensor) -> Tensor:
    """Brightness, contrast and saturation x [0.8, 1.2], kept in [-1, 1]; 3 numbers an image.

    Each blends the image with another: with black, with its mean grey, with its grey image. An
    alpha channel, the last of 2 or 4, stays.
    """
    import torch

    factors = 1 + JITTER * (2 * numbers[:, :, None, None, None] - 1)
    brightness, contrast, saturation = factors.unbind(1)
    colours = images.shape[1] - (images.shape[1] in (2, 4))
    x, alpha = images[:, :colours], images[:, colours:]
    x = (-1 + (x + 1) * brightness).clamp(-1, 1)
    mean = _grey(x).mean((2, 3), keepdim=True)
    x = (mean + (x - mean) * contrast).clamp(-1, 1)
    grey = _grey(x)
    x = (grey + (x - grey) * saturation).clamp(-1, 1)
    return torch.cat([x, alpha], 1)


def _grey(x: Tensor) -> Tensor:
    """(N, 1, H, W): the luma of three channels, or the one channel."""
    if x.shape[1] != 3:
        return x.mean(1, keepdim=True)
    red, green, blue = (weight * x[:, k : k + 1] for k, weight in enumerate(GREY))
    return red + green + blue


def blur(images: Tensor, numbers: Tensor) -> Tensor:
    """Blur half of the images, by a Gaussian of up to 1/32 of the side; 2 numbers an image."""
    H, W = images.shape[2:]
    chosen, strength = numbers.unbind(1)
    sigma = (chosen < 0.5) * strength * (SIGMA * min(H, W))
    # the weights are rounded: their sums are 1 but for the last bit
    return along_both(images, blurs(sigma, H), blurs(sigma, W)).clamp(-1, 1)


@hookimpl
def gan_bench_augmentations() -> list[Augmentation]:
    """`flip`, `crop-jitter`, `color-jitter` and `blur`, all of real images only."""
    return [
        Augmentation(
            name="flip",
            source="Krizhevsky et al. 2012, section 4.1: half of the images are mirrored, left to "
            "right. For sets of which a mirrored image could be one, so not for text or digits.",
            draws=1,
            apply=flip,
        ),
        Augmentation(
            name="crop-jitter",
            source="He et al. 2016, arXiv 1512.03385, section 4.2: padded and cropped at random. "
            "Departures: by 1/16 of each side (2 px of 32; the paper 4), padded with the pixels at "
            "the edge, because G would learn to make borders of zeros.",
            draws=2,
            apply=crop_jitter,
        ),
        Augmentation(
            name="color-jitter",
            source="Howard 2013, arXiv 1312.5402, brightness, contrast and colour are scaled. "
            "Departure: by factors of 0.8 to 1.2, always in this order.",
            draws=3,
            apply=color_jitter,
        ),
        Augmentation(
            name="blur",
            source="Chen et al. 2020, arXiv 2002.05709, appendix A: half of the images are blurred "
            "by a Gaussian. Departure: sigma is at most 1/32 of the shorter side (1 px of 32), as "
            "G learns to make blurred images.",
            draws=2,
            apply=blur,
        ),
    ]
