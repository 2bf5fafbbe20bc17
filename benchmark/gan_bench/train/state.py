"""The state of a training: taken, restored, resumed."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from gan_bench.train.loop import Training, begin_row


def finite(cell: Training) -> bool:
    """Nothing that is not finite was seen since the last Point: a state worth keeping."""
    return int(cell.good) == cell.since


def snapshot(cell: Training) -> dict[str, dict[str, Any]]:
    """All that has been learned, as a copy; not the step: images once shown stay shown."""
    return copy.deepcopy(_learned(cell))


def restore(cell: Training, kept: Mapping[str, Mapping[str, Any]]) -> None:
    """Back to a snapshot; the step, and with it the data and z that come next, goes on."""
    for name, part in _learners(cell).items():
        part.load_state_dict(copy.deepcopy(kept[name]))  # an optimiser would keep the tensors
    begin_row(cell)


def _learned(cell: Training) -> dict[str, dict[str, Any]]:
    return {name: part.state_dict() for name, part in _learners(cell).items()}


def _learners(cell: Training) -> dict[str, Any]:
    return {name: getattr(cell, name) for name in ("G", "D", "ema", "opt_g", "opt_d")}


def full_state(cell: Training) -> dict[str, Any]:
    """The whole state, not copied: what has been learned, the step, the row of the curve begun.

    There is no state of any random stream: all are pure functions of seed and step.
    """
    row = {"totals": cell.totals, "since": cell.since, "good": cell.good}
    return {"learned": _learned(cell), "step": cell.step, "row": row}


def resume(cell: Training, state: Mapping[str, Any]) -> None:
    """Go on exactly where a whole state was taken."""
    restore(cell, state["learned"])
    cell.step = state["step"]
    cell.totals.copy_(state["row"]["totals"])
    cell.good.copy_(state["row"]["good"])
    cell.since = state["row"]["since"]
