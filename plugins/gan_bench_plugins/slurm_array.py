"""One job array of cells: how it is queued, and what its tasks have left."""

from __future__ import annotations

import json
import os
import pickle
import shlex
import shutil
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_bench import Resources, StorageError, UsageError
from gan_bench_plugins.slurm_queue import Task

if TYPE_CHECKING:
    from submitit.core.utils import JobPaths

MINUTES = 60.0  # of a job, unless --minutes-per-cell says otherwise
GRACE = 0.25, 120  # before the time limit the cell is told to save: share of its time, seconds most
ARRAY = "array.json"  # in the folder of an array: what is in it
FOR_EVER = 10**6  # times that submitit lets a job reach its time limit
# What else a job needs is said by these variables of Slurm. Others would undo what we ask for.
ALLOWED = (
    *("SBATCH_ACCOUNT", "SBATCH_QOS", "SBATCH_RESERVATION", "SBATCH_CONSTRAINT"),
    *("SBATCH_MEM_PER_NODE", "SBATCH_MEM_PER_CPU", "SBATCH_MEM_PER_GPU", "SBATCH_EXCLUSIVE"),
)


@dataclass
class Array:
    """The cells of one array, and those whose tasks have not ended."""

    folder: Path  # of the files of submitit
    cells: tuple[Path, ...]  # absolute, in the order of their tasks
    resources: Resources
    waiting: dict[int, Path] = field(default_factory=dict)  # task -> the cell as it was given
    job: str = ""  # Slurm's number
    shared: bool = False  # cells that this process does not wait for are in the queue as well

    @property
    def name(self) -> str:
        """The name of its job, by which it is found in the queue."""
        return self.folder.name

    def taken_up(self, wanted: Mapping[Path, Path], queued: Mapping[int, Task]) -> Array:
        """The same array, waiting for those of these cells whose tasks are in the queue.

        `wanted`: by their absolute path.
        """
        job = next((task.job for task in queued.values()), "").partition("_")[0]
        cells = {k: self.cells[k] for k in sorted(queued) if k < len(self.cells)}
        waiting = {k: wanted[cell] for k, cell in cells.items() if cell in wanted}
        return replace(self, waiting=waiting, job=job, shared=len(waiting) < len(cells))

    def in_queue(self, queued: Mapping[int, Task]) -> bool:
        """Whether one of the tasks that it waits for is in the queue."""
        return any(index in queued for index in self.waiting)

    def jobs(self) -> list[str]:
        """Slurm's numbers of the tasks that it waits for."""
        return [self._job_of(index) for index in self.waiting]

    def gone(self, queued: Mapping[int, Task]) -> list[int]:
        """The tasks that are in the queue no more."""
        return [index for index in self.waiting if index not in queued]

    def exit_code(self, index: int) -> int | None:
        """The exit code of a cell's process; None if its task left none.

        What went wrong outside of the cell is appended to its log.
        """
        path = self._paths(index).result_pickle
        try:
            outcome, result = pickle.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, EOFError, pickle.UnpicklingError, ValueError):  # cut off
            return None
        if outcome == "success":
            return int(result)
        self._say(index, str(result))
        return 1

    def say_vanished(self, index: int) -> None:
        """Append to the cell's log what is known of a task that left no exit code."""
        log = self._paths(index).stdout
        last = log.read_text(errors="replace")[-2000:] if log.is_file() else ""
        job = self._job_of(index)
        self._say(index, f"{last}\njob {job} left the queue without a result: sacct -j {job}")

    def _say(self, index: int, text: str) -> None:
        with suppress(OSError), (self.cells[index] / "cell.log").open("a") as log:
            log.write(f"{text.strip()}\n")

    def _job_of(self, index: int) -> str:
        return self.job if len(self.cells) == 1 else f"{self.job}_{index}"

    def _paths(self, index: int) -> JobPaths:
        from submitit.core.utils import JobPaths

        return JobPaths(self.folder, job_id=self._job_of(index))


