"""Balls around real and generated images, and who lies in them: computed once for six metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gan_bench import Samples
from gan_bench_plugins.preconditions import (
    require_at_least,
    require_equal_counts,
    require_finite,
    require_variation,
)

if TYPE_CHECKING:
    from torch import Tensor

NEAREST_PR = 3  # k of precision and recall
NEAREST_DC = 5  # k of density and coverage, and of their clipped kind
ROWS = 1_000  # of a matrix of distances at a time: 50,000 images would need 20 GB at once


def neighbours_of(samples: Samples, k: int) -> dict[str, np.ndarray]:
    """The result of `neighbours`, computed once for these samples. Unscorable unless N = M > k.

    Also Unscorable for features that are not finite, or constant in either set.
    """
    require_equal_counts(samples.real, samples.fake)
    return balls_of(samples, k)


def balls_of(samples: Samples, k: int) -> dict[str, np.ndarray]:
    """As above, but N and M may differ: sampling errors are found from half of the images."""
    real, fake = samples.real, samples.fake
    require_finite(real, fake)
    require_at_least(real, fake, k + 1)
    require_variation(real, "real")
    require_variation(fake, "generated")
    shared: dict[str, np.ndarray] = samples.share("prdc.neighbours", lambda: neighbours(samples))
    return shared


def neighbours(samples: Samples) -> dict[str, np.ndarray]:
    """Which images lie in whose ball, as 0 and 1, and how many images or balls these are.

    `fake_inside` (M,): in some real ball, k = 3; `real_inside` (N,): in some generated ball,
    k = 3; `held` (N,): generated images in the ball of a real one, k = 5; `holding` (M,): real
    balls, k = 5, that an image is in; `clipped` (M,): the same of clipped balls; `real_clipped`
    (N,): the same for real images, without their own ball.

    Kynkäänniemi et al. 2019, section 2, where a ball is closed, and Naeem et al. 2020, section 3,
    where it is open. B(x_i) reaches to the k-th nearest other image of x_i's own kind. Distances
    come from products, so they are computed in float64 and about the real mean: in float32, or
    far from the origin, small differences would have too few digits.
    """
    import torch

    real, fake = _centred(samples)
    kept = samples.keep("prdc.balls", lambda: real_balls(real))
    reach_pr, reach_dc, reach_clipped = torch.from_numpy(kept["reach"])  # (N,) each
    inside, clipped, holding, held = [], [], [], torch.zeros(len(real))
    real_inside = torch.zeros(len(real), dtype=torch.bool)
    (fake_reach,) = radii(fake, (min(NEAREST_PR, len(fake) - 1),))
    blocks = zip(torch.split(fake, ROWS), torch.split(fake_reach, ROWS), strict=True)
    for block, reach in blocks:
        apart = torch.cdist(block, real)  # (rows, N)
        inside.append((apart <= reach_pr).any(1))
        clipped.append((apart <= reach_clipped).sum(1))
        near = apart < reach_dc
        holding.append(near.sum(1))
        held += near.sum(0)
        real_inside |= (apart <= reach[:, None]).any(0)
    result = {
        "fake_inside": torch.cat(inside),
        "real_inside": real_inside,
        "held": held,
        "holding": torch.cat(holding),
        "clipped": torch.cat(clipped),
    }
    arrays = {name: each.double().numpy() for name, each in result.items()}
    return arrays | {"real_clipped": kept["real_clipped"]}


def sum_over_balls(samples: Samples, weights: np.ndarray) -> np.ndarray:
    """(N,) -> (M,): the sum of the weights of the real balls, k = 5, that each image is in."""
    import torch

    real, fake = _centred(samples)
    reach = torch.from_numpy(samples.keep("prdc.balls", lambda: real_balls(real))["reach"])[1]
    given = torch.from_numpy(weights)
    blocks = torch.split(fake, ROWS)
    return torch.cat([(torch.cdist(y, real) < reach).double() @ given for y in blocks]).numpy()


def _centred(samples: Samples) -> tuple[Tensor, Tensor]:
    """Real and generated features about the real mean, in float64."""
    import torch

    centre = samples.real.mean(axis=0, dtype=np.float64)
    real, fake = (torch.from_numpy(each - centre) for each in (samples.real, samples.fake))
    return real, fake


def real_balls(real: Tensor) -> dict[str, np.ndarray]:
    """(N, F) -> what depends on real images alone.

    `reach` (3, N): radii for k = 3, k = 5, and k = 5 clipped to their median; `real_clipped`
    (N,): clipped balls that each real image is in, other than its own.
    """
    import torch

    reach_pr, reach_dc = radii(real, [min(k, len(real) - 1) for k in (NEAREST_PR, NEAREST_DC)])
    middle = float(np.median(reach_dc.numpy()))  # torch's own takes the lower of two
    reach_clipped = reach_dc.clamp(max=middle)
    counts = [
        (torch.cdist(block, real) <= reach_clipped).sum(1) - 1 for block in torch.split(real, ROWS)
    ]
    reach = torch.stack([reach_pr, reach_dc, reach_clipped])
    return {"reach": reach.numpy(), "real_clipped": torch.cat(counts).double().numpy()}


def radii(points: Tensor, ranks: Sequence[int]) -> Tensor:
    """(N, F) -> (len(ranks), N): the distance of every point to its k-th nearest other point."""
    import torch

    # topk counts from 1, and a point is its own nearest: hence + 1
    nearest = [
        torch.cdist(block, points).topk(max(ranks) + 1, largest=False).values
        for block in torch.split(points, ROWS)
    ]
    return torch.cat(nearest).T[list(ranks)]
