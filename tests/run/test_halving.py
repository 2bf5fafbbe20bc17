"""Which trials go on when half of them are stopped."""

from __future__ import annotations

import pytest

from gan_bench import UsageError
from gan_bench.contract.schedule import Schedule
from gan_bench.run.dry_study import work
from gan_bench.run.halving import NEVER, kept_of, rungs

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
