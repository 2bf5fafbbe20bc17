"""One tracker of one cell as a command: python -m gan_bench.run.follow DIR TRACKER.

It reads the files that the cell writes and gives what is new to the tracker, until its standard
input ends: the cell holds the other end, and writes there how it ended, or nothing if it goes on
later. tracked.json says how far the files have been read, so that nothing is given twice.
Started by hand on a cell that has a record, it gives the tracker what that has not been given yet.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

from gan_bench import catalogue as catalogues
from gan_bench.base.home import cache_dir
from gan_bench.contract.errors import GanBenchError, UsageError, sentence
from gan_bench.contract.names import safe_name
from gan_bench.contract.protocol import Cell, RunEnvironment
from gan_bench.contract.tracker import TrackedCell, Tracker, TrackerLog
from gan_bench.results.atomic import make_folder, write_json
from gan_bench.results.layout import (
    CELL,
    CURVE,
    RECORD,
    SAMPLES,
    SPEED,
    TICKS,
    TRACKED,
    label_of,
    protocol_folder_of,
    protocol_of,
    sample_grid_path,
    tracker_dir,
)
from gan_bench.results.locks import alone_in
from gan_bench.results.reading import read_lines, read_model
from gan_bench.results.records import read_record
from gan_bench.run.tracking import (
    END_SECONDS,
    Ending,
    Tracked,
    ending_of,
    log,
    note,
    read_tracked,
)

POLL_SECONDS = 5.0
OPEN_SECONDS = 120.0  # for the trackers of other cells to open their logs
GROUPS = {CURVE: "curve", SPEED: "speed", TICKS: "tick"}  # file of the cell -> before its names
PLACES = ("step", "kimg")  # columns that say where a line is


@dataclass
class End:
    """The end of the cell, once it has come."""

    ending: Ending | None = None  # None: the cell was interrupted, and goes on later
    come: threading.Event = field(default_factory=threading.Event)

    def read(self, pipe: IO[bytes]) -> None:
        """Wait for the end. A tracker that hangs does not outlive its cell for long."""
        with suppress(ValidationError):  # nothing, or half of it: the cell was killed
            self.ending = Ending.model_validate_json(pipe.read())
        self.come.set()
        time.sleep(END_SECONDS)
        os._exit(1)


def main(words: list[str]) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m gan_bench.run.follow")
    parser.add_argument("directory", type=Path, help="the folder of a cell")
    parser.add_argument("tracker", help="the name of a tracker, as for run --track")
    options = parser.parse_args(words)
    cell, name = options.directory, options.tracker
    if not cell.is_dir():
        log(f"there is no folder {cell}: give that of a cell")
        return 1
    try:
        end = end_of(cell)
        # the process of this cell that was killed before may still be finishing
        with alone_in(tracker_dir(cell, name), "tracking", END_SECONDS + 5, within=cell):
            return send_all(cell, name, end)
    except GanBenchError as error:
        log(note(name, str(error)))
        return 1


def end_of(cell: Path) -> End:
    """The end of the cell, which its record tells, or else standard input when it comes."""
    end = End()
    if (cell / RECORD).exists():
        end.ending = ending_of(read_record(cell))
    if end.ending or sys.stdin.isatty():  # someone sends what is missing
        end.come.set()
        return end
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # they are for the cell, which then ends our input
    pipe, empty = os.fdopen(os.dup(0), "rb"), os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)  # so that no plugin takes the end of the cell
    threading.Thread(target=end.read, args=(pipe,), daemon=True).start()
    return end


def send_all(cell: Path, name: str, end: End) -> int:
    """Follow the cell to its end; the exit code. What the tracker raises becomes `failed`."""
    save(cell, name, read_tracked(cell, name).model_copy(update={"failed": None}))
    try:
        follow(cell, tracker_of(read_model(cell / CELL, Cell).environment, name), end)
        return 0
    except (Exception, SystemExit) as error:
        why = sentence(error)
        log(note(name, why))
        save(cell, name, read_tracked(cell, name).model_copy(update={"failed": why}))
        return 1


def tracker_of(environment: RunEnvironment, name: str) -> Tracker:
    """The tracker, from its own plugin if that is known: others import torch, which takes long."""
    makers = dict(zip(environment.track, environment.track_from, strict=False))
    tracker: Tracker | None = None
    if maker := makers.get(name):  # an older version wrote none
        tracker = catalogues.load_one(Tracker, name, maker)
    return tracker or catalogues.load(map(Path, environment.plugins)).find(Tracker, name)


def follow(cell: Path, tracker: Tracker, end: End) -> None:
    """Give the tracker all that the cell writes until it ends. Raises what the tracker raises."""
    if what := tracker.missing():  # not on this machine of a cluster
        raise UsageError(f"it cannot work here yet: {what}")
    tracked = read_tracked(cell, tracker.name)
    save(cell, tracker.name, tracked)  # the id, before anything is sent under it
    # two cells that made one database at once would each find half of it
    with alone_in(cache_dir() / "trackers" / safe_name(tracker.name), "tracking", OPEN_SECONDS):
        opened = tracker.open(describe(cell, tracker.name, tracked.id))
    over = False
    while not over:
        over = end.come.wait(POLL_SECONDS)
        send_new(cell, opened, tracked, tracker.name)
    if end.ending and not tracked.ended:
        opened.table(end.ending.text, end.ending.scores)
        tracked.ended = True
        save(cell, tracker.name, tracked)
    opened.close()


def describe(cell: Path, name: str, identity: str) -> TrackedCell:
    """What a tracker is told of a cell."""
    planned, protocol = read_model(cell / CELL, Cell), protocol_of(cell)
    schedule = planned.recipe.applied_to(protocol.schedule)
    about = {
        "architecture": planned.architecture,
        "loss": planned.loss,
        "seed": planned.seed,
        "data": protocol.data.name,
        "height": protocol.data.shape[1],
        "width": protocol.data.shape[2],
    }
    settings = about | schedule.model_dump(mode="json")
    plain = (str, int, float)
    return TrackedCell(
        folder=tracker_dir(cell, name).absolute(),
        id=identity,
        label=label_of(cell),
        protocol=protocol_folder_of(cell).name,
        settings={key: v if isinstance(v, plain) else str(v) for key, v in settings.items()},
    )


def send_new(cell: Path, opened: TrackerLog, tracked: Tracked, name: str) -> None:
    """Give the tracker the lines that have come, and the sheets of the ticks.

    A cell that goes on from a checkpoint writes lines again, which are not given again.
    """
    before = dict(tracked.sent)
    new = {
        file: [line for line in read_lines(cell / file) if line["kimg"] > before.get(file, -1)]
        for file in GROUPS
    }
    ticks = [line["kimg"] for line in read_lines(cell / TICKS)]
    try:
        if any(new.values()):
            opened.scalars(points_of(new))
        tracked.sent |= {file: lines[-1]["kimg"] for file, lines in new.items() if lines}
        for kimg in ticks:
            if kimg > before.get(SAMPLES, -1):
                opened.sheet(round(1000 * kimg), sample_grid_path(cell, kimg))
                tracked.sent[SAMPLES] = kimg
    finally:
        if tracked.sent != before:
            save(cell, name, tracked)


def points_of(files: Mapping[str, Iterable[dict[str, Any]]]) -> dict[int, dict[str, float]]:
    """The numbers of the lines, by images and name, in the order of the images."""
    points: dict[int, dict[str, float]] = {}
    for file, lines in files.items():
        for line in lines:
            point = points.setdefault(round(1000 * line["kimg"]), {})
            for name, value in line.get("scores", line).items():
                # a number that was not finite is null in the file
                if name not in PLACES and isinstance(value, int | float):
                    point[f"{GROUPS[file]}/{name}"] = float(value)
    return dict(sorted(points.items()))


def save(cell: Path, name: str, tracked: Tracked) -> None:
    """Write how far the tracker has come."""
    make_folder(tracker_dir(cell, name))
    write_json(tracker_dir(cell, name) / TRACKED, tracked.model_dump())


if __name__ == "__main__":
    exit_code = main(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(exit_code)  # no thread or exit hook of a library may keep the process
