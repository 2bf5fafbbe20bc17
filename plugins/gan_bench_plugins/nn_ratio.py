"""`nn-ratio`: how near generated images are to training images, beside held-out ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gan_bench import Metric, Samples, Unscorable, hookimpl
from gan_bench_plugins.preconditions import require_finite

if TYPE_CHECKING:
    from torch import Tensor

CELLS = 2**24  # of a matrix of distances at a time: 64 MiB


def nn_ratio(samples: Samples) -> float:
    """mean_y min_t |y - t| / mean_h min_t |h - t|: 1 as held-out real images, 0 all copies.

    y are generated, t all training, h held-out images. Distances are not squared: squares would
    give most weight to the few images that are far from everything, and copies are the near ones.
    Unscorable without held-out images, or if all of these are in the training set too.
    """
    train, held_out = samples.train, samples.held_out
    if train is None or held_out is None or not len(train) or not len(held_out):
        raise Unscorable("There are no held-out images to say how near a new image would be.")
    require_finite(train, samples.fake)
    kept = samples.keep("nn-ratio.held-out", lambda: {"nearest": nearest(held_out, train)})
    usual = float(kept["nearest"].mean())
    if usual == 0:
        raise Unscorable("Every held-out image is in the training set too: nothing is held out.")
    return float(nearest(samples.fake, train).mean()) / usual


def nearest(points: np.ndarray, train: np.ndarray) -> np.ndarray:
    """(M, F), (T, F) -> (M,): the distance of every point to its nearest training image."""
    import torch

    centre = train.mean(axis=0)
    others = torch.from_numpy(train - centre)
    blocks = torch.split(torch.from_numpy(points - centre), max(1, CELLS // len(train)))
    squares = others.square().sum(1)  # (T,)
    return torch.cat([_to_nearest(block, others, squares) for block in blocks]).numpy()


def _to_nearest(points: Tensor, others: Tensor, squares: Tensor) -> Tensor:
    """(m, F), (T, F), (T,) -> (m,) distances to the nearest.

    |p - t|^2 = |p|^2 + |t|^2 - 2 p.t, of which |p|^2 is the same for every t. Products find the
    nearest, but are too inexact for the distance of a copy, which is computed again.
    """
    import torch

    rows = torch.addmm(squares, points, others.T, alpha=-2).argmin(1)
    distances: Tensor = torch.linalg.vector_norm(points - others[rows], dim=1)
    return distances


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """`nn-ratio`, on the features `pixels`."""
    return [
        Metric(
            name="nn-ratio",
            source="mean distance of generated images to their nearest training image, over that "
            "of held-out images; plain pixels, at most 16 x 16",
            higher_is_better=True,
            compute=nn_ratio,
            features="pixels",
            reads_train=True,
            sees=("copies",),
            real=(0.9, 1.1),
        ),
    ]
