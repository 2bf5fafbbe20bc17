"""Show a cell in the trackers that were asked for, from the files that it writes.

The files are the truth: tracked.json says how far each tracker has read them, so that a cell which
goes on after an interruption logs nothing twice, and no training waits for a tracker's format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from pydantic import BaseModel

from gan_bench.base.escape import markdown
from gan_bench.base.text import number
from gan_bench.contract.errors import StorageError, sentence
from gan_bench.contract.tracker import Tracker, TrackerLog
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import CURVE, TICKS, TRACKED, label_of, sample_grid_path
from gan_bench.results.reading import read_lines, read_model
from gan_bench.results.records import Record


class Tracked(BaseModel):
    """Tracker -> file of the cell -> how many lines of it were logged."""

    lines: dict[str, dict[str, int]] = {}


LOSSES = ("loss_d", "loss_g", "real_score", "fake_score")


class Tracking:
    """The open logs of one process of a cell. A tracker that raises is noted once and left alone.

    `notes` says which trackers failed, and why.
    """

    def __init__(self, cell: Path, names: Iterable[str], find: Callable[[str], Tracker]) -> None:
        """`find` gives the tracker of a name, and may raise: one may be no longer installed."""
        self.cell = cell
        self.notes: list[str] = []
        self.logs: dict[str, TrackerLog] = {}
        self.read = _read_counts(cell)
        for name in names:
            self._guarded(name, partial(self._open, name, find))

    def tick(self) -> None:
        """Log the lines and the sheets that are new since the last call."""
        for name, log in list(self.logs.items()):
            self._guarded(name, partial(self._follow, name, log))
        if self.logs:
            self._guarded(
                "tracked.json", lambda: write_json(self.cell / TRACKED, self.read.model_dump())
            )

    def end(self, record: Record) -> None:
        """Log what is left and the scores, and close all logs."""
        self.tick()
        table = scores_table(record)
        for name, log in list(self.logs.items()):
            self._guarded(name, partial(log.table, table))
        self.close()

    def close(self) -> None:
        """Close all logs, also of a cell that goes on later."""
        for name, log in list(self.logs.items()):
            self._guarded(name, log.close)
        self.logs.clear()

    def _open(self, name: str, find: Callable[[str], Tracker]) -> None:
        self.logs[name] = find(name).open(self.cell, label_of(self.cell))

    def _follow(self, name: str, log: TrackerLog) -> None:
        curve, ticks = read_lines(self.cell / CURVE), read_lines(self.cell / TICKS)
        seen = self.read.lines.setdefault(name, {CURVE: 0, TICKS: 0})
        for point in curve[seen[CURVE] :]:
            log.scalars(point["kimg"], {key: point[key] for key in LOSSES if key in point})
        for tick in ticks[seen[TICKS] :]:
            log.scalars(tick["kimg"], tick["scores"])
            log.sheet(tick["kimg"], sample_grid_path(self.cell, tick["kimg"]))
        # a cell that goes on from an older checkpoint has fewer lines at first: they come again
        seen[CURVE], seen[TICKS] = max(seen[CURVE], len(curve)), max(seen[TICKS], len(ticks))

    def _guarded(self, name: str, act: Callable[[], object]) -> None:
        """No fault of a tracker may cost a training."""
        try:
            act()
        except Exception as error:
            self.logs.pop(name, None)
            self.notes.append(f"not tracked further by {name}: {sentence(error)}")


def scores_table(record: Record) -> str:
    """How the cell ended, and its scores, in markdown."""
    return "\n".join(_table(record))


def _table(record: Record) -> Iterator[str]:
    yield f"{record.status}{f': {markdown(record.reason)}' if record.reason else ''}\n"
    yield "| metric | score | n |\n| --- | ---: | ---: |"
    for name, score in record.scores.items():
        yield f"| {markdown(name)} | {number(score.value)} | {score.n:,} |"


def _read_counts(cell: Path) -> Tracked:
    """Nothing was logged if the cell is new, or if the file is damaged."""
    try:
        return read_model(cell / TRACKED, Tracked) if (cell / CURVE).exists() else Tracked()
    except StorageError:
        return Tracked()
