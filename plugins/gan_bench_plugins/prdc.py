"""`precision`, `recall`, `density`, `coverage`: which images lie near which others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gan_bench import Metric, Samples, hookimpl
from gan_bench_plugins.preconditions import (
    require_at_least,
    require_equal_counts,
    require_finite,
    require_variation,
)

if TYPE_CHECKING:
    from torch import Tensor

NEAREST_PR = 3  # k of precision and recall
NEAREST_DC = 5  # k of density and coverage
ROWS = 1_000  # of a matrix of distances at a time: 50,000 images would need 20 GB at once


def precision(samples: Samples) -> float:
    """The share of generated images inside the ball of some real image, k = 3."""
    return float(_neighbours(samples, NEAREST_PR)["fake_inside"].mean())


def recall(samples: Samples) -> float:
    """The share of real images inside the ball of some generated image, k = 3."""
    return float(_neighbours(samples, NEAREST_PR)["real_inside"].mean())


def density(samples: Samples) -> float:
    """sum_i #{y in B(x_i)} / (k M), k = 5: how many real balls hold a generated image, over k."""
    held = _neighbours(samples, NEAREST_DC)["held"]
    return float(held.sum() / (NEAREST_DC * len(samples.fake)))


def coverage(samples: Samples) -> float:
    """The share of real balls B(x_i) that hold at least one generated image, k = 5."""
    return float((_neighbours(samples, NEAREST_DC)["held"] > 0).mean())


def _neighbours(samples: Samples, k: int) -> dict[str, np.ndarray]:
    """The result of `neighbours`, which all four metrics share; or Unscorable."""
    real, fake = samples.real, samples.fake
    require_finite(real, fake)
    require_equal_counts(real, fake)
    require_at_least(real, fake, k + 1)
    require_variation(real, "real")
    require_variation(fake, "generated")
    shared: dict[str, np.ndarray] = samples.share("prdc.neighbours", lambda: neighbours(samples))
    return shared


def neighbours(samples: Samples) -> dict[str, np.ndarray]:
    """Which images lie in whose ball, as 0 and 1, and how many images a ball holds.

    `fake_inside` (M,): in some real ball, k = 3; `real_inside` (N,): in some generated ball,
    k = 3; `held` (N,): generated images in the ball of a real one, k = 5.

    Kynkäänniemi et al. 2019, section 2, where a ball is closed, and Naeem et al. 2020, section 3,
    where it is open. B(x_i) reaches to the k-th nearest other image of x_i's own kind. Distances
    come from products, so they are computed in float64 and about the real mean: in float32, or
    far from the origin, small differences would have too few digits.
    """
    import torch

    centre = samples.real.mean(axis=0, dtype=np.float64)
    real, fake = (torch.from_numpy(each - centre) for each in (samples.real, samples.fake))
    ranks = [min(k, len(real) - 1) for k in (NEAREST_PR, NEAREST_DC)]
    kept = samples.keep("prdc.radii", lambda: {"radii": radii(real, ranks).numpy()})
    reach_pr, reach_dc = torch.from_numpy(kept["radii"])  # (N,) each
    inside, held, real_inside = [], torch.zeros(len(real)), torch.zeros(len(real), dtype=torch.bool)
    blocks = torch.split(fake, ROWS)
    for block, reach in zip(blocks, torch.split(radii(fake, ranks[:1])[0], ROWS), strict=True):
        apart = torch.cdist(block, real)  # (rows, N)
        inside.append((apart <= reach_pr).any(1))
        held += (apart < reach_dc).sum(0)
        real_inside |= (apart <= reach[:, None]).any(0)
    result = {"fake_inside": torch.cat(inside), "real_inside": real_inside, "held": held}
    return {name: each.double().numpy() for name, each in result.items()}


def radii(points: Tensor, ranks: Sequence[int]) -> Tensor:
    """(N, F) -> (len(ranks), N): the distance of every point to its k-th nearest other point."""
    import torch

    # topk counts from 1, and a point is its own nearest: hence + 1
    nearest = [
        torch.cdist(block, points).topk(max(ranks) + 1, largest=False).values
        for block in torch.split(points, ROWS)
    ]
    return torch.cat(nearest).T[list(ranks)]


KYNKAANNIEMI = "Kynkäänniemi et al. 2019, arXiv 1904.06991, k = 3: "
NAEEM = "Naeem et al. 2020, arXiv 2002.09797, k = 5: "


@hookimpl
def gan_bench_metrics(features: Sequence[str]) -> list[Metric]:
    """The four, on the evaluation's own features."""
    return [
        Metric(
            name="precision",
            source=KYNKAANNIEMI + "the share of generated images in the ball of some real one.",
            higher_is_better=True,
            compute=precision,
            equal_counts=True,
            sees=("blur", "noise"),
        ),
        Metric(
            name="recall",
            source=KYNKAANNIEMI + "the share of real images in the ball of some generated one.",
            higher_is_better=True,
            compute=recall,
            equal_counts=True,
            sees=("lost modes", "blur", "noise"),
        ),
        Metric(
            name="density",
            source=NAEEM + "how many real balls a generated image is in, over k.",
            higher_is_better=True,
            compute=density,
            equal_counts=True,
            sees=("blur", "noise"),
            real=(0.8, 1.2),
        ),
        Metric(
            name="coverage",
            source=NAEEM + "the share of real balls that hold a generated image.",
            higher_is_better=True,
            compute=coverage,
            equal_counts=True,
            sees=("lost modes", "repeats", "blur", "noise"),
            real=(0.93, 1.0),
        ),
    ]
