"""What makes a cell a branch: the tick of another cell at which it begins, and what it changes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, NonNegativeInt

from gan_bench.base import rng
from gan_bench.contract.schedule import Frozen, NonNegative

LOSS = "loss"  # the one change that is no field of the schedule
UNCHANGED = "unchanged"


class Branch(Frozen):
    """Where a branch begins, and how it differs from the cell that it is forked from."""

    parent: str  # the label of that cell
    source: str  # the folder whose ticks it begins at, from the parent's: "." is the parent itself
    step: NonNegativeInt  # of the kept tick; 0: at the very beginning, as the parent did
    kimg: NonNegative  # of that tick
    index: Annotated[int, Field(ge=0)]  # 0: the parent's order of images and z; others: another
    changes: dict[str, Any] = Field(
        default_factory=dict
    )  # fields of the schedule, and the loss, with their new values

    def stream_seed(self, seed: int) -> int:
        """What the random streams of its training begin with, for a parent of this seed."""
        return rng.key(seed, "branch", self.index) if self.index else seed

    @property
    def what(self) -> str:
        """What is changed, in a few words."""
        return changes_text(self.changes)


def changes_text(changes: dict[str, Any]) -> str:
    """`lr_d=0.0001, d_steps=2`, or that nothing is changed."""
    parts = (f"{name}={value_text(value)}" for name, value in changes.items())
    return ", ".join(parts) or UNCHANGED


def value_text(value: Any) -> str:
    """A value as it is typed after --set: names and betas with commas."""
    if isinstance(value, list | tuple):
        return ",".join(map(value_text, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
