"""The learning rates of a training, lowered in the course of the schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor
from torch.optim import Optimizer

from gan_bench.contract.protocol import Schedule


@dataclass(frozen=True)
class Rates:
    """The optimisers of a training, and the rate of each of their groups as it was made.

    What a rate is at a step follows from the schedule and the step alone, so that a training that
    was resumed, or that returned to an earlier state, has the rates of one that was not.
    """

    optimizers: tuple[Optimizer, ...]
    first: tuple[tuple[float, ...], ...]  # of each group, by optimiser

    def set_for(self, schedule: Schedule, step: int) -> None:
        """Set all rates for this step."""
        factor = schedule.rate_factor(step)
        for optimizer, first in zip(self.optimizers, self.first, strict=True):
            for group, rate in zip(optimizer.param_groups, first, strict=True):
                if isinstance(group["lr"], Tensor):
                    group["lr"].fill_(rate * factor)  # a recorded step reads it there
                else:
                    group["lr"] = rate * factor


def rates_of(optimizers: Sequence[Optimizer], schedule: Schedule) -> Rates:
    """The rates as they are now, before the first step; none if the schedule leaves them alone."""
    if schedule.lr_decay == "constant":
        return Rates((), ())
    first = (
        tuple(float(group["lr"]) for group in optimizer.param_groups) for optimizer in optimizers
    )
    return Rates(tuple(optimizers), tuple(first))
