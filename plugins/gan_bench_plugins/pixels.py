"""What needs no network: `pixels` themselves as features, `nn-ratio` and `spread` on them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gan_bench import Features, Metric, Samples, Unscorable, hookimpl
from gan_bench_plugins.refusals import refuse_broken, refuse_constant, refuse_fewer

if TYPE_CHECKING:
    from torch import Tensor

NAME = "pixels"
SIDE = 16  # enough to tell images apart, and 60,000 training images stay below 200 MB
DEFINITION = f"adaptive_avg_pool2d to at most {SIDE} x {SIDE}, / 255, float32, (C, H, W) flattened"
CELLS = 2**24  # of a matrix of distances at a time: 64 MiB


# -- the features -------------------------------------------------------------------------------


def digest(_: Path | None = None) -> str:
    """SHA-256 of the definition: there are no weights."""
    return hashlib.sha256(DEFINITION.encode()).hexdigest()


def load(_device: str, _weights: Path | None = None) -> Callable[[Tensor], Tensor]:
    """f: (N, C, H, W) uint8 -> (N, F) float32 in [0, 1], F = C min(H, 16) min(W, 16)."""
    from torch.nn.functional import adaptive_avg_pool2d

    def features(images: Tensor) -> Tensor:
        side = (min(images.shape[-2], SIDE), min(images.shape[-1], SIDE))
        pooled: Tensor = adaptive_avg_pool2d(images.float(), side)
        return (pooled / 255).flatten(1)

    return features


@hookimpl
def gan_bench_features() -> list[Features]:
    """`pixels`."""
    return [
        Features(
            name=NAME,
            source=f"the image itself: areas averaged to at most {SIDE} x {SIDE} pixels",
            digest=digest,
            load=load,
        )
    ]


# -- the metrics --------------------------------------------------------------------------------


def nn_ratio(samples: Samples) -> float:
    """mean_y min_t |y - t| / mean_h min_t |h - t|: 1 as held-out real images, 0 all copies.

    t are all training images, h held-out ones. Distances are plain: squared ones would weigh the
    few images that are far from everything most, and copies are the near ones. Unscorable
    without held-out images, or if every one of these is in the training set too.
    """
    train, held_out = samples.train, samples.held_out
    if train is None or held_out is None or not len(train) or not len(held_out):
        raise Unscorable("There are no held-out images to say how near a new image would be.")
    refuse_broken(train, samples.fake)
    known = samples.keep("pixels.usual", lambda: {"usual": nearest(held_out, train)})
    usual = float(known["usual"].mean())
    if usual == 0:
        raise Unscorable("Every held-out image is in the training set too: nothing is held out.")
    return float(nearest(samples.fake, train).mean()) / usual


def nearest(points: np.ndarray, train: np.ndarray) -> np.ndarray:
    """(M, F), (T, F) -> (M,): the distance of every point to its nearest training image."""
    import torch

    centre = train.mean(axis=0)
    known = torch.from_numpy(train - centre)
    blocks = torch.split(torch.from_numpy(points - centre), max(1, CELLS // len(train)))
    squares = known.square().sum(1)  # (T,)
    return torch.cat([_to_nearest(block, known, squares) for block in blocks]).numpy()


def _to_nearest(points: Tensor, known: Tensor, squares: Tensor) -> Tensor:
    """Distances by products find the nearest, but are too coarse for a copy: so measured again.

    |p - t|^2 = |p|^2 + |t|^2 - 2 p.t, of which |p|^2 is the same for every t.
    """
    import torch

    rows = torch.addmm(squares, points, known.T, alpha=-2).argmin(1)
    distances: Tensor = torch.linalg.vector_norm(points - known[rows], dim=1)
    return distances


def spread(samples: Samples) -> float:
    """sqrt(tr S_y / tr S_x): how far apart generated images are, in units of real ones.

    S are the covariances. The mean squared distance of two images is 2 tr S, so this is the
    ratio of two root-mean-square distances, for the price of a variance: 0 for one image
    repeated, about 1 for other real images. Unscorable if real images do not vary.
    """
    real, fake = samples.real, samples.fake
    refuse_broken(real, fake)
    refuse_fewer(real, fake, 2)
    refuse_constant(real, "real")
    traces = [features.var(axis=0, ddof=1, dtype=np.float64).sum() for features in (fake, real)]
    return math.sqrt(traces[0] / traces[1])


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """`nn-ratio` and `spread`."""
    return [
        Metric(
            name="nn-ratio",
            source="mean distance of generated images to their nearest training image, over that "
            "of held-out images; plain pixels, at most 16 x 16",
            higher_is_better=True,
            compute=nn_ratio,
            features=NAME,
            reads_train=True,
            sees=("copies",),
            real=(0.9, 1.1),
        ),
        Metric(
            name="spread",
            source="root mean square distance between generated images, over that between real "
            "ones; plain pixels, at most 16 x 16",
            higher_is_better=True,
            compute=spread,
            features=NAME,
            sees=("blur",),
            real=(0.9, 1.1),
            floor=0.2,
        ),
    ]
