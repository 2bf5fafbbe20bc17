"""Trained cells of one protocol -> their scores by another evaluation."""

from __future__ import annotations

import shlex
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console

from gan_bench.results.locks import alone_in, remove_parts
from gan_bench.run.plan_measuring import MeasureRequest, PlannedMeasuring, plan_measuring
from gan_bench.run.progress import Watch, preparing
from gan_bench.run.scheduler import run_cells
from gan_bench.run.train_cells import Stopping


def plan_measure(
    folder: Path, request: MeasureRequest, console: Console
) -> tuple[PlannedMeasuring, Watch]:
    """The evaluation of the cells in a protocol's folder, and what will show how it proceeds.

    Prints the notes of the plan. Raises a GanBenchError for what cannot be measured.
    """
    with preparing(console, "images") as update:
        planned = plan_measuring(folder, request, update)
    watch = Watch(console, planned.protocol, list(planned.cells), planned.resources.jobs)
    for note in planned.notes:
        watch.say(note)
    return planned, watch


def measure_cells(
    planned: PlannedMeasuring,
    watch: Watch,
    again: bool = False,
    stopping: Stopping = lambda _: nullcontext(),
) -> str:
    """Measure every cell that has no scores by this evaluation; the slug of their board.

    `again`: also those that have some. `stopping` is entered while cells are measured.
    """
    with alone_in(planned.folder, "measuring", within=planned.folder):
        remove_parts(planned.folder)
        planned.lay_out(again)
        where = shlex.quote(str(planned.folder))
        watch.say(f"{planned.standing()} by {planned.slug} in {where}")
        with stopping(watch.say), watch.showing():
            for cell in run_cells(planned.engine, watch.folders, planned.resources, watch.say):
                watch.measured(cell)
    return planned.board
