"""Cells whose training failed -> every remedy tried on each of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from gan_bench.run.autopsy import Case, Trials, case_of, chosen, trials_of
from gan_bench.run.branching import Tick, train_forks
from gan_bench.run.plan_measuring import MeasureRequest
from gan_bench.run.train_cells import Stopping
from gan_bench.run.whole_branching import origins_of, ticks_of, watch_of


@dataclass(frozen=True)
class Examined:
    """The cases, the tick of each at which its branches began, and all that was tried there."""

    cases: list[Case]
    ticks: list[Tick]
    trials: Trials
    damaged: list[str]  # a note on each tick that could not be taken


def examine(
    cells: Sequence[Path],
    remedies: Sequence[str],
    seeds: int,
    kimg: float | None,
    request: MeasureRequest,
    console: Console,
    stopping: Stopping = lambda _: nullcontext(),
) -> Examined:
    """Try the remedies, or all that are installed, from the tick before each verdict.

    `kimg`: begin there instead. UsageError for an unknown remedy and for a kimg at
    which no branch can begin, before a cell is trained again.
    """
    origins = origins_of(cells, request, console)
    cases = [case_of(origin) for origin in origins]
    for origin in origins:
        chosen(origin, remedies)
    kimgs = [case.kimg if kimg is None else kimg for case in cases]
    ticks, damaged = ticks_of(origins, kimgs, request, console, stopping)
    trials = trials_of(origins, ticks, remedies, seeds)
    watch = watch_of(trials.forks, request, console)
    for note in [*damaged, *(case.note for case in cases), *trials.notes]:
        watch.say(note)
    train_forks(trials.forks, watch, request, stopping)
    return Examined(cases, ticks, trials, damaged)
