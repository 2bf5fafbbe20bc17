"""How long a run will take: to show 10 kimg at 500 images/s is 20 s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from watching import PROTOCOL

from gan_bench.results.records import Record
from gan_bench.run.states import Clock, Ended, State
from gan_bench.run.time_left import time_left


def spent(state: State, training: float, seconds: float, at: float = 100) -> State:
    """The cell has ended after so many seconds; so many of them it trained."""
    names = ("images_per_second", "evaluate_seconds", "peak_memory_mib", "g_parameters")
    cost = dict.fromkeys((*names, "d_parameters"), 1) | {"train_seconds": training}
    arch, loss, seed = state.folder.parts[-3:]
    document = {"architecture": arch, "loss": loss, "seed": int(seed[4:]), "status": "finished"}
    record = Record.model_validate(document | {"ended": "now", "cost": cost})
    return State(state.folder, "ended", ended=Ended(record, at, seconds))


def waiting(*names: str) -> list[State]:
    return [State(Path("results/protocol") / name, "waiting") for name in names]


def left(states: Sequence[State], jobs: int = 1) -> str:
    return str(time_left(states, PROTOCOL, jobs, since=50))


def training(state: State, kimg: float = 5.0, clock: Clock | None = None) -> State:
    return replace(
        state, phase="training", kimg=kimg, images_per_second=500.0, scores=(3.0,), clock=clock
    )


def test_what_is_left_is_unknown_then_at_least_the_training_then_all_of_it() -> None:
    one, two, three = waiting("a/b/seed0", "a/b/seed1", "a/b/seed2")
    assert left([one, two, three]) == left([]) == "time left unknown"
    assert left([training(one), two, three]) == "more than 50 s left"
    measuring = replace(training(one, 10.0), phase="measuring")
    assert left([measuring]) == "time left unknown"  # not 0 s
    assert left([measuring, two]) == "more than 20 s left"
    ended = spent(one, training=22, seconds=40)  # 18 s besides the training
    assert left([ended, two, three]) == "about 1 min 20 s left"
    working = training(two, clock=Clock(since_point=1, begin=17, training=10, ticks=0))
    assert left([ended, working, three]) == "about 49 s left"  # 10, and 39: the mean of 40 and 38
    measuring = replace(training(two, 10.0, Clock(0, 9, 20, 0)), phase="measuring")
    assert left([ended, measuring]) == "a few seconds left"


def test_from_its_first_tick_on_a_cell_tells_how_long_all_others_take() -> None:
    """10 ticks of 2 s; its end is taken to last as long as 2 + 0.9 * 50 / 256 of them: 4.35 s."""
    one, two, other = waiting("a/b/seed0", "a/b/seed1", "c/b/seed0")
    before = training(one, 1.0, Clock(since_point=1, begin=6, training=2, ticks=0))
    assert left([before, two]) == "more than 38 s left"
    clock = Clock(since_point=1, begin=6, training=2, ticks=2, ticks_counted=1)
    working = training(one, 1.0, clock)
    assert left([working]) == "about 39 s left"  # 18 of training, 30.35 - 9 besides it
    assert left([working, two]) == "about 1 min 30 s left"  # and 20 + 30.35
    assert left([working, two], jobs=2) == "about 50 s left"
    assert left([working, other], jobs=2) == "roughly 50 s left"  # c may be faster or slower
    resumed = replace(working, clock=replace(clock, begin=None))
    assert left([resumed]) == "about 39 s left"
    older = replace(working, clock=replace(clock, ticks=None))
    assert left([older, two]) == "more than 38 s left"  # it did not write what ticks take


def test_cells_that_are_only_measured_take_nobody_knows_how_long() -> None:
    one, two = (replace(state, trained=True) for state in waiting("a/b/seed0", "a/b/seed1"))
    assert left([training(one, 10.0), two]) == "time left unknown"


def test_the_slots_are_filled_in_the_order_of_the_plan() -> None:
    ended = [spent(state, 10, 30) for state in waiting("a/b/seed0")]
    ended += [spent(state, 10, 90) for state in waiting("c/b/seed0")]
    cells = waiting("c/b/seed1", "a/b/seed1", "a/b/seed2", "a/b/seed3")
    assert left([*ended, *cells], jobs=2) == "about 1 min 30 s left"
    assert left([*ended, *cells[::-1]], jobs=2) == "about 2 min 00 s left"


def test_a_cell_takes_as_long_as_those_of_its_pair_or_else_of_its_architecture() -> None:
    one, two, three, four = waiting("a/b/seed0", "a/c/seed0", "b/b/seed0", "b/b/seed1")
    ended = [spent(one, 10, 30), spent(two, 10, 50)]
    assert left([*ended, *waiting("a/b/seed1")]) == "about 30 s left"
    assert left([*ended, *waiting("a/d/seed0")]) == "about 40 s left"
    assert left([*ended, three]) == "roughly 40 s left"
    assert left([*ended, spent(three, 10, 20), four]) == "about 20 s left"
    assert left([*ended, *waiting("a/b/seed1", "a/b/seed2")], jobs=2) == "about 30 s left"
    assert left([*ended, *waiting("a/b/seed1", "a/c/seed1")], jobs=2) == "about 50 s left"
    assert left([spent(one, 10, 30, at=20), two]) == "time left unknown"  # of another run
