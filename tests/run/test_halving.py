"""Which trials go on when half of them are stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
from planning import record

from gan_bench import UsageError
from gan_bench.contract.protocol import MetricSpec
from gan_bench.contract.schedule import Schedule
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import TICKS
from gan_bench.results.reading import read_lines
from gan_bench.results.studies import read_study
from gan_bench.run.dry_study import work
from gan_bench.run.halving import NEVER, cost_at, kept_of, rungs, train_halving
from laid_study import write_trials

ROW = "dense", "hinge"
COSTS = {0: 9.0, 1: 3.0, 2: 1.0, 3: NEVER, 4: 2.0}


def test_the_best_go_on_and_the_default_schedule_always_does() -> None:
    assert kept_of(COSTS, 2) == [0, 2, 4]
    assert kept_of(COSTS, 5) == [0, 1, 2, 3, 4]
    assert kept_of({1: NEVER, 2: NEVER}, 1) == [1]  # the earlier one, where nothing is known


def test_trials_are_stopped_at_a_quarter_and_a_half() -> None:
    assert rungs(Schedule(kimg=1, ticks=4)) == [1, 2]
    assert rungs(Schedule(kimg=1, ticks=10)) == [2, 5]
    with pytest.raises(UsageError, match="give 4 or more"):
        rungs(Schedule(kimg=1, ticks=3))


def test_eight_trials_take_half_of_the_work() -> None:
    assert work(8) == (8 / 4 + 4 / 4 + 2 / 2) / 8


@pytest.mark.parametrize(
    ("ticks", "status", "expected"),
    [
        ([3.0, 2.0, 9.0], None, 2.0),
        ([3.0, 2.0], "diverged", 2.0),  # after the tick: as when it was looked at before that
        ([3.0], "diverged", NEVER),  # before it, however good its last tick was
        ([3.0], "failed", NEVER),
        ([3.0], "collapsed", 3.0),  # with --on-collapse stop: it is measured as it is
        ([3.0], None, NEVER),  # it was not started, for its checkpoint is of other code
        ([], None, NEVER),
    ],
)
def test_a_trial_is_judged_by_its_score_at_the_tick_or_by_its_end_before_that(
    ticks: list[float], status: str | None, expected: float, tmp_path: Path
) -> None:
    cell = tmp_path / "dense" / "minimax" / "seed0"
    cell.mkdir(parents=True)
    for score in ticks:
        append_line(cell / TICKS, {"scores": {"fd": score}})
    if status:
        record(cell, status)
    metric = MetricSpec(name="fd", higher_is_better=False, features="eye")
    assert cost_at([cell], 2, metric) == expected


@pytest.mark.parametrize("damaged", [{}, {"scores": 3}, {"scores": {"fd": None}}, {"scores": []}])
def test_a_trial_whose_tick_is_damaged_has_no_score_there(
    damaged: dict[str, object], tmp_path: Path
) -> None:
    append_line(tmp_path / TICKS, {"scores": {"fd": 3.0}})
    append_line(tmp_path / TICKS, damaged)
    metric = MetricSpec(name="fd", higher_is_better=False, features="eye")
    assert cost_at([tmp_path], 1, metric) == 3.0
    assert cost_at([tmp_path], 2, metric) == NEVER


def test_a_trial_that_failed_is_not_stopped_and_is_given_to_the_engine_to_the_end(
    tmp_path: Path,
) -> None:
    """Of four trials the last fails at once, and one of the others is stopped at each rung."""
    folder = write_trials(tmp_path, {"dense": [None] * 4})
    study = read_study(folder)
    cells = {ROW: {k: [cell] for k, cell in enumerate(study.cells(folder))}}
    started = list[Path]()

    def run_some(waiting: list[Path]) -> None:
        started[:] = waiting
        for cell in waiting:
            k = next(k for k, (own,) in cells[ROW].items() if own == cell)
            if k == 3:
                record(cell, "failed")
            elif len(read_lines(cell / TICKS)) < study.protocol.schedule.ticks:
                append_line(cell / TICKS, {"scores": {"fd-eye": float(k)}})

    at = study.protocol.schedule
    assert at.ticks >= 4
    ended = train_halving(study, folder, cells, run_some)
    assert (*ROW, 3) not in ended.stopped
    assert 1 <= len(ended.stopped) <= 2
    assert cells[ROW][3][0] in started  # to be measured, as the others are
