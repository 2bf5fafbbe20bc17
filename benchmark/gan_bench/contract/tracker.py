"""What shows how cells train in another program, as TensorBoard does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class TrackedCell:
    """The cell that a log is about."""

    folder: Path  # for files of the tracker; the same in every process of the cell
    id: str  # 32 hexadecimal digits, the same in every process of the cell, and of no other cell
    label: str  # architecture / loss / seed
    protocol: str  # the name of the protocol's folder: cells that may be compared share it
    settings: Mapping[str, str | int | float]  # what it trains, and its schedule


class TrackerLog(Protocol):
    """What a tracker opened for one process of a cell. `images`: how many D has seen by then."""

    def scalars(self, points: Mapping[int, Mapping[str, float]]) -> None:
        """All new numbers, by images and name (curve/loss_d, tick/diversity, ...), in order."""

    def sheet(self, images: int, path: Path) -> None:
        """The sample images of a tick: a PNG."""

    def table(self, text: str, scores: Mapping[str, float]) -> None:
        """How the cell ended: a table in markdown, and its scores by metric."""

    def close(self) -> None:
        """Write what waits. Called at the end of the process, whether the cell ended or not."""


def _nothing_missing() -> str | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Tracker:
    """Shows what a cell writes, while it trains; `run --track NAME` asks for it.

    It works in a process of its own beside the cell, so that nothing it does changes the training.
    Every process of a cell opens the log again: it must go on in what is there. Each number and
    each sheet is given once. No two cells of a machine call `open` at once. An exception becomes a
    note of the cell's record. A call may wait for a network; when the cell ends, the tracker has
    30 seconds to finish, and is then ended.
    """

    name: str
    source: str
    open: Callable[[TrackedCell], TrackerLog]
    missing: Callable[[], str | None] = _nothing_missing  # what to install first, or None
