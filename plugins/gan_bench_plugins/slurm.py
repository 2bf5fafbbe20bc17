"""The engine `slurm`: cells as the tasks of a job array in the queue of a cluster.

One array holds all cells that wait, and several do where Slurm takes no array of that length, or
where branches of several cells are trained. The jobs outlive the process that queued them: the same
command finds them in the queue by their name.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from gan_bench import Engine, GanBenchError, Resources, UsageError, engine_dir, hookimpl
from gan_bench_plugins.slurm_array import Array, arrays_in, submitted
from gan_bench_plugins.slurm_queue import cancel, largest_array, tasks

NAME = "slurm"
COMMANDS = ("sbatch", "srun", "squeue", "scancel", "scontrol")
LOOK_SECONDS = 1.0, 15.0  # between two looks at the queue: at first, and after five minutes
SETTLE_SECONDS = 20.0  # until a file that another machine has written is seen on a shared disk
GRACE_SECONDS = 90.0  # for the jobs to end that were cancelled; Slurm kills them after KillWait
VANISHED = -15  # the exit code of a task that left none: it was ended from outside


def start(cells: Sequence[Path], resources: Resources) -> Iterator[tuple[Path, int]]:
    """Queue the cells, but those that are in the queue already; yield each with its exit code."""
    if not cells:
        return
    _check(resources)
    homes = dict.fromkeys(engine_dir(cell, NAME) for cell in cells)
    arrays = _still_queued(homes, cells, resources)
    shared = {array.name for array in arrays if array.shared}
    queued = {cell for array in arrays for cell in array.waiting.values()}
    chunks = _chunks([cell for cell in cells if cell not in queued], largest_array())
    try:
        while arrays or chunks:
            # with --jobs, no two arrays at once: each would have so many cells at work
            while chunks and not (arrays and resources.jobs):
                chunk = chunks.pop(0)
                arrays.append(submitted(engine_dir(chunk[0], NAME), chunk, resources))
            yield from _ended(arrays)
            arrays.clear()
    finally:
        if _end(homes, arrays, shared):
            _tidy(homes, shared)


def _check(resources: Resources) -> None:
    share = resources.gpus_per_cell or 0
    if share != int(share):
        raise UsageError(
            f"--gpus-per-cell {share:g}: Slurm gives whole GPUs to a job. Give 1; or queue a job "
            "of your own that runs gan-bench with --engine local, where cells can share one"
        )


def _chunks(cells: Sequence[Path], most: int) -> list[Sequence[Path]]:
    """The cells in arrays of a length that Slurm takes, those of each home apart."""
    by_home: dict[Path, list[Path]] = {}
    for cell in cells:
        by_home.setdefault(engine_dir(cell, NAME), []).append(cell)
    return [own[k : k + most] for own in by_home.values() for k in range(0, len(own), most)]


def _arrays(homes: Iterable[Path]) -> list[Array]:
    """The arrays whose files are there."""
    return [array for home in homes for array in arrays_in(home)]


def _still_queued(
    homes: Iterable[Path], cells: Sequence[Path], resources: Resources
) -> list[Array]:
    """The arrays of an earlier process that are in the queue now, with those of these cells.

    What of them has not begun, and was queued with other resources, leaves the queue.
    """
    earlier = _arrays(homes)
    listing = tasks() if earlier else {}
    if listing is None:
        raise GanBenchError("squeue does not answer, and cells may still be queued: try again")
    wanted, found = {cell.absolute(): cell for cell in cells}, []
    for array in earlier:
        queued = listing.get(array.name, {})
        taken_up = array.taken_up(wanted, queued)
        if array.resources != resources:
            late = [index for index in taken_up.waiting if queued[index].state == "PENDING"]
            cancel(*(queued[index].job for index in late))
            for index in late:
                del taken_up.waiting[index]
        if taken_up.waiting or taken_up.shared:
            found.append(taken_up)
    return found


def _ended(arrays: Sequence[Array]) -> Iterator[tuple[Path, int]]:
    """Each cell of these arrays when its task is in the queue no more, with its exit code."""
    began, missed = time.monotonic(), dict[tuple[str, int], float]()
    while any(array.waiting for array in arrays):
        time.sleep(_pause(time.monotonic() - began))
        listing = tasks()
        if listing is None:  # the controller does not answer now
            continue
        for array in arrays:
            for index in array.gone(listing.get(array.name, {})):
                since = missed.setdefault((array.name, index), time.monotonic())
                code = array.exit_code(index)
                if code is None and time.monotonic() - since < SETTLE_SECONDS:
                    continue
                if code is None:
                    array.say_vanished(index)
                yield array.waiting.pop(index), VANISHED if code is None else code


def _pause(age: float) -> float:
    """Seconds to the next look: a cluster is asked the less often, the longer it takes."""
    first, last = LOOK_SECONDS
    return min(last, max(first, age / 20))


def _end(homes: Iterable[Path], arrays: Sequence[Array], shared: Collection[str]) -> bool:
    """Cancel what is in the queue, and wait until cells at work have saved their state.

    Whether all have ended.
    """
    try:
        _cancel(homes, arrays, shared)
    except BaseException:  # a second interrupt, which may have come before scancel was started
        _cancel(homes, arrays, shared)
        raise
    waited_for = [array for array in arrays if array.waiting]
    end = time.monotonic() + GRACE_SECONDS
    while waited_for and time.monotonic() < end:
        if (listing := tasks()) is not None:
            waited_for = [each for each in waited_for if each.in_queue(listing.get(each.name, {}))]
        time.sleep(LOOK_SECONDS[0] if waited_for else 0)
    return not waited_for


def _cancel(homes: Iterable[Path], arrays: Sequence[Array], shared: Collection[str]) -> None:
    """An array that was just being queued is cancelled too: its folder has its name."""
    for name in {array.name for array in _arrays(homes)} - set(shared):
        cancel(f"--name={name}")
    for array in arrays:
        if array.name in shared and array.waiting:
            cancel(*array.jobs())


def _tidy(homes: Iterable[Path], shared: Collection[str]) -> None:
    """Delete the files of arrays that have ended."""
    for array in _arrays(homes):
        if array.name not in shared:
            shutil.rmtree(array.folder, ignore_errors=True)
    for folder in (each for home in homes for each in (home, home.parent)):
        with suppress(OSError):  # something else is there
            folder.rmdir()


def missing() -> str | None:
    """What must be installed first."""
    if find_spec("submitit") is None:
        return "install submitit: pip install 'gan-bench[slurm]'"
    if lacking := [name for name in COMMANDS if shutil.which(name) is None]:
        return f"there is no {lacking[0]} here: run it on a machine from which jobs are queued"
    return None


@hookimpl
def gan_bench_engines() -> list[Engine]:
    """`slurm`."""
    return [
        Engine(
            name=NAME,
            source="A job array of a Slurm cluster, through submitit; results on a shared folder.",
            start=start,
            takes=frozenset({"cpus_per_cell", "gpus_per_cell", "partition", "minutes_per_cell"}),
            at_once=lambda resources: resources.jobs,
            missing=missing,
        )
    ]
