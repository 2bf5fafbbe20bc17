"""The trial of a cell's pair before its training, made here and again in a fresh process."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from gan_bench.results.layout import LOG
from gan_bench.run.task import Task, read_task
from gan_bench.train.repeatable import Trial


def trial_of(task: Task, folder: Path) -> Trial:
    """The trial of the pair of this cell's folder, on the CPU."""
    return Trial(
        begin=lambda: task.begin("cpu"),
        loss=task.loss,
        images=task.prepared.train,
        labels=task.labels,
        schedule=task.schedule,
        seed=task.cell.seed,
        again=partial(trial_in, folder),
    )


def trial_in(folder: Path) -> Trial:
    """The same in a fresh process, whose output goes into the cell's log from now on."""
    print_to(folder / LOG)
    return trial_of(read_task(folder), folder)


def print_to(path: Path) -> None:
    """From now on all output goes into this log, also that of code which is not Python."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for number in (1, 2):
        os.dup2(handle, number)
    os.close(handle)
