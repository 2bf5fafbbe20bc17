"""What a plugin offers against trainings that fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gan_bench.contract.schedule import Schedule


def _suits_all(_: Schedule, __: str) -> None:
    """The default of a remedy's `unsuited`: no reason against any training."""


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """What may save a training that fails. `gan-bench autopsy` tries it, from before the verdict.

    `changes(schedule, loss)` gets how the cell is trained and the name of its loss. It returns
    fields of the schedule with their new values, and as "loss" the name of another loss: all that
    `gan-bench branch --set` can change.
    """

    name: str
    source: str
    changes: Callable[[Schedule, str], Mapping[str, Any]]
    # the reason why it is none for this training, such as that it is trained so already, or None
    unsuited: Callable[[Schedule, str], str | None] = _suits_all
