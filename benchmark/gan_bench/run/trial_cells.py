"""One short cell of each row, trained and measured to see what a run takes on this machine."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil

from gan_bench.base.text import duration, plural
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import UsageError
from gan_bench.contract.protocol import Protocol
from gan_bench.results.layout import PROTOCOL, label_of, protocol_dir
from gan_bench.results.plans import Budget, budget_in, read_plans
from gan_bench.results.reading import Damaged, read_model
from gan_bench.run.budget import MOST, Fit, Trial, fit
from gan_bench.run.folders import folders_of, lay_out
from gan_bench.run.plan import Planned, Say, make_plan
from gan_bench.run.preflight import preflight
from gan_bench.run.request import Request
from gan_bench.run.scheduler import run_cells
from gan_bench.run.states import CellReader
from gan_bench.run.time_left import Pace, pace_of_ended, until_all_end

FIRST_KIMG = 1.0
ENOUGH = 3.0  # seconds of training, from which on its speed is known
MOST_TRIALS = 4
LONGER = 16.0  # a trial is at most so many times as long as the one before

Rehearse = Callable[[Path], None]  # makes the report of a results folder, to see how long it takes


def check_budget(request: Request, dry_run: bool = False) -> None:
    """UsageError for options that do not go with --budget."""
    if request.budget is None:
        return
    if request.until_decided is not None:
        raise UsageError(
            "--budget fixes the number of seeds by the clock and --until-decided by the scores: "
            "leave one of them out"
        )
    if dry_run:
        raise UsageError(
            "--budget trains one short cell of each row to see how fast they are, and --dry-run "
            "trains nothing: leave one of them out"
        )


def within_budget(
    request: Request,
    catalogue: Catalogue,
    planned: Planned,
    results: Path,
    say: Say,
    rehearse: Rehearse,
) -> tuple[Request, Budget]:
    """The request with the kimg and seeds that fit, and what to write down of it.

    What an earlier run of the same command chose is found again in the results folder.
    """
    hours = request.budget or 0.0
    before = _chosen_before(request, planned, results)
    if before:
        say(f"budget of {hours:g} h: as chosen before, {_words(before.kimg, before.seeds)}")
        return _with(request, before.kimg, before.seeds), before
    say(f"budget of {hours:g} h: training one short cell of each row to see how fast they are")
    trial = _try_rows(request, catalogue, say, rehearse)
    chosen = fit(
        replace(trial, spent=seconds_since_start()),
        planned.plan.protocol.schedule,
        3600 * hours,
        _at_once(planned),
        kimg=planned.plan.protocol.schedule.kimg if _is_fixed(request) else None,
        seeds=request.seeds,
    )
    say(_chosen_text(chosen, hours, planned))
    noted = Budget(
        hours=hours,
        kimg=chosen.kimg,
        seeds=chosen.seeds,
        fixed=_fixed(request),
        rows=_rows(planned),
    )
    return _with(request, chosen.kimg, chosen.seeds), noted


def _at_once(planned: Planned) -> int:
    """How many cells run at the same time, if there are many."""
    jobs = planned.choice.resources(MOST * len(planned.plan.cells)).jobs
    if jobs is None:
        raise UsageError(
            f"--budget: how many cells {planned.engine.name} runs at once is not known: give --jobs"
        )
    return jobs


def seconds_since_start() -> float:
    """Seconds since this process began: what is spent of the budget."""
    began: float = psutil.Process().create_time()
    return time.time() - began


def _words(kimg: float, seeds: int) -> str:
    return f"{kimg:g} kimg and {plural(seeds, 'seed')} for each row"


def _chosen_text(chosen: Fit, hours: float, planned: Planned) -> str:
    cells = plural(chosen.seeds * len(_rows(planned)), "cell")
    return (
        f"budget of {hours:g} h: {_words(chosen.kimg, chosen.seeds)}, {cells}, about "
        f"{duration(chosen.seconds)} in all; {chosen.why}"
    )


def _is_fixed(request: Request) -> bool:
    return request.kimg is not None or request.epochs is not None


def _fixed(request: Request) -> tuple[str, ...]:
    sides = {"kimg": _is_fixed(request), "seeds": request.seeds is not None}
    return tuple(name for name, given in sides.items() if given)


def _with(request: Request, kimg: float, seeds: int) -> Request:
    return replace(request, kimg=kimg, epochs=None, seeds=seeds)


def _rows(planned: Planned) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({(cell.architecture, cell.loss) for cell in planned.plan.cells}))


def _chosen_before(request: Request, planned: Planned, results: Path) -> Budget | None:
    """What the same command chose, if a protocol here differs in nothing but the kimg."""
    asked = planned.plan.protocol
    for path in sorted(results.glob(f"*/{PROTOCOL}")):
        try:
            other, noted = read_model(path, Protocol), budget_in(read_plans(path.parent))
        except Damaged:  # which the report shows
            continue
        if noted is None or _at(asked, other.schedule.kimg) != other:
            continue
        same = noted.hours, noted.fixed, noted.rows
        seeds = noted.seeds if request.seeds is None else request.seeds
        if same == (request.budget, _fixed(request), _rows(planned)) and seeds == noted.seeds:
            return noted
    return None


def _at(protocol: Protocol, kimg: float) -> Protocol:
    schedule = protocol.schedule.model_copy(update={"kimg": kimg})
    return protocol.model_copy(update={"schedule": schedule})


def _try_rows(request: Request, catalogue: Catalogue, say: Say, rehearse: Rehearse) -> Trial:
    """Longer and longer trials, until the slowest row has trained for some seconds."""
    kimg = FIRST_KIMG
    for number in range(MOST_TRIALS):
        with tempfile.TemporaryDirectory() as scratch:
            tried = make_plan(_with(request, kimg, 1), catalogue)
            trial = _try(tried, Path(scratch), say, rehearse)
        slowest = max(pace.training for pace in trial.paces)
        if slowest >= ENOUGH or number == MOST_TRIALS - 1:
            break
        kimg = float(f"{kimg * min(LONGER, 1.5 * ENOUGH / max(slowest, 0.01)):.2g}")
    return trial


def _try(planned: Planned, scratch: Path, say: Say, rehearse: Rehearse) -> Trial:
    """Train and measure these cells in a folder of their own, and time each part."""
    protocol = planned.plan.protocol
    jobs = planned.resources.jobs or 1
    since, began = time.time(), time.perf_counter()
    lay_out(planned, scratch)
    folders = folders_of(planned, scratch)
    preflight(folders, protocol_dir(scratch, protocol), say, jobs)
    ready = time.perf_counter()
    list(run_cells(planned.engine, folders, planned.resources, say))
    ended = time.perf_counter()
    rehearse(scratch)
    paces = [_pace(folder, protocol, since) for folder in folders]
    rest = planned.plan.protocol.schedule.looks
    known = until_all_end([], [pace.training + pace.rest(rest) for pace in paces], jobs)
    starting = max(0.0, ended - ready - known) / math.ceil(len(paces) / jobs)
    return Trial(
        kimg=protocol.schedule.kimg,
        paces=tuple(replace(pace, begin=pace.begin + starting) for pace in paces),
        before=ready - began,
        after=time.perf_counter() - ended,
    )


def _pace(folder: Path, protocol: Protocol, since: float) -> Pace:
    state = CellReader(folder, protocol, since).state()
    pace = pace_of_ended(state, protocol, since)
    if pace is None:
        reason = state.ended.record.reason if state.ended else None
        raise UsageError(
            f"--budget: {label_of(folder)} did not get through a short training, so that its time "
            f"is not known{f': {reason}' if reason else ''}; give --kimg and --seeds instead"
        )
    return pace
