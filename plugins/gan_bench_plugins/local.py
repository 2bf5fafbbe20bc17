"""The built-in engine: cells as processes of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from gan_bench import Engine, StorageError, hookimpl

POLL_SECONDS = 0.1
GRACE_SECONDS = 60  # for a cell to save its state: one step, and the look at it
# Threads that wait for each other spin for a while, then sleep. With GNU OpenMP's own 300,000
# turns a training ran at 0.4 times this speed beside two busy processes; with none, at 0.7 times
# on an idle machine (dcgan, 32 px, batch 32, two cores).
THREADS = {"GOMP_SPINCOUNT": "30000"}

Process = subprocess.Popen[bytes]


def start(cells: Sequence[Path], slots: int) -> Iterator[tuple[Path, int]]:
    """Start the cells in order, at most `slots` at once; yield each with its exit code.

    The process of the next one is there before its turn, for its imports take seconds.
    """
    left, ahead, running = list(cells), dict[Path, Process](), dict[Path, Process]()
    try:
        while left or running:
            while left and len(running) < slots:
                cell = left.pop(0)
                running[cell] = _alive(ahead.pop(cell, None)) or _process(cell, slots)
                _call(running[cell])
            if left and left[0] not in ahead:
                with suppress(StorageError):  # it may be possible when its turn comes
                    ahead[left[0]] = _process(left[0], slots)
            time.sleep(POLL_SECONDS)
            for cell in [cell for cell, process in running.items() if process.poll() is not None]:
                yield cell, running.pop(cell).wait()
    finally:
        _end(running.values(), ahead.values())


def _process(cell: Path, slots: int) -> Process:
    """The process of a cell, which waits until it is called."""
    try:
        with (cell / "cell.log").open("ab") as log:
            return subprocess.Popen(
                # -P: a types.py in the user's folder is not Python's
                [sys.executable, "-P", "-m", "gan_bench.run.cell", "--on-call", str(cell)],
                env=THREADS | _divided(slots) | os.environ,
                bufsize=0,
                stdin=subprocess.PIPE,  # it ends with us, however we end
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the parent, which decides what ends
            )
    except OSError as error:
        raise StorageError(f"cannot start in {cell}: {error.strerror or error}") from error


def _divided(slots: int) -> dict[str, str]:
    """Threads for one of so many; for a single one torch's own number is right."""
    if slots == 1:
        return {}
    usable = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
    return {"OMP_NUM_THREADS": str(max(1, len(usable) // slots))}


def _alive(process: Process | None) -> Process | None:
    """None for one that died while it waited: nothing was begun."""
    return process if process and process.poll() is None else None


def _call(process: Process) -> None:
    """Let it begin; one that has just died is found by its exit code."""
    with suppress(OSError):
        process.stdin.write(b"\n")  # type: ignore[union-attr]


def _end(running: Collection[Process], ahead: Collection[Process]) -> None:
    """Let each save its state; whoever will not wait interrupts again, and they end at once."""
    try:
        _kill(ahead)  # they have none
        for process in running:
            process.terminate()
        for process in running:
            process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _kill([*ahead, *running])


def _kill(processes: Collection[Process]) -> None:
    for process in processes:
        process.kill()
        process.wait()


@hookimpl
def gan_bench_engines() -> list[Engine]:
    """`local`."""
    return [Engine(name="local", source="Processes of this machine, no scheduler.", start=start)]
