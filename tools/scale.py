"""What the harness itself costs: python tools/scale.py prints the table of docs/scale.md.

The cells train nothing. An engine of this file, with the interface of any other, gives each of its
slots a cell, writes the lines that a cell at work writes, and in the end its record. It takes no
time for that but the writing, which is counted apart. One cell in twenty is lost and started again,
one in fifty fails with a record, one in a hundred crashes without one. All else is what a run
does: plan, folders, scheduler, the view, the report. Each size runs in a process of its own, and
what is printed are seconds of the processor: what else the machine does has little part in them.
"""

from __future__ import annotations

import argparse
import heapq
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from os import getpid
from pathlib import Path
from random import Random
from socket import gethostname
from statistics import median
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console

from gan_bench import Engine, Resources, load
from gan_bench import catalogue as catalogues
from gan_bench.base.text import moment
from gan_bench.contract.protocol import Protocol
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import CURVE, RECORD, SPEED, STARTS, TICKS
from gan_bench.results.records import Record, write_record
from gan_bench.run.folders import folders_of, lay_out, standing
from gan_bench.run.outcome import FAILED, write_failure
from gan_bench.run.plan import make_plan
from gan_bench.run.progress import Watch
from gan_bench.run.request import Request
from gan_bench.run.scheduler import run_cells
from gan_bench.run.view import view
from markdown_rows import print_head, print_row

SIZES = (1_000, 3_000, 10_000)
SLOTS = 1_000
ARCHITECTURES = (
    *("dense", "dcgan", "dcgan-noise", "dcgan-sn", "dcgan-dropout"),
    *("dcgan-upsample", "sngan", "sagan", "r3gan", "stylegan2-small"),
)
LOSSES = ("minimax", "non-saturating", "hinge", "least-squares", "wasserstein")
LOOKS = 20  # of the view, while the cells run
LOST, CRASHED = -9, -11
LABELS = {
    "plan": "to plan, s",
    "folders": "to make the cells' folders, s",
    "run": "scheduler, and a line for each cell, s",
    "look": "one look of the view at all cells, s",
    "resume": "the same command when all is done, s",
    "report": "leaderboard of all cells, s",
    "cells' own files": "for comparison: what the cells write, s",
    "memory of the run": "memory of the run, MiB",
    "memory of the report": "memory of the report, MiB",
}
CHANCES = {LOST: 0.05, FAILED: 0.02, CRASHED: 0.01}


@dataclass
class FakeCells:
    """An engine whose cells take no time, and how long it took to write their files."""

    protocol: Protocol
    random: Random = field(default_factory=lambda: Random(0))
    seconds: float = 0.0
    starts: int = 0
    most: int = 0  # at work at once

    def start(self, cells: Sequence[Path], resources: Resources) -> Iterator[tuple[Path, int]]:
        """At most so many cells at work; the next one that ends is drawn at random."""
        waiting, ends = iter(cells), list[tuple[float, int, Path]]()
        clock = 0.0
        while True:
            while len(ends) < (resources.jobs or 1) and (cell := next(waiting, None)):
                self._timed(lambda cell=cell: self._begin(cell))
                heapq.heappush(ends, (clock + self.random.expovariate(1), self.starts, cell))
            self.most = max(self.most, len(ends))
            if not ends:
                return
            clock, _, cell = heapq.heappop(ends)
            yield cell, self._timed(lambda cell=cell: self._end(cell))

    def _timed(self, action: Callable[[], Any]) -> Any:
        began = time.process_time()
        result = action()
        self.seconds += time.process_time() - began
        return result

    def _begin(self, cell: Path) -> None:
        self.starts += 1
        at = {"at": moment(time.time()), "pid": getpid(), "host": gethostname()}
        append_line(cell / STARTS, at)
        point = {"step": 5, "kimg": 0.04, "loss_d": 1.0, "loss_g": 1.0}
        append_line(cell / CURVE, point)
        append_line(cell / SPEED, point | {"seconds": 1.0, "images_per_second": 40.0})
        name = self.protocol.evaluation.at_ticks.name
        append_line(cell / TICKS, {"kimg": 0.02, "verdict": None, "scores": {name: 50.0}})

    def _end(self, cell: Path) -> int:
        drawn = self.random.random()
        for code, chance in CHANCES.items():
            if (drawn := drawn - chance) < 0:
                if code == FAILED:
                    write_failure(cell, "a loss was not finite")
                return code
        write_record(cell, self._record(cell))
        return 0

    def _record(self, cell: Path) -> Record:
        architecture, loss, seed = cell.parts[-3:]
        level = 100 + 5 * ARCHITECTURES.index(architecture) + LOSSES.index(loss)
        of = {"n": 200, "reference": "train", "reference_n": 200}
        scores = {
            metric.name: of
            | {"higher_is_better": metric.higher_is_better, "features": metric.features}
            | {"value": level + self.random.gauss(0, 3)}
            for metric in self.protocol.evaluation.metrics
        }
        cost = dict.fromkeys(("train_seconds", "images_per_second", "evaluate_seconds"), 1)
        cost |= dict.fromkeys(("peak_memory_mib", "g_parameters", "d_parameters"), 1)
        return Record.model_validate(
            {
                **{"architecture": architecture, "loss": loss, "seed": int(seed[4:])},
                **{"status": "finished", "scores": scores, "cost": cost, "device": "cpu"},
                "ended": moment(time.time()),
            }
        )


