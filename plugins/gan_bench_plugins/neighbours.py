"""`precision`, `recall`, `density`, `coverage`: who lies among whose nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gan_bench import Metric, Samples, hookimpl
from gan_bench_plugins.refusals import (
    refuse_broken,
    refuse_constant,
    refuse_fewer,
    refuse_unequal,
)

if TYPE_CHECKING:
    from torch import Tensor

NEAREST_PR = 3  # k of precision and recall
NEAREST_DC = 5  # k of density and coverage
ROWS = 1_000  # of a matrix of distances at a time: 50,000 images would need 20 GB at once


def precision(samples: Samples) -> float:
    """The share of generated images inside the ball of some real image, k = 3."""
    return float(_found(samples, NEAREST_PR)["fake_inside"].mean())


def recall(samples: Samples) -> float:
    """The share of real images inside the ball of some generated image, k = 3."""
    return float(_found(samples, NEAREST_PR)["real_inside"].mean())


def density(samples: Samples) -> float:
    """sum_i #{y in B(x_i)} / (k M), k = 5: how many real balls hold a generated image, over k."""
    held = _found(samples, NEAREST_DC)["held"]
    return float(held.sum() / (NEAREST_DC * len(samples.fake)))


def coverage(samples: Samples) -> float:
    """The share of real balls B(x_i) that hold at least one generated image, k = 5."""
    return float((_found(samples, NEAREST_DC)["held"] > 0).mean())


def _found(samples: Samples, k: int) -> dict[str, np.ndarray]:
    """Who lies in whose ball, or Unscorable; the distances are computed once for all four."""
    _refuse(samples, k)
    found: dict[str, np.ndarray] = samples.share("neighbours", lambda: neighbours(samples))
    return found


def neighbours(samples: Samples) -> dict[str, np.ndarray]:
    """Who lies in whose ball, as 0 and 1, and how many a ball holds.

    `fake_inside` (M,): in some real ball, k = 3; `real_inside` (N,): in some generated ball,
    k = 3; `held` (N,): generated images in the ball of a real one, k = 5.

    Kynkäänniemi et al. 2019, section 2, where a ball has its rim, and Naeem et al. 2020, section
    3, where it has none. B(x_i) reaches to the k-th nearest other image of x_i's own kind. In
    float64 and about the real mean: distances come from products, in which float32 and a distant
    origin would leave too few digits of a small difference.
    """
    import torch

    centre = samples.real.mean(axis=0, dtype=np.float64)
    real, fake = (torch.from_numpy(each - centre) for each in (samples.real, samples.fake))
    ranks = [min(k, len(real) - 1) for k in (NEAREST_PR, NEAREST_DC)]
    kept = samples.keep("neighbours.radii", lambda: {"radii": radii(real, ranks).numpy()})
    reach_pr, reach_dc = torch.from_numpy(kept["radii"])  # (N,) each
    inside, held, real_inside = [], torch.zeros(len(real)), torch.zeros(len(real), dtype=torch.bool)
    blocks = torch.split(fake, ROWS)
    for block, reach in zip(blocks, torch.split(radii(fake, ranks[:1])[0], ROWS), strict=True):
        apart = torch.cdist(block, real)  # (rows, N)
        inside.append((apart <= reach_pr).any(1))
        held += (apart < reach_dc).sum(0)
        real_inside |= (apart <= reach[:, None]).any(0)
    found = {"fake_inside": torch.cat(inside), "real_inside": real_inside, "held": held}
    return {name: each.double().numpy() for name, each in found.items()}


def radii(points: Tensor, ranks: Sequence[int]) -> Tensor:
    """(N, F) -> (len(ranks), N): the distances of every point to the k-th nearest of the others."""
    import torch

    # a point is its own nearest, and topk counts from 1
    nearest = [
        torch.cdist(block, points).topk(max(ranks) + 1, largest=False).values
        for block in torch.split(points, ROWS)
    ]
    return torch.cat(nearest).T[list(ranks)]


def _refuse(samples: Samples, k: int) -> None:
    """Unscorable unless there are neighbours to speak of."""
    real, fake = samples.real, samples.fake
    refuse_broken(real, fake)
    refuse_unequal(real, fake)
    refuse_fewer(real, fake, k + 1)
    refuse_constant(real, "real")
    refuse_constant(fake, "generated")


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
            sees=("blur", "noise"),
        ),
        Metric(
            name="recall",
            source=KYNKAANNIEMI + "the share of real images in the ball of some generated one.",
            higher_is_better=True,
            compute=recall,
            sees=("lost modes", "repeats", "blur", "noise"),
        ),
        Metric(
            name="density",
            source=NAEEM + "how many real balls a generated image is in, over k.",
            higher_is_better=True,
            compute=density,
            sees=("blur", "noise"),
            real=(0.8, 1.2),
        ),
        Metric(
            name="coverage",
            source=NAEEM + "the share of real balls that hold a generated image.",
            higher_is_better=True,
            compute=coverage,
            sees=("lost modes", "repeats", "blur", "noise"),
            real=(0.93, 1.0),
        ),
    ]
