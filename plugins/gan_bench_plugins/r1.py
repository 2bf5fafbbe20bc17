"""The non-saturating loss with R1, which flattens D at the real images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench import Loss, hookimpl
from gan_bench_plugins.input_gradients import squared_norm
from gan_bench_plugins.losses import d_loss, g_loss_non_saturating

if TYPE_CHECKING:
    from torch import Tensor

    from gan_bench import Step

GAMMA = 10.0
EVERY = 16  # steps


def r1(step: Step) -> Tensor:
    """gamma / 2 |dD(x) / dx|^2, with gamma = 10."""
    return GAMMA / 2 * squared_norm(step, step.x)


@hookimpl
def gan_bench_losses() -> list[Loss]:
    """`r1`."""
    return [
        Loss(
            name="r1",
            source="Mescheder et al. 2018, arXiv 1801.04406, equation 9, with gamma = 10; computed "
            "at every 16th step with 16 times the weight, as Karras et al. 2020, arXiv 1912.04958, "
            "section 3.1, do. Departures: the learning rate and betas are not adapted to these "
            "steps; gamma is the same for all sizes of images.",
            d_loss=d_loss,
            g_loss=g_loss_non_saturating,
            penalty=r1,
            penalty_every=EVERY,
        )
    ]