def simulate(cells: int, home: Path) -> dict[str, float]:
    """Seconds of each part for so many cells, and the memory of the process in MiB."""
    found: dict[str, float] = {"cells": cells}

    def timed(name: str, action: Callable[[], Any]) -> Any:
        began = time.process_time()
        result = action()
        found[name] = time.process_time() - began
        return result

    seeds = cells // (len(ARCHITECTURES) * len(LOSSES))
    request = Request(
        **{"data": str(_images(home / "images")), "size": 16, "batch": 8, "samples": 200},
        **{"device": "cpu", "architectures": ARCHITECTURES, "losses": LOSSES, "seeds": seeds},
    )
    catalogue = catalogues.load()
    make_plan(request, catalogue)  # which prepares the images, once
    results = home / "results"
    planned = timed("plan", lambda: make_plan(request, catalogue))
    timed("folders", lambda: lay_out(planned, results))
    folders = folders_of(planned, results)
    found["before"] = _memory()
    protocol = planned.plan.protocol
    fake = FakeCells(protocol)
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=40)
    watch = Watch(console, protocol, folders, SLOTS)
    looks = list[float]()

    def run() -> None:
        offer = Engine(name="fake", source="this file", start=fake.start)
        for k, folder in enumerate(run_cells(offer, folders, Resources(jobs=SLOTS))):
            watch.ended(folder)
            if k % (cells // LOOKS) == 0:
                began = time.process_time()
                console.print(view(watch._look(), console.width, console.height))
                looks.append(time.process_time() - began)

    timed("run", run)
    found["cells' own files"] = fake.seconds
    found["run"] -= fake.seconds + sum(looks)
    found["first look"], found["look"] = looks[0], median(looks)
    found["starts"], found["most"] = fake.starts, fake.most
    found["ended"] = sum((folder / RECORD).exists() for folder in folders)
    timed("resume", lambda: (lay_out(planned, results), standing(folders), _run_nothing(folders)))
    found["memory of the run"] = _memory()
    timed("report", lambda: str(load(results)[0].table()))
    found["memory of the report"] = _memory()
    return found


def _run_nothing(folders: Sequence[Path]) -> None:
    """The same command again, when all cells are done: nothing may be started."""

    def start(cells: Sequence[Path], resources: Resources) -> Iterator[tuple[Path, int]]:
        raise AssertionError(f"{len(cells)} cells were started again")

    list(run_cells(Engine(name="none", source="this file", start=start), folders))


def _images(folder: Path) -> Path:
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (600, 16, 16, 3), np.uint8)
    for k, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{k}.png")
    return folder


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_process(cells: int, work: Path | None) -> dict[str, float]:
    words = [sys.executable, __file__, "--one", str(cells)]
    words += ["--work", str(work)] if work else []
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def main() -> None:
    """Print the table, or with --one the numbers of one size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cells", type=int, nargs="*", default=SIZES)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help="where the cells' folders are made")
    options = parser.parse_args()
    if options.one:
        with tempfile.TemporaryDirectory(dir=options.work) as home:
            print(json.dumps(simulate(options.cells[0], Path(home))))
        return
    found = [_in_process(cells, options.work) for cells in options.cells]
    print(json.dumps(found, indent=1), file=sys.stderr)
    show(found)


def show(found: Sequence[dict[str, float]]) -> None:
    """The numbers of each size, and how many times more the last one takes than the first."""
    print_head("", *(f"{each['cells']:,.0f} cells" for each in found), "times")
    for name, words in LABELS.items():
        times = found[-1][name] / found[0][name]
        print_row(words, *(f"{each[name]:,.3g}" for each in found), f"{times:.1f}")


if __name__ == "__main__":
    main()
