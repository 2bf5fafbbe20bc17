"""What shows a cell in a program for experiments, as TensorBoard is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class TrackerLog(Protocol):
    """What a tracker opened for one process of one cell."""

    def scalars(self, kimg: float, values: Mapping[str, float]) -> None:
        """Numbers at this point of the training, by name."""

    def sheet(self, kimg: float, path: Path) -> None:
        """The PNG of sample images of a tick."""

    def table(self, markdown: str) -> None:
        """The scores at the end of the cell."""

    def close(self) -> None:
        """Write down all that waits. Called once, at the end of the process."""


def _nothing_missing() -> str | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Tracker:
    """Shows what a cell writes, while it trains; `run --track NAME` asks for it.

    `open(folder, label)` gets the folder of the cell and its name for people. Every process of a
    cell opens the log again: it must add to what is there. What it raises becomes a note.
    """

    name: str
    source: str
    open: Callable[[Path, str], TrackerLog]
    missing: Callable[[], str | None] = _nothing_missing  # what to install first, or None
