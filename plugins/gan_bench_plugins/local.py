"""The built-in engine: cells as processes of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from gan_bench import Engine, StorageError, hookimpl

POLL_SECONDS = 0.1
GRACE_SECONDS = 60  # for a cell to save its state: one step, and the scores of one tick
# Threads that wait for each other spin for a while, then sleep. With GNU OpenMP's own 300,000
# turns a training ran at 0.4 times this speed beside two busy processes; with none, at 0.7 times
# on an idle machine (dcgan, 32 px, batch 32, two cores).
THREADS = {"GOMP_SPINCOUNT": "30000"}

Process = subprocess.Popen[bytes]


def start(cells: Sequence[Path], slots: int) -> Iterator[tuple[Path, int]]:
    """Start the cells in order, at most `slots` at once; yield each with its exit code."""
    waiting, running = list(cells), dict[Path, Process]()
    try:
        while waiting or running:
            while waiting and len(running) < slots:
                cell = waiting.pop(0)
                running[cell] = _start_process(cell, slots)
            time.sleep(POLL_SECONDS)
            for cell in [cell for cell, process in running.items() if process.poll() is not None]:
                yield cell, running.pop(cell).wait()
    finally:
        _end(running.values())


def _start_process(cell: Path, slots: int) -> Process:
    try:
        with (cell / "cell.log").open("ab") as log:
            return subprocess.Popen(
                # -P: a types.py in the user's folder is not Python's
                [sys.executable, "-P", "-m", "gan_bench.run.cell", "--attached", str(cell)],
                env=THREADS | _divided(slots) | os.environ,
                stdin=subprocess.PIPE,  # it ends when we do, however we end
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the parent, which decides what ends
            )
    except OSError as error:
        raise StorageError(f"cannot start in {cell}: {error.strerror or error}") from error


def _divided(slots: int) -> dict[str, str]:
    """Each of several cells gets its share of the cores; a single one keeps torch's own number."""
    if slots == 1:
        return {}
    usable = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
    return {"OMP_NUM_THREADS": str(max(1, len(usable) // slots))}


def _end(running: Collection[Process]) -> None:
    """Let each save its state; a second interrupt, or too long a wait, kills them at once."""
    try:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        for process in running:
            process.kill()
            process.wait()


@hookimpl
def gan_bench_engines() -> list[Engine]:
    """`local`."""
    return [Engine(name="local", source="Processes of this machine, no scheduler.", start=start)]
