"""DiffAugment: D sees real and generated images only after the same kind of random change.

T(x) below is a policy, with random numbers of its own for each image. D's step minimises the loss
of D(T(x)) and D(T(G(z))), and G's step that of D(T(G(z))): G is trained through T and need not
learn it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench import Augmentation, hookimpl
from gan_bench_plugins.linear_maps import along_both, shifts, whole_number

if TYPE_CHECKING:
    from torch import Tensor

PAPER = "Zhao et al. 2020, arXiv 2006.10738, section 3.2"
SHIFT = 1 / 8  # of a side, at most
CUT = 1 / 2  # of a side


def color(images: Tensor, numbers: Tensor) -> Tensor:
    """Brightness + [-0.5, 0.5], saturation x [0, 2], contrast x [0.5, 1.5]; 3 numbers an image.

    Saturation is the distance of the channels from their mean, contrast that of all pixels from
    theirs. An alpha channel, the last of 2 or 4, stays.
    """
    import torch

    brightness, saturation, contrast = numbers[:, :, None, None, None].unbind(1)
    colours = images.shape[1] - (images.shape[1] in (2, 4))
    x, alpha = images[:, :colours], images[:, colours:]
    x = x + (brightness - 0.5)
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * (2 * saturation)
    mean = x.mean((1, 2, 3), keepdim=True)
    x = mean + (x - mean) * (contrast + 0.5)
    return torch.cat([x, alpha], 1)


def translation(images: Tensor, numbers: Tensor) -> Tensor:
    """Shift by up to an eighth of each side; zeros come in from outside. 2 numbers an image."""
    H, W = images.shape[2:]
    down, right = numbers.unbind(1)
    most_down, most_right = reach(H), reach(W)
    return along_both(
        images,
        shifts(whole_number(down, -most_down, most_down), H),
        shifts(whole_number(right, -most_right, most_right), W),
    )


def cutout(images: Tensor, numbers: Tensor) -> Tensor:
    """Zeros in a rectangle of half of each side, anywhere around the image; 2 numbers an image."""
    H, W = images.shape[2:]
    down, right = numbers.unbind(1)
    cut = _inside(down, H)[:, None, :, None] & _inside(right, W)[:, None, None, :]
    return images.masked_fill(cut, 0)


def diffaugment(images: Tensor, numbers: Tensor) -> Tensor:
    """Color, translation and cutout, in this order; 7 numbers an image."""
    images = color(images, numbers[:, :3])
    images = translation(images, numbers[:, 3:5])
    return cutout(images, numbers[:, 5:])


def reach(side: int) -> int:
    """The most pixels that an image is shifted by."""
    return int(side * SHIFT + 0.5)


def _inside(u: Tensor, side: int) -> Tensor:
    """(N, side): the rows of an interval of half the side, whose middle is anywhere in the side."""
    import torch

    length = int(side * CUT + 0.5)
    first = whole_number(u, 0, side - length % 2)[:, None] - length // 2
    here = torch.arange(side, device=u.device)
    return (here >= first) & (here < first + length)


@hookimpl
def gan_bench_augmentations() -> list[Augmentation]:
    """`diffaugment`, and each of its policies alone."""
    alpha = "Departure: an alpha channel keeps its values."
    sides = "For images that are not square: {} of each side."
    offers = (
        (
            "diffaugment",
            f"{PAPER}: color, translation and cutout, which the paper uses on few images. {alpha} "
            "Fakes in G's step have random numbers of their own.",
            7,
            diffaugment,
        ),
        (
            "diffaugment-color",
            f"{PAPER}: brightness + [-0.5, 0.5], contrast x [0.5, 1.5], saturation x [0, 2]. "
            f"{alpha}",
            3,
            color,
        ),
        (
            "diffaugment-translation",
            f"{PAPER}: shifts of up to 1/8 of the side, padded with zeros, which are grey. "
            f"{sides.format('1/8')}",
            2,
            translation,
        ),
        (
            "diffaugment-cutout",
            f"{PAPER}: a square of half the side becomes zero, which is grey. "
            f"{sides.format('half')}",
            2,
            cutout,
        ),
    )
    return [
        Augmentation(name=name, source=source, draws=draws, apply=apply, changes="real and fake")
        for name, source, draws, apply in offers
    ]
