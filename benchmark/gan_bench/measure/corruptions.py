"""Image sets of known quality: real images with a known fault, more or less of it.

A metric that claims to see a fault must score its corruptions in order of their strength. Every
function of images takes and returns (N, C, H, W) uint8, and always returns the same images for
the same arguments. The list of those that a test uses is a list of `Corruption`.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from gan_bench.base.text import plural
from gan_bench.contract.offers import Fault

SIDE = 32  # pixels of the image that the sigma of a blur refers to
TRACE = 0.5  # std of the noise on copies: every third value changes by 1 of 255
Change = Callable[[np.ndarray], np.ndarray]  # (N, C, H, W) -> as many images of that shape


class Pool(Protocol):
    """Real images to choose from by their rows: an array, a memmap, a renderer."""

    def __getitem__(self, rows: np.ndarray, /) -> np.ndarray: ...


@dataclass(frozen=True)
class Labelled:
    """Images whose modes are known, so that some modes can be left out."""

    images: Pool  # P images
    labels: np.ndarray  # (P,) their modes

    def of_modes(self, kept: int, n: int) -> np.ndarray:
        """(n, C, H, W) of only `kept` modes."""
        return self.images[rows_of_modes(self.labels, kept, n)]


@dataclass(frozen=True, kw_only=True)
class Material:
    """The real images that are corrupted. Where modes are not known, none can be lost."""

    other: np.ndarray  # (N, C, H, W): images that are not in the reference
    train: np.ndarray  # (T, C, H, W): training images, to copy
    labelled: Labelled | None = None


@dataclass(frozen=True, kw_only=True)
class Corruption:
    """A fault of one strength, and how to make a set of images with it."""

    name: str
    fault: Fault | None  # None: a fault that no metric can declare
    make: Callable[[Material], np.ndarray]  # -> (N, C, H, W) uint8


# -- corruptions by the fault that a metric can declare -------------------------------------------


def lost_modes(kept: int) -> Corruption:
    """Only `kept` modes are left. `make` raises ValueError where modes are not known."""

    def make(material: Material) -> np.ndarray:
        if material.labelled is None:
            raise ValueError("The modes of these images are not known, so none can be lost.")
        return material.labelled.of_modes(kept, len(material.other))

    return Corruption(name=plural(kept, "mode"), fault="lost modes", make=make)


def repeated(distinct: int) -> Corruption:
    """Only so many different images, each as often as the others."""
    return changed(f"{distinct} repeated", "repeats", lambda images: repeat(images, distinct))


def blurred(sigma: float) -> Corruption:
    """Gaussian blur."""
    return changed(f"blur {sigma:g}", "blur", lambda images: blur(images, sigma))


def noisy(std: float) -> Corruption:
    """Gaussian noise."""
    return changed(f"noise {std:g}", "noise", lambda images: noise(images, std))


def copied(share: float) -> Corruption:
    """A share of the images are copies of training images with noise that nobody sees."""
    name = f"{share:.0%} copies"
    return Corruption(
        name=name, fault="copies", make=lambda m: copies(m.other, m.train, share, trace)
    )


def copied_and(name: str, change: Change) -> Corruption:
    """All images are copies of training images that were changed a little."""
    return Corruption(
        name=f"copies, {name}", fault=None, make=lambda m: copies(m.other, m.train, 1, change)
    )


def changed(name: str, fault: Fault | None, change: Change) -> Corruption:
    """Other real images, changed."""
    return Corruption(name=name, fault=fault, make=lambda material: change(material.other))


ONLY_NOISE = changed("only noise", "noise", lambda images: only_noise(images.shape))


# -- which images are there -----------------------------------------------------------------------


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
    """As many images as before, of which only `distinct` differ."""
    return np.asarray(images[np.arange(len(images)) % distinct])


def stuck(images: np.ndarray, share: float) -> np.ndarray:
    """A share of the images are the first one."""
    rows = np.arange(len(images))
    rows[: round(share * len(images))] = 0
    return np.asarray(images[rows])


def zipf(images: np.ndarray) -> np.ndarray:
    """N images drawn with replacement; the k-th is drawn with a probability in proportion to 1/k.

    Of 2,048 images about 620 are left, and the first is drawn about 250 times.
    """
    weights = 1 / np.arange(1, len(images) + 1)
    rng = np.random.default_rng(3)
    return np.asarray(images[rng.choice(len(images), len(images), p=weights / weights.sum())])


def mixed_with_noise(images: np.ndarray, share: float) -> np.ndarray:
    """A share of the images are uniform noise."""
    count = round(share * len(images))
    return np.concatenate([only_noise(images[:count].shape), images[count:]])


def copies(
    other: np.ndarray, train: np.ndarray, share: float, change: Change | None = None
) -> np.ndarray:
    """What a memoriser makes: a share of the images are training images, perhaps changed."""
    count = round(share * len(other))
    copied = np.asarray(train[np.arange(count) * len(train) // max(1, count)])
    return np.concatenate([change(copied) if change else copied, other[count:]])


# -- what the images look like --------------------------------------------------------------------


def brighten(images: np.ndarray, levels: int) -> np.ndarray:
    """All images brighter by so many levels of 255, clipped.

    Content, sharpness and modes stay, and so does the variety as far as nothing is clipped. The
    distance of the means in pixels is known.
    """
    return np.asarray(np.minimum(images.astype(np.int16) + levels, 255).astype(np.uint8))


def blur(images: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur; sigma in pixels of a 32 px image, scaled to the shorter side of these."""
    scale = sigma * min(images.shape[2:]) / SIDE
    return np.asarray(gaussian_filter(images, (0, 0, scale, scale), mode="nearest"))


