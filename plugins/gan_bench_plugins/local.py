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
GRACE_SECONDS = 60  # for a cell to save its state: one step, and the look at it
# Threads that wait for each other spin for a while, then sleep. With GNU OpenMP's own 300,000
# turns a training ran at 0.4 times this speed beside two busy processes; with none, at 0.7 times
# on an idle machine (dcgan, 32 px, batch 32, two cores).
THREADS = {"GOMP_SPINCOUNT": "30000"}


def start(cells: Sequence[Path], slots: int) -> Iterator[tuple[Path, int]]:
    """Start the cells in order, at most `slots` at once; yield each with its exit code."""
    waiting, running = list(cells), dict[Path, subprocess.Popen[bytes]]()
    try:
        while waiting or running:
            while waiting and len(running) < slots:
                cell = waiting.pop(0)
                running[cell] = _process(cell)
            time.sleep(POLL_SECONDS)
            for cell in [cell for cell, process in running.items() if process.poll() is not None]:
                yield cell, running.pop(cell).wait()
    finally:
        _end(running.values())


def _process(cell: Path) -> subprocess.Popen[bytes]:
    try:
        with (cell / "cell.log").open("ab") as log:
            return subprocess.Popen(
                # -P: a types.py in the user's folder is not Python's
                [sys.executable, "-P", "-m", "gan_bench.cell", "--attached", str(cell)],
                env=THREADS | os.environ,
                stdin=subprocess.PIPE,  # never written to: it ends with us, however we end
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the parent, which decides what ends
            )
    except OSError as error:
        raise StorageError(f"cannot start in {cell}: {error.strerror or error}") from error


def _end(processes: Collection[subprocess.Popen[bytes]]) -> None:
    """Let each save its state; whoever will not wait interrupts again, and they end at once."""
    try:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        for process in processes:
            process.kill()
            process.wait()


@hookimpl
def gan_bench_engines() -> list[Engine]:
    """`local`."""
    return [Engine(name="local", source="Processes of this machine, no scheduler.", start=start)]
