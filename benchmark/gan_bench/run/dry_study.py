"""What a study would do, and how long it would take; nothing is prepared or trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_bench.base.text import duration, plural
from gan_bench.catalogue import Catalogue
from gan_bench.results.studies import HALVES, SHARES
from gan_bench.run.choose_space import choose_space
from gan_bench.run.dry_run import DryRun, at_once, dry_run
from gan_bench.run.halving import rungs
from gan_bench.run.plan import choose
from gan_bench.run.plan_study import naming_trial, trial_request
from gan_bench.run.points import points
from gan_bench.run.request import Request
from gan_bench.run.schedule_text import settings_text
from gan_bench.run.time_measuring import Timer


@dataclass(frozen=True)
class DryStudy:
    """Every trial with what it changes, and the estimates of all its cells."""

    settings: tuple[Mapping[str, Any], ...]
    trials: tuple[DryRun, ...]
    halve: bool

    @property
    def seconds(self) -> float:
        """Of all trainings, one after another, and of measuring them three times each.

        With `--halve` the trials that it stops are left out as a share: which they are is not
        known.
        """
        trains = sum(each.train_seconds for each in self.trials)
        measures = sum(each.measure_seconds for each in self.trials) * (1 + len(HALVES))
        return (trains * work(len(self.trials)) if self.halve else trains) + measures

    def lines(self) -> list[tuple[str, str]]:
        """For people: a title and a text for each line."""
        first = self.trials[0]
        cells = sum(len(each.plan.cells) for each in self.trials)
        per_trial = plural(len(first.plan.cells), "cell")
        head = [line for line in first.lines() if line[0] in ("data", "schedule", "note")]
        return [
            *head,
            ("cells", f"{cells}: {per_trial} in each of {plural(len(self.trials), 'trial')}"),
            *((f"trial {k}", settings_text(each)) for k, each in enumerate(self.settings)),
            ("time", f"{duration(self.seconds)}, one cell after another{at_once(first.jobs)}"),
        ]

    def document(self) -> dict[str, Any]:
        """For a program."""
        trials = zip(self.settings, self.trials, strict=True)
        return {
            "seconds": self.seconds,
            "trials": [{"settings": each, "plan": plan.document()} for each, plan in trials],
        }


def work(trials: int) -> float:
    """The share of the training that halving leaves, where no row stops or keeps one more."""
    left, before, total = trials, 0.0, 0.0
    for share in SHARES:
        total += left * (share - before)
        left, before = -(-left // 2), share
    return (total + left * (1 - before)) / trials


def dry_study(
    request: Request,
    space: Path | None,
    trials: int,
    catalogue: Catalogue,
    results: Path,
    halve: bool,
) -> DryStudy:
    """Plan every trial without images. Raises a GanBenchError for what cannot be run."""
    schedule = choose(request, catalogue, trials).schedule
    if halve:
        rungs(schedule)
    chosen = choose_space(space, schedule, catalogue)
    settings = points(chosen, trials, schedule)
    runs, timer = [], Timer()
    for k, each in enumerate(settings):
        with naming_trial(k, each):
            asked = trial_request(request, each) if each else request
            runs.append(dry_run(asked, catalogue, results, timer=timer))
    return DryStudy(tuple(settings), tuple(runs), halve)
