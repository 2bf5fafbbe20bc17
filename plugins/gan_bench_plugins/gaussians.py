"""gaussians-ring and gaussians-grid: points of the plane, each drawn as one blob in a small image.

The toy sets on which mode collapse is taught, as images, so that every pair can be trained on
them. A point is drawn from one of 8 or 25 equal Gaussians, and the blob has its centre there. So
G must learn where blobs may be, and the modes that it lost can be seen and counted. The judge
needs no weights: it finds the centre of the blob and names the nearest Gaussian.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from math import cos, pi, sin
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gan_bench import Dataset, Features, Images, UsageError, hookimpl

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    Points = NDArray[np.float64]  # (N, 2): x to the right and y down, the image is [-1, 1]^2

SIZE = 16  # px: a training that can be watched on a laptop
LEAST, MOST = 16, 256  # px
TRAIN, HELD_OUT, SEED = 20_000, 10_000, 2_014
SIGMA = 1 / 32  # of a Gaussian: a quarter of a pixel at 16 px
WIDTH = 1 / 8  # standard deviation of a blob: one pixel at 16 px
FARTHEST = 4 * SIGMA  # from the nearest centre; beyond it a blob is of no mode
FAINT = 0.2  # grey values below it are ground, and do not move the centre of mass
UNLIKE = 0.25  # squared distance to a perfect blob, in its own energy, of what is no blob
EMPTY = 1e-6  # energy of an image without a centre


@dataclass(frozen=True)
class Mixture:
    """Equal Gaussians in the plane, by their centres."""

    name: str
    source: str
    centres: tuple[tuple[float, float], ...]

    @property
    def judge(self) -> str:
        """The name of its judge."""
        return f"{self.name}-judge"


_STEPS = (-0.7, -0.35, 0.0, 0.35, 0.7)
MIXTURES = (
    Mixture(
        name="gaussians-ring",
        source="Metz et al. 2017, arXiv 1611.02163, section 3.1: 8 Gaussians on a circle. "
        "Departures: drawn as images of one blob; the standard deviation is 1/20 of the radius "
        "(there: 1/100), as a pixel is not finer.",
        centres=tuple((0.625 * cos(k * pi / 4), 0.625 * sin(k * pi / 4)) for k in range(8)),
    ),
    Mixture(
        name="gaussians-grid",
        source="Srivastava et al. 2017, arXiv 1705.07761, section 4.1: 25 Gaussians on a 5 x 5 "
        "grid. Departures: drawn as images of one blob; the standard deviation is 1/11 of the "
        "distance of neighbours, as a pixel is not finer.",
        centres=tuple((x, y) for y, x in product(_STEPS, _STEPS)),
    ),
)


# -- images ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Blobs:
    """Images of one blob each, drawn when they are asked for."""

    points: Points
    size: int

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, rows: slice, /) -> NDArray[np.uint8]:
        along = (2 * np.arange(self.size) + 1) / self.size - 1  # centres of the pixels
        across, down = (
            np.exp(-(((along - place[:, None]) / WIDTH) ** 2) / 2) for place in self.points[rows].T
        )
        shades = np.rint(255 * down[:, None, :, None] * across[:, None, None, :])
        return np.asarray(shades, np.uint8)


def drawn(mixture: Mixture, count: int, part: int) -> tuple[Points, NDArray[np.int64]]:
    """So many points and their modes; part 0 is for training, 1 is held out.

    The raw numbers of PCG64 are the same in every version of NumPy, those of a Generator are not.
    """
    raw = np.asarray(np.random.PCG64([SEED, part]).random_raw(3 * count)).reshape(3, count)
    labels = (raw[0] % np.uint64(len(mixture.centres))).astype(np.int64)
    u, v = ((numbers >> np.uint64(11)) * 2.0**-53 for numbers in raw[1:])  # uniform in [0, 1)
    radius, angle = np.sqrt(-2 * np.log1p(-u)), 2 * pi * v  # Box and Muller 1958
    normal = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
    return np.array(mixture.centres)[labels] + SIGMA * normal, labels


def load(mixture: Mixture, _root: Path | None, size: int, _download: bool) -> Images:
    """20,000 blobs to train on and 10,000 others, labelled with their modes."""
    if not LEAST <= size <= MOST:
        raise UsageError(f"{mixture.name} is drawn at {LEAST} to {MOST} px, not at {size}")
    train, held_out = drawn(mixture, TRAIN, 0), drawn(mixture, HELD_OUT, 1)
    return Images(
        train=Blobs(train[0], size),
        held_out=Blobs(held_out[0], size),
        train_labels=train[1],
        held_out_labels=held_out[1],
    )


# -- the judge ------------------------------------------------------------------------------------


def digest(mixture: Mixture, _weights: Path | None = None) -> str:
    """The SHA-256 of all numbers that decide what the judge says."""
    numbers = [WIDTH, FARTHEST, FAINT, UNLIKE, EMPTY, *mixture.centres]
    return hashlib.sha256(json.dumps(numbers).encode()).hexdigest()


def load_judge(_device: str, _weights: Path | None = None) -> Callable[[Tensor], Tensor]:
    """(N, C, H, W) uint8 on the device -> (N, 4) float32: x, y, energy and difference.

    x and y are the centre of the squared grey values, which faint noise moves less than the centre
    of mass. The difference is the squared distance to a perfect blob there. Energy and difference
    are measured in the energy of that blob.
    """
    return features


def features(images: Tensor) -> Tensor:
    """What `load_judge` returns."""
    import torch

    grey = images.float().mean(1) / 255  # (N, H, W)
    weight = torch.where(grey >= FAINT, grey, 0.0) ** 2
    energy = weight.sum((1, 2)).clamp(min=EMPTY)
    y_of, x_of = ((2 * torch.arange(n, device=grey.device) + 1) / n - 1 for n in grey.shape[1:])
    x, y = (weight.sum(1) * x_of).sum(1) / energy, (weight.sum(2) * y_of).sum(1) / energy
    across, down = (
        torch.exp(-(((along - centre[:, None]) / WIDTH) ** 2) / 2)
        for along, centre in ((x_of, x), (y_of, y))
    )
    perfect = down[:, :, None] * across[:, None, :]
    whole = (perfect**2).sum((1, 2)).clamp(min=EMPTY)
    difference = ((grey - perfect) ** 2).sum((1, 2)) / whole
    return torch.stack([x, y, energy / whole, difference], 1)


def modes(mixture: Mixture, features: NDArray[np.float32]) -> NDArray[np.int64]:
    """(N, 4) -> (N,) modes; -1 for what is no single blob, or far from all centres."""
    apart = features[:, None, :2].astype(float) - np.array(mixture.centres)  # (N, K, 2)
    distances = np.hypot(apart[..., 0], apart[..., 1])
    named = (distances.min(1) <= FARTHEST) & (features[:, 3] <= UNLIKE)
    return np.where(named, distances.argmin(1), -1).astype(np.int64)


@hookimpl
def gan_bench_datasets() -> list[Dataset]:
    """`gaussians-ring` and `gaussians-grid`."""
    return [
        Dataset(
            name=mixture.name,
            source=mixture.source,
            version="1",
            load=partial(load, mixture),
            size=SIZE,
            features=mixture.judge,
            judge=mixture.judge,
            modes=len(mixture.centres),
        )
        for mixture in MIXTURES
    ]


@hookimpl
def gan_bench_features() -> list[Features]:
    """One judge for each mixture."""
    return [
        Features(
            name=mixture.judge,
            source="this package: the centre of the only blob in an image, named by the "
            f"nearest of {len(mixture.centres)} Gaussians; no weights",
            digest=partial(digest, mixture),
            load=load_judge,
            modes=partial(modes, mixture),
        )
        for mixture in MIXTURES
    ]
