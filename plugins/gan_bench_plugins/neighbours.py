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
    return _precision_recall(samples)["precision"]


def recall(samples: Samples) -> float:
    """The share of real images inside the ball of some generated image, k = 3."""
    return _precision_recall(samples)["recall"]


def density(samples: Samples) -> float:
    """sum_i #{y in B(x_i)} / (k M), k = 5: how many real balls hold a generated image, over k."""
    held = held_by_real(samples)
    return float(held.sum() / (NEAREST_DC * len(samples.fake)))


def coverage(samples: Samples) -> float:
    """The share of real balls B(x_i) that hold at least one generated image, k = 5."""
    return float((held_by_real(samples) > 0).mean())


def _precision_recall(samples: Samples) -> dict[str, float]:
    """Kynkäänniemi et al. 2019, section 2; torch-fidelity takes the generated images first."""
    from torch_fidelity.metric_prc import prc_features_to_metric

    real, fake = _scorable(samples, NEAREST_PR)
    found: dict[str, float] = prc_features_to_metric(
        fake,
        real,
        prc_neighborhood=NEAREST_PR,
        prc_batch_size=ROWS,
        save_cpu_ram=True,
        verbose=False,
    )
    return found


def held_by_real(samples: Samples) -> np.ndarray:
    """(N,): how many generated images B(x_i) holds; Naeem et al. 2020, section 3.

    B(x_i) is the open ball about x_i that reaches to its k-th nearest other real image.
    """
    import torch

    real, fake = _scorable(samples, NEAREST_DC)
    reach = radii(real, NEAREST_DC)  # (N,)
    held = [(torch.cdist(block, real) < reach).sum(0) for block in torch.split(fake, ROWS)]
    return torch.stack(held).sum(0).numpy()


def radii(points: Tensor, k: int) -> Tensor:
    """(N, F) -> (N,): the distance of every point to the k-th nearest of the others."""
    import torch

    # a point is its own nearest, hence k + 1
    blocks = torch.split(points, ROWS)
    return torch.cat([torch.cdist(block, points).kthvalue(k + 1).values for block in blocks])


def _scorable(samples: Samples, k: int) -> tuple[Tensor, Tensor]:
    """(N, F) real and generated features that have neighbours to speak of, or Unscorable.

    In float64 and about the real mean: distances come from products, in which float32 and a
    distant origin would leave too few digits of a small difference.
    """
    import torch

    real, fake = samples.real, samples.fake
    refuse_broken(real, fake)
    refuse_unequal(real, fake)
    refuse_fewer(real, fake, k + 1)
    refuse_constant(real, "real")
    refuse_constant(fake, "generated")
    centre = real.mean(axis=0, dtype=np.float64)
    return torch.from_numpy(real - centre), torch.from_numpy(fake - centre)


KYNKAANNIEMI = "Kynkäänniemi et al. 2019, arXiv 1904.06991, k = 3, by torch-fidelity: "
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
