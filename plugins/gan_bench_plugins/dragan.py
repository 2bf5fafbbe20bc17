"""DRAGAN: D's slope is kept near 1 around the real images only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench import Loss, hookimpl
from gan_bench_plugins.input_gradients import distance_from_one
from gan_bench_plugins.losses import d_loss, g_loss_non_saturating

if TYPE_CHECKING:
    from torch import Tensor

    from gan_bench import Step

WEIGHT = 10.0
REACH = 0.5  # the largest change of a pixel, in standard deviations of the batch's pixels


def perturbed(x: Tensor) -> Tensor:
    """x + a u s / 2: s is the deviation of all pixels, u in [0, 1) is drawn for each pixel.

    a in [0, 1) is drawn for each image.
    """
    import torch

    a = torch.rand(len(x), 1, 1, 1, device=x.device)
    return x + a * REACH * x.std() * torch.rand_like(x)


def gradient_penalty(step: Step) -> Tensor:
    """10 (|dD(m) / dm| - 1)^2 at m = perturbed(x)."""
    return WEIGHT * distance_from_one(step, perturbed(step.x))


@hookimpl
def gan_bench_losses() -> list[Loss]:
    """`dragan`."""
    return [
        Loss(
            name="dragan",
            source="Kodali et al. 2017, arXiv 1705.07215, algorithm 1, with weight 10 and slope 1. "
            "Departures: the noise is uniform, at most half a standard deviation of the pixels, "
            "and scaled at random for each image, as in the authors' code (the paper: Gaussian "
            "noise); the slope is that of the logit; G's loss is the non-saturating one.",
            d_loss=d_loss,
            g_loss=g_loss_non_saturating,
            penalty=gradient_penalty,
        )
    ]