def submitted(home: Path, cells: Sequence[Path], resources: Resources) -> Array:
    """Queue these cells as one array. UsageError if Slurm refuses it.

    What is in it is written first: whoever finds it in the queue by its name must know its cells.
    """
    array = _laid_out(home, cells, resources)
    import submitit  # here: `gan-bench plugins` lists this engine where submitit is not

    from gan_bench_plugins.slurm_task import CellTask

    executor = submitit.SlurmExecutor(
        folder=array.folder,
        max_num_timeout=FOR_EVER,
        # -P: a types.py in the user's folder is not Python's
        python=f"{shlex.quote(sys.executable)} -P",
    )
    asked = sbatch_parameters(array.name, len(cells), resources)
    executor.update_parameters(**asked)
    task = CellTask(grace=max(1.0, 0.8 * asked["signal_delay_s"]))
    with _only_allowed_variables():
        try:
            jobs = executor.map_array(task, [str(cell) for cell in array.cells])
        except submitit.core.utils.UncompletedJobError as error:
            shutil.rmtree(array.folder, ignore_errors=True)
            raise UsageError(f"Slurm takes no jobs: {_refusal(str(error))}") from error
    array.job = jobs[0].job_id.partition("_")[0]
    return array


def arrays_in(home: Path) -> list[Array]:
    """The arrays whose files are here, the oldest first."""
    found = []
    for path in sorted(home.glob(f"*/{ARRAY}"), key=lambda path: path.stat().st_mtime):
        with suppress(OSError, ValueError, TypeError, KeyError):  # cut off: it was not queued yet
            said = json.loads(path.read_text())
            cells = tuple(Path(os.path.abspath(path.parent / cell)) for cell in said["cells"])
            found.append(Array(path.parent, cells, Resources(**said["resources"])))
    return found


def sbatch_parameters(name: str, cells: int, resources: Resources) -> dict[str, Any]:
    """What submitit is told of an array of so many cells."""
    minutes = resources.minutes_per_cell or MINUTES
    cpus, gpus = ceil(resources.cpus_per_cell or 1), resources.gpus_per_cell
    share, most = GRACE
    parameters = {
        "job_name": name,
        "time": max(1, round(minutes)),  # Slurm counts in minutes
        "cpus_per_task": cpus,
        "srun_args": [f"--cpus-per-task={cpus}"],  # srun does not take it over from sbatch
        "gpus_per_node": 1 if gpus is None else int(gpus),
        "partition": resources.partition,
        "array_parallelism": resources.jobs or cells,
        "signal_delay_s": int(min(most, share * minutes * 60)),
        "stderr_to_stdout": True,
        "additional_parameters": {"requeue": True},
    }
    return {key: value for key, value in parameters.items() if value not in (None, 0)}


def _laid_out(home: Path, cells: Sequence[Path], resources: Resources) -> Array:
    """The folder of a new array, with what is in it."""
    folder = home / f"gan-bench-{uuid.uuid4().hex[:8]}"
    absolute = tuple(cell.absolute() for cell in cells)
    said = {
        "cells": [os.path.relpath(cell, folder.absolute()) for cell in absolute],
        "resources": asdict(resources),
    }
    try:
        folder.mkdir(parents=True)
        (folder / ARRAY).write_text(json.dumps(said))
    except OSError as error:
        raise StorageError(f"cannot write {folder}: {error.strerror or error}") from error
    return Array(folder, absolute, resources, dict(enumerate(cells)))


@contextmanager
def _only_allowed_variables() -> Iterator[None]:
    """For the block, only those of Slurm's variables remain that say what else a job needs."""
    from submitit.helpers import clean_env

    allowed = {name: os.environ[name] for name in ALLOWED if name in os.environ}
    with clean_env():
        os.environ.update(allowed)
        yield


def _refusal(printed: str) -> str:
    """The reason in what sbatch prints: its last line, without what stands before it."""
    lines = [line for line in printed.splitlines() if line.strip()] or ["sbatch says nothing"]
    return lines[-1].removeprefix("sbatch: error: ").removeprefix("Batch job submission failed: ")
