"""What starts the cells of a run: processes of this machine, or jobs of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ELSEWHERE = frozenset({"address", "partition"})  # whoever takes one may start cells on others


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What the cells of a run may use; None: it was not said, and the engine decides.

    An engine gets `gpus_per_cell` 0 if the cells do not compute on CUDA.
    """

    jobs: int | None = None  # cells at once, at most
    cpus_per_cell: float | None = None
    gpus_per_cell: float | None = None
    address: str | None = None  # of a cluster that runs already
    partition: str | None = None  # of a queue
    minutes_per_cell: float | None = None  # then a queue may end a cell, which is started again


def _as_asked(resources: Resources) -> int | None:
    return resources.jobs or 1


def _nothing_missing() -> str | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Runs the command of every cell, at most `resources.jobs` at a time.

    `start(cells, resources)` yields each folder when the process of its cell has ended, with the
    exit code (negative: the signal that ended it). The process is `cell_command(folder)`: its words
    and its environment variables. Closing the iterator must end the processes that still run;
    SIGTERM lets a cell save its state first. An engine keeps no state, because all results of a
    cell are in its folder; what it must know of jobs that outlive it is in the folder
    `engine_dir(cell, name)`, until they end. If a process was lost, the core gives its cell to
    `start` again.
    """

    name: str
    source: str
    start: Callable[[Sequence[Path], Resources], Iterator[tuple[Path, int]]]
    takes: frozenset[str] = frozenset()  # the fields of Resources that it acts on, besides jobs
    at_once: Callable[[Resources], int | None] = _as_asked  # cells; None: that is not known here
    missing: Callable[[], str | None] = _nothing_missing  # what to install first, or None

    @property
    def elsewhere(self) -> bool:
        """Whether cells may run on other machines than this one."""
        return bool(self.takes & ELSEWHERE)
