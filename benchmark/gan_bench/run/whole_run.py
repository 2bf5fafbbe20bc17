"""A request -> trained cells, in two steps: plan the run, then train all its cells."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from gan_bench.base.escape import plain
from gan_bench.catalogue import Catalogue
from gan_bench.results.layout import protocol_dir
from gan_bench.run.asked_entries import Asked, How
from gan_bench.run.deciding import Decide, check_seeds, train_until_decided, with_test
from gan_bench.run.folders import check_writable, folders_of
from gan_bench.run.plan import Planned, make_plan
from gan_bench.run.plan_measuring import at_home
from gan_bench.run.progress import Watch, data_notes, preparing
from gan_bench.run.reproduce import Where, plan_reproduction
from gan_bench.run.request import Request
from gan_bench.run.train_cells import Stopping, train_cells
from gan_bench.run.trial_cells import Rehearse, check_budget, within_budget


def plan_run(
    request: Request,
    catalogue: Catalogue,
    results: Path,
    console: Console,
    rehearse: Rehearse = lambda _: None,
) -> tuple[Planned, Watch]:
    """The plan, with its images prepared, and what will show how its cells train.

    `rehearse` makes a report, for a budget that counts its time too.

    Prints the notes of the plan. Raises a GanBenchError for what cannot be run.
    """
    check_seeds(request)
    check_budget(request)
    check_writable(results)
    with preparing(console, request.data or "images") as update:
        planned = at_home(make_plan(request, catalogue, update, results), results)
    planned = with_test(planned, results)
    if request.budget is not None:
        planned = _within_budget(request, catalogue, planned, results, console, rehearse)
    watch = Watch(
        console, planned.plan.protocol, folders_of(planned, results), planned.resources.jobs
    )
    for note in [*planned.notes, *data_notes(planned.prepared)]:
        watch.say(note)
    return planned, watch


def _within_budget(
    request: Request,
    catalogue: Catalogue,
    planned: Planned,
    results: Path,
    console: Console,
    rehearse: Rehearse,
) -> Planned:
    """The plan with the training length and the seeds that fit into the time."""

    def say(text: str) -> None:
        console.print(plain(text), markup=False, highlight=False, soft_wrap=True)

    fitted, budget = within_budget(request, catalogue, planned, results, say, rehearse)
    return replace(at_home(make_plan(fitted, catalogue), results), budget=budget)


def plan_again(
    cells: Sequence[Path], where: Where, console: Console
) -> tuple[Planned, Watch, Catalogue]:
    """The plan to train these cells again in another results folder, with its images prepared."""
    check_writable(where.results)
    with preparing(console, "images") as update:
        planned, catalogue = plan_reproduction(cells, where, update)
    folders = folders_of(planned, where.results)
    watch = Watch(console, planned.plan.protocol, folders, planned.resources.jobs)
    return planned, watch, catalogue


def train(
    planned: Planned,
    watch: Watch,
    catalogue: Catalogue,
    results: Path,
    decide: Decide,
    retry_failed: bool = False,
    stopping: Stopping = lambda _: nullcontext(),
) -> int:
    """Train the plan, look by look if a test adds its seeds. How many cells were refused?"""
    if planned.sequential is None:
        return train_cells(planned, watch, catalogue, results, retry_failed, stopping)
    return train_until_decided(
        planned, planned.sequential, watch, catalogue, results, decide, retry_failed, stopping
    )


def score_asked(
    asked: Sequence[Asked],
    planned: Planned,
    results: Path,
    watch: Watch,
    z_dim: int | None = None,
    trust: bool = False,
    overwrite: bool = False,
) -> None:
    """Score entries beside the trained cells, by the protocol's evaluation.

    Images, plugins and weights are where this run reads them: cells that were done before may
    know another place.
    """
    if not asked:
        return
    from gan_bench.run.entries import score_entries
    from gan_bench.run.hardware import is_here  # it imports torch

    request = planned.choice.request
    how = How(
        device=request.device if is_here(planned.choice.device) else "auto",
        plugins=request.plugins,
        environment=planned.plan.cells[0].environment,
        z_dim=z_dim,
        trust=trust,
        max_bad=request.max_bad,
        replace=overwrite,
    )
    watch.say(f"scoring entries: {', '.join(each.name for each in asked)}")
    home = protocol_dir(results, watch.protocol)
    score_entries(home, asked, how, lambda *_: None, watch.say)
