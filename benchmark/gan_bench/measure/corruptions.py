"""Image sets of known quality: real images with a known fault, more or less of it.

A metric that claims to see a fault must score its corruptions in order of their strength. Every
set is (N, C, H, W) uint8 and a pure function of its arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.ndimage import gaussian_filter

from gan_bench.contract.offers import Fault

SIDE = 32  # pixels of the image that the sigma of a blur refers to
TRACE = 0.5  # std of the noise on copies: every third value changes by 1 of 255


class Pool(Protocol):
    """Real images to choose from by their rows: an array, a memmap, a renderer."""

    def __getitem__(self, rows: np.ndarray, /) -> np.ndarray: ...


@dataclass(frozen=True, kw_only=True)
class Material:
    """The real images that are corrupted. Without labels no modes can be removed."""

    other: np.ndarray  # (N, C, H, W): images that are not in the reference
    train: np.ndarray  # (T, C, H, W), T >= N: training images, to copy
    pool: Pool | None = None  # P images, of which some modes are kept
    labels: np.ndarray | None = None  # (P,) their modes


@dataclass(frozen=True, kw_only=True)
class Strengths:
    """How strong every fault is made, the mildest first."""

    kept: tuple[int, ...]  # modes
    distinct: tuple[int, ...]  # images, repeated
    sigmas: tuple[float, ...]  # of a Gaussian blur, in pixels of a 32 px image
    stds: tuple[float, ...]  # of Gaussian noise, of 255
    shares: tuple[float, ...]  # of copies of training images


@dataclass(frozen=True, kw_only=True)
class Corruption:
    """A set of images with one fault."""

    fault: Fault
    name: str
    images: np.ndarray  # (N, C, H, W) uint8


def corrupted(material: Material, strengths: Strengths) -> Iterator[Corruption]:
    """Every fault in every strength, the mildest first."""
    other, n = material.other, len(material.other)
    if material.pool is not None and material.labels is not None:
        for kept in strengths.kept:
            images = material.pool[rows_of_modes(material.labels, kept, n)]
            yield Corruption(fault="lost modes", name=f"{kept:,} modes", images=images)
    for distinct in strengths.distinct:
        images = repeat(other, distinct)
        yield Corruption(fault="repeats", name=f"{distinct} repeated", images=images)
    for sigma in strengths.sigmas:
        yield Corruption(fault="blur", name=f"blur {sigma:g}", images=blur(other, sigma))
    for std in strengths.stds:
        yield Corruption(fault="noise", name=f"noise {std:g}", images=noise(other, std))
    yield Corruption(fault="noise", name="only noise", images=only_noise(other.shape))
    for share in strengths.shares:
        images = copies(other, material.train, share)
        yield Corruption(fault="copies", name=f"{share:.0%} copies", images=images)


def rows_of_modes(labels: np.ndarray, kept: int, n: int) -> np.ndarray:
    """(P,) labels -> (n,) sorted rows with only `kept` modes; rows repeat if they are too few.

    Modes and rows are drawn by a fixed seed, because evenly spaced rows could all be of one mode
    where modes alternate. The modes of a smaller number are among those of a larger one.
    """
    rng = np.random.default_rng(0)
    allowed = rng.permutation(np.unique(labels))[:kept]
    rows = rng.permutation(np.flatnonzero(np.isin(labels, allowed)))
    return np.sort(np.resize(rows, n))


def repeat(images: np.ndarray, distinct: int) -> np.ndarray:
    """(N, C, H, W) -> as many images, of which only `distinct` differ."""
    return np.asarray(images[np.arange(len(images)) % distinct])


def shift(images: np.ndarray, levels: int) -> np.ndarray:
    """All images brighter by so many levels of 255, clipped.

    Content, sharpness and modes stay, and so does the variety as far as nothing is clipped. The
    distance of the means in pixels is known.
    """
    return np.asarray(np.minimum(images.astype(np.int16) + levels, 255).astype(np.uint8))


def blur(images: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur; sigma in pixels of a 32 px image, scaled to the size of these."""
    scale = sigma * images.shape[-1] / SIDE
    return np.asarray(gaussian_filter(images, (0, 0, scale, scale), mode="nearest"))


def noise(images: np.ndarray, std: float) -> np.ndarray:
    """Gaussian noise on every pixel; std of 255."""
    drawn = np.random.default_rng(1).normal(0, std, images.shape)
    return np.clip(images + drawn + 0.5, 0, 255).astype(np.uint8)


def only_noise(shape: tuple[int, ...]) -> np.ndarray:
    """Uniform noise of shape (N, C, H, W)."""
    return np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)


def one_colour(shape: tuple[int, ...]) -> np.ndarray:
    """Grey images of shape (N, C, H, W)."""
    return np.full(shape, 128, np.uint8)


def copies(other: np.ndarray, train: np.ndarray, share: float) -> np.ndarray:
    """What a memoriser makes: a share of the images are training images with slight noise."""
    count = round(share * len(other))
    copied = train[np.arange(count) * len(train) // max(1, count)]
    return np.concatenate([noise(copied, TRACE), other[count:]])
