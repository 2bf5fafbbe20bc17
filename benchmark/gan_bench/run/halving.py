"""Successive halving: the worse half of a row's trials is stopped early, twice.

Karnin et al. 2013; Jamieson & Talwalkar 2016, 1502.07943, with eta = 2 and kimg as the budget. The
scores of ticks decide. The default schedule always goes on, because the table shows it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from statistics import fmean

from gan_bench.base.numbers import number
from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.contract.protocol import Cell, MetricSpec
from gan_bench.contract.schedule import Schedule
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import CELL, TICKS
from gan_bench.results.reading import read_lines, read_model
from gan_bench.results.records import WITHOUT_SCORES, read_record
from gan_bench.results.studies import Row, Study, early_ticks, write_study
from gan_bench.run.folders import done

LEAST_TICKS = 4
NEVER = float("inf")  # the cost of what has no score

RunSome = Callable[[list[Path]], None]
Cells = Mapping[Row, Mapping[int, list[Path]]]  # row -> trial -> its seeds


def rungs(schedule: Schedule) -> list[int]:
    """The ticks at which half of the trials are stopped. UsageError if there are too few."""
    if schedule.ticks < LEAST_TICKS:
        raise UsageError(
            f"--halve looks at ticks after a quarter and a half of the schedule, and --ticks "
            f"{schedule.ticks} are too few: give {LEAST_TICKS} or more"
        )
    return early_ticks(schedule.ticks)


def train_halving(study: Study, folder: Path, cells: Cells, run_some: RunSome) -> Study:
    """Train the trials of each row in three stages; the study, with what was stopped.

    What decides is read from the cells' files, so the same command goes on with the same trials. A
    trial whose trainings have all ended by themselves is not stopped, however bad it is.
    """
    metric, going = (
        study.protocol.evaluation.at_ticks,
        {row: list(each) for row, each in cells.items()},
    )
    stopped = list[tuple[str, str, int]]()
    for rung, tick in enumerate(rungs(study.protocol.schedule), 1):
        every = [path for row, kept in going.items() for k in kept for path in cells[row][k]]
        _pause(every, tick)
        run_some([path for path in every if not done(path) and not _reached(path, tick)])
        for row, trials in going.items():
            costs = {k: cost_at(cells[row][k], tick, metric) for k in trials}
            going[row] = kept_of(costs, -(-len(cells[row]) // 2**rung))
            stopped += [
                (*row, k)
                for k in trials
                if k not in going[row] and not all(map(done, cells[row][k]))
            ]
        study = study.model_copy(update={"stopped": tuple(stopped)})
        write_study(folder, study)
    rest = [
        path
        for row, trials_of in cells.items()
        for k, paths in trials_of.items()
        if (*row, k) not in study.stopped
        for path in paths
    ]
    _pause(rest, None)
    run_some(rest)
    return study


def kept_of(costs: Mapping[int, float], most: int) -> list[int]:
    """The best of the trials, and the default schedule, in their order."""
    ranked = sorted(costs, key=lambda k: (costs[k], k))
    return sorted({*ranked[:most], *[k for k in costs if k == 0]})


def _pause(cells: Iterable[Path], tick: int | None) -> None:
    """Say in the files of the cells that are not done where they pause."""
    for path in cells:
        if not done(path):
            cell = read_model(path / CELL, Cell)
            environment = cell.environment.model_copy(update={"pause": tick})
            paused = cell.model_copy(update={"environment": environment})
            write_json(path / CELL, paused.model_dump(mode="json"))


def _reached(cell: Path, tick: int) -> bool:
    return len(read_lines(cell / TICKS)) >= tick


def cost_at(cells: list[Path], tick: int, metric: MetricSpec) -> float:
    """The mean cost of the seeds of a trial at a tick."""
    scores = [_score(cell, tick, metric) for cell in cells]
    known = [metric.cost(score) for score in scores if score is not None]
    return fmean(known) if len(known) == len(scores) else NEVER


def _score(cell: Path, tick: int, metric: MetricSpec) -> float | None:
    """The score at a tick. Of a training that ended before, its last, unless it has no scores."""
    lines = read_lines(cell / TICKS)[:tick]
    if len(lines) < tick and not _has_scores(cell):
        return None
    score = number(lines[-1], "scores", metric.name) if lines else math.nan
    return score if math.isfinite(score) else None  # the line may be damaged


def _has_scores(cell: Path) -> bool:
    try:
        return read_record(cell).status not in WITHOUT_SCORES
    except StorageError:  # it has not ended, or its record is damaged
        return False