def noise(images: np.ndarray, std: float) -> np.ndarray:
    """Gaussian noise on every pixel; std of 255."""
    drawn = np.random.default_rng(1).normal(0, std, images.shape)
    return _pixels(images + drawn)


def trace(images: np.ndarray) -> np.ndarray:
    """Noise so weak that nobody sees it, and that no image stays equal to the original."""
    return noise(images, TRACE)


def only_noise(shape: tuple[int, ...]) -> np.ndarray:
    """Uniform noise of shape (N, C, H, W)."""
    return np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)


def one_colour(shape: tuple[int, ...]) -> np.ndarray:
    """Grey images of shape (N, C, H, W)."""
    return np.full(shape, 128, np.uint8)


def jpeg(images: np.ndarray, quality: int) -> np.ndarray:
    """Images that were kept as JPEG of this quality (1 to 95), with Pillow's other settings."""
    return np.stack([_through_jpeg(image, quality) for image in images])


def _through_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    if len(image) == 4:  # JPEG has no transparency: it stays as it is
        return np.concatenate([_through_jpeg(image[:3], quality), image[3:]])
    file = io.BytesIO()
    Image.fromarray(image.transpose(1, 2, 0).squeeze()).save(file, "JPEG", quality=quality)
    decoded = np.asarray(Image.open(file))  # (H, W) or (H, W, 3)
    return decoded.reshape(*image.shape[1:], -1).transpose(2, 0, 1)


def turn_hue(images: np.ndarray, degrees: float) -> np.ndarray:
    """(N, 3, H, W) with all colours turned about the grey axis; grey images stay as they are.

    Rodrigues' rotation about the unit vector (1, 1, 1) / sqrt(3): 120 degrees make red green.
    """
    if images.shape[1] != 3:
        return images
    axis = np.full(3, 1 / np.sqrt(3))
    cross = np.cross(np.eye(3), axis)  # cross @ v = axis x v
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    rotation = cosine * np.eye(3) + sine * cross + (1 - cosine) * np.outer(axis, axis)
    return _pixels(np.einsum("ij,njhw->nihw", rotation, images))


def mirror(images: np.ndarray, every: int = 1) -> np.ndarray:
    """Every k-th image is mirrored, left for right."""
    mirrored = images.copy()
    mirrored[::every] = images[::every, ..., ::-1]
    return mirrored


def move(images: np.ndarray, pixels: float) -> np.ndarray:
    """All images move to the right by up to one pixel, interpolated linearly.

    The column that comes in at the left edge repeats the first one.
    """
    before = np.concatenate([images[..., :1], images[..., :-1]], axis=-1)
    return _pixels((1 - pixels) * images + pixels * before)


def ghosts(images: np.ndarray, share: float) -> np.ndarray:
    """Every image shows another one as well, the next of the set, with a weight of `share`."""
    return _pixels((1 - share) * images + share * np.roll(images, -1, axis=0))


def swap_halves(images: np.ndarray, axis: int) -> np.ndarray:
    """The second half of every image is that of the next one; axis 2: lower, 3: right half."""
    joined = images.copy()
    second: list[slice] = [slice(None)] * images.ndim
    second[axis] = slice(images.shape[axis] // 2, None)
    joined[tuple(second)] = np.roll(images, -1, axis=0)[tuple(second)]
    return joined


def _pixels(values: np.ndarray) -> np.ndarray:
    """Rounded and clipped to uint8."""
    return np.clip(values + 0.5, 0, 255).astype(np.uint8)
