"""`copies`: how many generated images are nearer to a training image than new images are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gan_bench import Evidence, Metric, Samples, Unscorable, hookimpl
from gan_bench_plugins import spectrum
from gan_bench_plugins.preconditions import require_finite

if TYPE_CHECKING:
    from torch import Tensor

CELLS = 2**24  # of a matrix of distances at a time: 64 MiB
NEIGHBOUR = 10  # its distance is the unit, so that an image in a dense region is no copy
EXPECTED = 0.01  # of new images: the share of held-out images that count as copies
FEWEST = round(1 / EXPECTED)  # held-out images, for one of them to be the nearest 1 %
SUSPECTS = 8  # generated images that are shown
BESIDE = 3  # training images that are shown beside each


def copies(samples: Samples) -> float:
    """The share of generated images with r(y) below that of the nearest 1 % of held-out images.

    r(y) is the distance to the nearest training image over that to the tenth nearest. Plain
    distances would call blurred and grey images copies, since these are near to everything.
    Expected for new images: k / (H + 1) with k of H held-out images at or below the limit.
    Unscorable with fewer than 100 held-out images, fewer than ten training images, or if 1 % of
    the held-out images are training images.
    """
    limit = _limit(samples)
    ratios, _ = _suspicion(samples)
    return float((ratios < limit).mean())


def suspects(samples: Samples) -> Evidence:
    """The generated images with the smallest r(y), each beside the training images nearest to it.

    Unscorable where `copies` is.
    """
    limit = _limit(samples)
    ratios, nearest = _suspicion(samples)  # (M,), (M, 10)
    worst = np.argsort(ratios, kind="stable")[:SUSPECTS]
    below = int((ratios < limit).sum())
    verb = "counts as a copy" if below == 1 else "count as copies"
    return Evidence(
        says=f"Of {len(ratios):,} generated images, {below:,} {verb}. In each row, from the most "
        f"suspicious one down: a generated image, and the {BESIDE} training images that are "
        "nearest to it.",
        headings=("generated", "nearest", "second", "third"),
        fake=worst[:, None],
        train=nearest[worst, :BESIDE],
    )


def _limit(samples: Samples) -> float:
    """r(x) of the nearest 1 % of the held-out images."""
    train, held_out = samples.train, samples.held_out
    if train is None or held_out is None or len(held_out) < FEWEST:
        count = 0 if held_out is None else len(held_out)
        raise Unscorable(
            f"copies needs {FEWEST} held-out images and as many samples; here it can compare "
            f"{count}."
        )
    if len(train) < NEIGHBOUR:
        raise Unscorable(f"There are {len(train)} training images; copies takes {NEIGHBOUR}.")
    require_finite(train, samples.fake)
    kept = samples.keep("copies.held-out", lambda: {"nearness": nearness(held_out, train)})
    limit = float(np.sort(kept["nearness"])[round(EXPECTED * len(held_out)) - 1])
    if limit == 0:
        raise Unscorable("Of the held-out images 1 % are training images: they are not held out.")
    return limit


def _suspicion(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    """r (M,) of the generated images, and their nearest training images (M, 10)."""
    train, fake = samples.train, samples.fake
    if train is None:
        raise Unscorable("There are no training images to compare with.")
    return samples.share("copies.nearest", lambda: nearest_ten(fake, train))  # type: ignore[no-any-return]


def nearness(points: np.ndarray, train: np.ndarray) -> np.ndarray:
    """(M, F), (T, F) -> (M,): distance to the nearest of train over that to the tenth nearest.

    From 0, a copy, to 1; also 0 where all ten are equal to the point.
    """
    return nearest_ten(points, train)[0]


def nearest_ten(points: np.ndarray, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(M, F), (T, F) -> the nearness (M,), and the rows (M, 10) of train, the nearest first."""
    import torch

    centre = train.mean(axis=0)
    others = torch.from_numpy(train - centre)
    blocks = torch.split(torch.from_numpy(points - centre), max(1, CELLS // len(train)))
    squares = others.square().sum(1)  # (T,)
    parts = [_to_nearest(block, others, squares) for block in blocks]
    distances, rows = (torch.cat(each) for each in zip(*parts, strict=True))
    first, last = distances[:, 0], distances[:, -1]
    return torch.where(first > 0, first / last, first).numpy(), rows.numpy()


def _to_nearest(points: Tensor, others: Tensor, squares: Tensor) -> tuple[Tensor, Tensor]:
    """(m, F), (T, F), (T,) -> (m, 10) distances to the nearest ten, in order, and their rows.

    |p - t|^2 = |p|^2 + |t|^2 - 2 p.t, of which |p|^2 is the same for every t. Products find the
    nearest, but are too inexact for the distance of a copy, which is computed again.
    """
    import torch

    products = torch.addmm(squares, points, others.T, alpha=-2)  # (m, T)
    rows = products.topk(NEIGHBOUR, largest=False).indices
    distances = torch.linalg.vector_norm(points[:, None] - others[rows], dim=2)
    ordered = distances.sort(stable=True)
    return ordered.values, rows.gather(1, ordered.indices)


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """`copies`, on the features `spectrum`."""
    return [
        Metric(
            name="copies",
            source="share of generated images nearer to a training image than the nearest 1 % of "
            "held-out images; distance in units of that to the tenth nearest; "
            "on the amplitudes of a Fourier transform",
            higher_is_better=False,
            compute=copies,
            features=spectrum.NAME,
            reads_train=True,
            sees=("copies",),
            real=(0.0, 0.03),
            alarm=0.05,
            evidence=suspects,
        ),
    ]
