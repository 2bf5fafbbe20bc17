"""The built-in engine: cells as processes of this machine, on all its GPUs."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from gan_bench import Engine, Resources, StorageError, cell_command, hookimpl

POLL_SECONDS = 0.1
GRACE_SECONDS = 60  # for a cell to save its state: one step, and the scores of one tick
VISIBLE = "CUDA_VISIBLE_DEVICES"  # what a process sees of the GPUs: the first one is its "cuda"

Process = subprocess.Popen[bytes]


def start(cells: Sequence[Path], resources: Resources) -> Iterator[tuple[Path, int]]:
    """Start the cells in order; yield each with its exit code."""
    waiting, running, places = list(cells), dict[Path, Process](), dict[Path, str | None]()
    gpus, most = _gpus(resources), at_once(resources)
    try:
        while waiting or running:
            while waiting and len(running) < most:
                cell = waiting.pop(0)
                places[cell] = _least_busy(gpus, [places[each] for each in running])
                running[cell] = _start_process(cell, places[cell])
            time.sleep(POLL_SECONDS)
            for cell in [cell for cell, process in running.items() if process.poll() is not None]:
                yield cell, running.pop(cell).wait()
    finally:
        _end(running.values())


def at_once(resources: Resources) -> int:
    """How many cells run at once: those asked for, or one for each GPU, as far as they fit."""
    share, gpus = resources.gpus_per_cell, len(_gpus(resources))
    if not gpus:
        return resources.jobs or 1
    if share is None:
        return resources.jobs or gpus
    fitting = gpus * max(1, int(1 / share))
    return min(resources.jobs or fitting, fitting)


def _gpus(resources: Resources) -> list[str]:
    """The names of the GPUs that cells are spread over; none if they compute elsewhere."""
    if resources.gpus_per_cell == 0:
        return []
    import torch  # here: it takes seconds, and a command line that only asks for help has no need

    given = os.environ.get(VISIBLE)
    names = [str(k) for k in range(torch.cuda.device_count())]
    return names if given is None else given.split(",")[: len(names)]


def _least_busy(gpus: Sequence[str], busy: Sequence[str | None]) -> str | None:
    """The first GPU on which the fewest cells run; None if there is no choice."""
    cells = Counter(busy)
    return min(gpus, key=lambda gpu: cells[gpu]) if len(gpus) > 1 else None


def _start_process(cell: Path, gpu: str | None) -> Process:
    words, environment = cell_command(cell)
    if gpu is not None:
        environment |= {VISIBLE: gpu}
    try:
        with (cell / "cell.log").open("ab") as log:
            return subprocess.Popen(
                words,
                env=environment,
                stdin=subprocess.PIPE,  # it ends when we do, however we end
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the parent, which decides what ends
            )
    except OSError as error:
        raise StorageError(f"cannot start in {cell}: {error.strerror or error}") from error


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
    return [
        Engine(
            name="local",
            source="Processes of this machine, on all its GPUs; no scheduler.",
            start=start,
            takes=frozenset({"gpus_per_cell"}),
            at_once=at_once,
        )
    ]
