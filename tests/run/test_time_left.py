"""How long a run will take: to show 10 kimg at 500 images/s is 20 s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from watching import PROTOCOL

from gan_bench.results.records import Record
from gan_bench.run.states import Ended, State
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
    return str(time_left(states, PROTOCOL.schedule, jobs, since=50))


def test_what_is_left_is_unknown_then_at_least_the_training_then_all_of_it() -> None:
    one, two, three = waiting("a/b/seed0", "a/b/seed1", "a/b/seed2")
    assert left([one, two, three]) == "time left: ?"
    working = replace(one, phase="training", kimg=5.0, images_per_second=500.0)
    assert left([working, two, three]) == "more than 50 s left"
    measuring = replace(working, phase="measuring", kimg=10.0, measuring_seconds=3.0)
    assert left([measuring]) == "time left: ?"  # not 0 s
    assert left([measuring, two]) == "more than 20 s left"
    ended = spent(one, training=22, seconds=40)
    assert left([ended, two, three]) == "about 1 min 20 s left"
    working = replace(two, phase="training", kimg=5.0, images_per_second=500.0)
    assert left([ended, working, three]) == "about 1 min 08 s left"  # 10 + 18 + 40
    measuring = replace(two, phase="measuring", kimg=10.0, measuring_seconds=3.0)
    assert left([ended, measuring, three]) == "about 55 s left"
    assert left([ended, replace(measuring, measuring_seconds=99.0)]) == "a few seconds left"


def test_a_cell_takes_as_long_as_those_of_its_pair_or_else_of_its_architecture() -> None:
    one, two, three, four = waiting("a/b/seed0", "a/c/seed0", "b/b/seed0", "b/b/seed1")
    ended = [spent(one, 10, 30), spent(two, 10, 50)]
    assert left([*ended, *waiting("a/b/seed1")]) == "about 30 s left"
    assert left([*ended, *waiting("a/d/seed0")]) == "about 40 s left"
    assert left([*ended, three]) == "about 40 s left"
    assert left([*ended, spent(three, 10, 20), four]) == "about 20 s left"
    assert left([*ended, *waiting("a/b/seed1", "a/b/seed2")], jobs=2) == "about 30 s left"
    assert left([*ended, *waiting("a/b/seed1", "a/c/seed1")], jobs=2) == "about 50 s left"
    assert left([spent(one, 10, 30, at=20), two]) == "time left: ?"  # of another run
