"""How well the time that was left is told from the first tick on, on cells that have ended.

    python tools/time_left.py RESULTS

Each cell is put back to the moment when it had done one more tick, with what it knew of itself
alone, and the time left that `gan-bench run` would have shown is compared with what was left. The
times of the files say when that was, so the folder must be where it was trained, and no copy.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

from gan_bench.base.text import percent, plural
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Protocol
from gan_bench.results.layout import (
    PROTOCOL,
    RECORD,
    SPEED,
    STARTS,
    cells_in,
    protocol_of,
    sample_grids,
)
from gan_bench.results.reading import read_lines
from gan_bench.run.states import Clock, State
from gan_bench.run.time_left import time_left

GOOD = 0.2


def errors_of(cell: Path, protocol: Protocol) -> Iterator[float]:
    """After each tick but the last: how much the time told was longer, as a share of the true."""
    began = datetime.fromisoformat(read_lines(cell / STARTS)[-1]["at"]).timestamp()
    trained = {row["kimg"]: row["seconds"] for row in read_lines(cell / SPEED)}
    ticks = [(kimg, os.stat(path).st_mtime) for kimg, path in sample_grids(cell)]
    end = os.stat(cell / RECORD).st_mtime
    first = ticks[0][1] - began - trained[ticks[0][0]]  # begin, and to draw the first sheet
    for k, ((kimg, _), (after, then)) in enumerate(pairwise(ticks), 1):
        # the sheet of the next tick is drawn when all of this one and its training is over
        at_ticks = then - began - trained[after] - first
        state = State(
            cell,
            "training",
            kimg=after,
            images_per_second=after * 1000 / trained[after],
            clock=Clock(0.0, first, trained[after], at_ticks, k),
        )
        left = time_left([state], protocol, 1, since=end + 1).seconds
        if left is not None and kimg < protocol.schedule.kimg:
            yield left / (end - then) - 1


def main(results: Path) -> None:
    """Print the errors after the first, the fifth and the last but one tick."""
    by_tick: dict[int, list[float]] = {}
    for path in sorted(results.glob(f"*/{PROTOCOL}")):
        for cell in cells_in(path.parent):
            try:
                for k, error in enumerate(errors_of(cell, protocol_of(cell)), 1):
                    by_tick.setdefault(k, []).append(error)
            except (StorageError, OSError, LookupError) as error:
                print(f"{cell}: {error}", file=sys.stderr)
    for k, errors in sorted(by_tick.items()):
        good = sum(abs(error) <= GOOD for error in errors) / len(errors)
        print(
            f"after tick {k}: {plural(len(errors), 'cell')}, {percent(good)} within "
            f"{percent(GOOD)}, median {percent(median(errors))}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
