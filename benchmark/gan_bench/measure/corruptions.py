"""Image sets whose quality is known because it was put there: what the ruler is held to.

Every set is (N, C, H, W) uint8 and a pure function of its arguments. A ladder has more and more
of one fault, on images that are real otherwise; a metric that claims to see the fault must score
the ladder in its order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.ndimage import gaussian_filter

from gan_bench.contract.offers import Fault

SIDE = 32  # pixels of an image that a blur is told for: it is as strong at every size
TRACE = 0.5  # noise on copies: every third value is a level off, which nets hardly mind


class Pool(Protocol):
    """Real images to choose from by their rows: an array, a memmap, a renderer."""

    def __getitem__(self, rows: np.ndarray, /) -> np.ndarray: ...


@dataclass(frozen=True, kw_only=True)
class Material:
    """The real images that oracles are made of. Without labels no mode can be lost."""

    other: np.ndarray  # (N, C, H, W): such as no reference holds
    train: np.ndarray  # (T, C, H, W), T >= N: what a memoriser has seen
    pool: Pool | None = None  # P images, of which some modes are kept
    labels: np.ndarray | None = None  # (P,) their modes


@dataclass(frozen=True, kw_only=True)
class Steps:
    """How much of every fault, the mildest first."""

    kept: tuple[int, ...]  # modes
    distinct: tuple[int, ...]  # images, repeated
    sigmas: tuple[float, ...]  # of a Gaussian blur, in pixels of a 32 px image
    stds: tuple[float, ...]  # of Gaussian noise, of 255
    shares: tuple[float, ...]  # of copies of training images


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One oracle: what is wrong with it, its name, its images."""

    fault: Fault
    name: str
    images: np.ndarray  # (N, C, H, W) uint8


def ladders(material: Material, steps: Steps) -> Iterator[Rung]:
    """Every rung of every ladder, the mildest of a fault first. Modes are kept if there are any."""
    other, n = material.other, len(material.other)
    if material.pool is not None and material.labels is not None:
        for kept in steps.kept:
            images = material.pool[rows_of_modes(material.labels, kept, n)]
            yield Rung(fault="lost modes", name=f"{kept:,} modes", images=images)
    for distinct in steps.distinct:
        images = repeat(other, distinct)
        yield Rung(fault="repeats", name=f"{distinct} repeated", images=images)
    for sigma in steps.sigmas:
        yield Rung(fault="blur", name=f"blur {sigma:g}", images=blur(other, sigma))
    for std in steps.stds:
        yield Rung(fault="noise", name=f"noise {std:g}", images=noise(other, std))
    yield Rung(fault="noise", name="only noise", images=only_noise(other.shape))
    for share in steps.shares:
        images = copies(other, material.train, share)
        yield Rung(fault="copies", name=f"{share:.0%} copies", images=images)


def rows_of_modes(labels: np.ndarray, kept: int, n: int) -> np.ndarray:
    """(P,) labels -> (n,) rows of `kept` modes, in order; repeated if these have fewer than n.

    Which modes and which rows is drawn by a fixed seed: evenly spaced rows of a set that is
    sorted in turns would be of one mode. The modes of a smaller number are among those of a
    larger.
    """
    rng = np.random.default_rng(0)
    allowed = rng.permutation(np.unique(labels))[:kept]
    rows = rng.permutation(np.flatnonzero(np.isin(labels, allowed)))
    return np.sort(np.resize(rows, n))


def repeat(images: np.ndarray, distinct: int) -> np.ndarray:
    """As many images as before, of which only so many differ."""
    return np.asarray(images[np.arange(len(images)) % distinct])


def shift(images: np.ndarray, levels: int) -> np.ndarray:
    """All images brighter by so many levels of 255, clipped.

    The whole set moves, and nothing else: content, sharpness and modes stay, and so does the
    variety as far as nothing is clipped. In pixels the distance of the means is known.
    """
    return np.asarray(np.minimum(images.astype(np.int16) + levels, 255).astype(np.uint8))


def blur(images: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur, as strong at every size."""
    scale = sigma * images.shape[-1] / SIDE
    return np.asarray(gaussian_filter(images, (0, 0, scale, scale), mode="nearest"))


def noise(images: np.ndarray, std: float) -> np.ndarray:
    """Gaussian noise on every pixel."""
    drawn = np.random.default_rng(1).normal(0, std, images.shape)
    return np.clip(images + drawn + 0.5, 0, 255).astype(np.uint8)


def only_noise(shape: tuple[int, ...]) -> np.ndarray:
    """Uniform noise of that shape (N, C, H, W), no image at all."""
    return np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)


def copies(other: np.ndarray, train: np.ndarray, share: float) -> np.ndarray:
    """A memoriser: a share of the images are training images with a trace of noise."""
    count = round(share * len(other))
    known = train[np.arange(count) * len(train) // max(1, count)]
    return np.concatenate([noise(known, TRACE), other[count:]])
