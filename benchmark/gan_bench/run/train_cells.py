"""Train and measure the cells of a plan: lay them out, test each pair, start them by the engine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from gan_bench.base.text import plural
from gan_bench.catalogue import Catalogue
from gan_bench.results.layout import CONTACT_SHEET, protocol_dir
from gan_bench.results.locks import alone_in
from gan_bench.run.folders import lay_out, standing, without_best
from gan_bench.run.parts import trained_by_other_code
from gan_bench.run.plan import Planned, Say
from gan_bench.run.preflight import preflight
from gan_bench.run.progress import Watch
from gan_bench.run.resources import cells_here
from gan_bench.run.scheduler import run_cells

Stopping = Callable[[Say], AbstractContextManager[None]]  # entered while cells train


def train_cells(
    planned: Planned,
    watch: Watch,
    catalogue: Catalogue,
    results: Path,
    retry_failed: bool = False,
    stopping: Stopping = lambda _: nullcontext(),
) -> int:
    """Train and measure every cell that is not complete. How many were refused?

    A cell is refused if its checkpoint is of other code.

    `stopping` is entered while cells train; it may answer signals.
    """
    home = protocol_dir(results, planned.plan.protocol)
    with alone_in(home, "training"):
        lay_out(planned, results, retry_failed)
        watch.say(f"contact sheet: {home / CONTACT_SHEET}")
        watch.say(f"{standing(watch.folders)} in {home}")
        if warning := trained_by_other_code(planned.plan, watch.folders, catalogue):
            watch.say(warning)
        if planned.choice.request.keep == "best" and (warning := without_best(watch.folders)):
            watch.say(warning)
        with watch.console.status("testing one step of every pair") as status:
            at_once = cells_here(planned.engine, planned.resources)
            refused = preflight(watch.folders, home, watch.say, at_once, status.update)
        started = [folder for folder in watch.folders if folder not in refused]
        with stopping(watch.say), watch.showing():
            for folder in run_cells(planned.engine, started, planned.resources, watch.say):
                watch.ended(folder)
    return len(refused)


def refusal(refused: int) -> str | None:
    """What to say of cells whose checkpoint is of other code; None if there are none."""
    if not refused:
        return None
    have = "was" if refused == 1 else "were"
    return (
        f"{plural(refused, 'cell')} {have} not trained: a checkpoint belongs to another "
        "training, see above"
    )
