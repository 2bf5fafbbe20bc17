"""A planned study -> its trained cells, all measured on both halves of the reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console

from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import UsageError
from gan_bench.results.layout import evaluation_dir, is_study, protocol_folder_of
from gan_bench.results.locks import alone_in
from gan_bench.results.measurements import ask_for
from gan_bench.results.reading import Damaged
from gan_bench.results.scale import has_scale, read_scale, write_scale
from gan_bench.results.studies import HALVES, Study, read_study, write_study
from gan_bench.run.folders import check_writable, folders_of, lay_out, standing
from gan_bench.run.halving import rungs, train_halving
from gan_bench.run.plan_study import PlannedStudy, plan_study
from gan_bench.run.preflight import preflight
from gan_bench.run.progress import Watch, data_notes, preparing
from gan_bench.run.request import Request
from gan_bench.run.resources import cells_here
from gan_bench.run.scheduler import run_cells
from gan_bench.run.train_cells import Stopping


def begin_study(
    request: Request,
    space: Path | None,
    trials: int,
    catalogue: Catalogue,
    results: Path,
    console: Console,
) -> tuple[PlannedStudy, Watch]:
    """The planned study, and what will show how its cells train; prints the notes of the plan."""
    check_writable(results)
    with preparing(console, request.data or "images") as update:
        planned = plan_study(request, space, trials, catalogue, results, update)
    study, jobs = planned.study, planned.resources.jobs
    watch = Watch(console, study.protocol, planned.cells(), jobs, name=study.label)
    for note in [*planned.notes, *data_notes(planned.trials[0].prepared)]:
        watch.say(note)
    return planned, watch


def train_study(
    planned: PlannedStudy,
    watch: Watch,
    retry_failed: bool = False,
    halve: bool = False,
    stopping: Stopping = lambda _: nullcontext(),
) -> int:
    """Train and measure every cell that is not complete. How many were refused?

    A cell is refused if its checkpoint is of other code. `halve`: half of the trials of a row are
    stopped early, twice. `stopping` is entered while cells train.
    """
    if halve:
        rungs(planned.study.protocol.schedule)  # before anything is written
    with alone_in(planned.folder, "training"):
        lay_out_study(planned, retry_failed)
        watch.say(f"{standing(watch.folders)} in {planned.folder}")
        share_scales(watch.folders, planned.study)
        home = protocol_folder_of(watch.folders[-1])  # whose scale the preflight measures
        with watch.console.status("testing one step of every pair") as status:
            at_once = cells_here(planned.engine, planned.resources)
            refused = preflight(watch.folders, home, watch.say, at_once, status.update)
        share_scales(watch.folders, planned.study)

        def run_some(cells: Sequence[Path]) -> None:
            waiting = [cell for cell in cells if cell not in refused]
            for folder in run_cells(planned.engine, waiting, planned.resources, watch.say):
                watch.ended(folder)
                share_scales(watch.folders, planned.study)

        with stopping(watch.say), watch.showing():
            if halve:
                study = read_study(planned.folder)
                train_halving(study, planned.folder, planned.by_row(), run_some)
            else:
                run_some(watch.folders)
    return len(refused)


def lay_out_study(planned: PlannedStudy, retry_failed: bool = False) -> None:
    """Write the study and the folders of all trials; every cell is asked for both halves."""
    write_study(planned.folder, _with_earlier(planned.study, planned.folder))
    for trial in planned.trials:
        lay_out(trial, planned.folder, retry_failed)
        for cell, folder in zip(trial.plan.cells, folders_of(trial, planned.folder), strict=True):
            for half in HALVES:
                ask_for(folder, planned.study.evaluation(half), cell.environment)


def _with_earlier(study: Study, folder: Path) -> Study:
    """The study with the rows, seeds and trials that it had before."""
    if not is_study(folder):
        return study
    try:
        earlier = read_study(folder)
    except Damaged:  # it will be written again
        return study
    common = min(len(study.trials), len(earlier.trials))
    if study.trials[:common] != earlier.trials[:common]:
        raise UsageError(
            f"{folder} was planned with other points of the same space, as another version of "
            "scipy draws them: go on with that version, or choose another --results"
        )
    return study.with_those_of(earlier)


def share_scales(cells: Iterable[Path], study: Study) -> None:
    """Give every trial the scales that one of them has: real images depend on no schedule."""
    homes = list(dict.fromkeys(map(protocol_folder_of, cells)))
    slugs = [study.evaluation(half).slug for half in HALVES]
    _share(homes)
    for slug in slugs:
        _share([evaluation_dir(home, slug) for home in homes])


def _share(folders: Sequence[Path]) -> None:
    having = [folder for folder in folders if has_scale(folder)]
    scale = read_scale(having[0]) if having else None
    if scale is not None:
        for folder in folders:
            if folder not in having:
                write_scale(folder, scale)
