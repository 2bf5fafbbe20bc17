"""The state of a cell, read from files that grow while it is at work."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from planning import MakeCell
from watching import PROTOCOL, ended, phases, started, trained, watched

from gan_bench.contract.protocol import Cell, RunEnvironment
from gan_bench.contract.schedule import Recipe, Schedule
from gan_bench.results.atomic import append_line, write_json
from gan_bench.results.layout import (
    CELL,
    CURVE,
    ENVIRONMENT,
    EVALUATIONS,
    RECORD,
    SPEED,
    TICKS,
)
from gan_bench.run.states import CellReader, State, verdict_of


def test_a_cell_waits_prepares_trains_measures_and_ends(cell: MakeCell) -> None:
    folder = cell("a/b/seed0")
    reader = CellReader(folder, PROTOCOL)
    assert reader.state() == State(folder, "waiting")
    started(folder)
    assert reader.state() == State(folder, "preparing")
    trained(folder, 2.5)
    training = State(folder, "training", kimg=2.5, loss_d=1.25, images_per_second=500.0)
    assert reader.state() == training
    tick = {"kimg": 2.5, "scores": {"fd-eye": 45.25}, "verdict": "collapsed"}
    append_line(folder / TICKS, tick)
    judged = {"scores": (45.25,), "verdict": "collapsed", "verdict_kimg": 2.5}
    assert reader.state() == replace(training, **judged)
    assert reader.state().score == 45.25
    trained(folder, 10.0)
    state = reader.state()
    assert (state.phase, state.kimg) == ("measuring", 10.0)
    assert state.clock
    assert state.clock.since_point == pytest.approx(0, abs=5)
    ended(folder, "finished")
    state = reader.state()
    assert (state.phase, state.ended and state.ended.record.status) == ("ended", "finished")


def test_what_a_cell_has_spent_is_read_from_its_files(cell: MakeCell) -> None:
    folder = started(cell("a/b/seed0"))
    reader = CellReader(folder, PROTOCOL)
    append_line(folder / CURVE, {"step": 1, "kimg": 1.0})
    for kimg in (0.5, 1.0):  # that at 1.0 follows after the point
        append_line(folder / TICKS, {"kimg": kimg, "scores": {}})
    append_line(folder / SPEED, {"kimg": 1.0, "seconds": 30.0, "tick_seconds": 10.0})
    began_at = psutil.Process().create_time()
    os.utime(folder / SPEED, (began_at + 45, began_at + 45))
    clock = reader.state().clock
    assert clock
    assert (clock.training, clock.ticks, clock.ticks_counted) == (30.0, 10.0, 1)
    assert clock.begin == pytest.approx(5, abs=1.1)  # starts.jsonl has whole seconds
    started(folder)  # it was resumed
    clock = reader.state().clock
    assert clock
    assert clock.begin is None


@pytest.mark.parametrize(
    ("ticks", "verdict"),
    [
        ([], (None, None)),
        ([(1, None, 0)], (None, None)),
        ([(1, "collapsed", 0), (2, "collapsed", 0)], ("collapsed", 1)),
        ([(1, "collapsed", 0), (2, None, 0), (3, "collapsed", 0)], ("collapsed", 3)),
        ([(1, "degraded", 0), (2, "collapsed", 0)], ("collapsed", 2)),
        ([(1, "collapsed", 0), (2, "collapsed", 1)], ("collapsed", 2)),  # of another training
        ([(1, "collapsed", 0), (2, "mistaken", 0)], (None, None)),
        ([("one", "collapsed", 0)], ("collapsed", None)),
    ],
)
def test_a_verdict_has_the_date_since_when_it_holds(
    ticks: list[tuple[Any, ...]], verdict: tuple[str | None, float | None]
) -> None:
    names = ("kimg", "verdict", "rollbacks")
    assert verdict_of([dict(zip(names, tick, strict=True)) for tick in ticks]) == verdict


def test_a_cell_that_waits_to_be_measured_again_is_not_taken_to_train(cell: MakeCell) -> None:
    folder = ended(cell("a/b/seed0"), "finished")
    assert not CellReader(folder, PROTOCOL).state().trained
    asked = folder / EVALUATIONS / "other" / ENVIRONMENT
    asked.parent.mkdir(parents=True)
    asked.write_text("{}")
    state = CellReader(folder, PROTOCOL).state()
    assert (state.phase, state.trained) == ("waiting", True)


@pytest.mark.parametrize("own", [False, True])
def test_a_cell_with_several_steps_of_d_measures_when_its_updates_are_done(
    own: bool, cell: MakeCell
) -> None:
    """The steps are those of all cells, or its own."""
    schedule = Schedule(kimg=10, batch=50, d_steps=1 if own else 3)  # 67 updates: 10.05 kimg
    protocol = PROTOCOL.model_copy(update={"schedule": schedule})
    folder = trained(cell("a/b/seed0"), 9.96, d_steps=3)  # 66 of them; less than a batch is left
    place = RunEnvironment(device="cpu", named=True)
    recipe = Recipe(d_steps=3)
    about = Cell(architecture="a", loss="b", seed=0, environment=place, recipe=recipe)
    write_json(folder / CELL, about.model_dump(mode="json"))
    reader = CellReader(folder, protocol)
    assert reader.state().phase == "training"
    trained(folder, 10.05, d_steps=3)
    assert reader.state().phase == "measuring"


def test_a_record_that_is_taken_back_makes_its_cell_wait_again(cell: MakeCell) -> None:
    failed = ended(cell("a/b/seed0"), "failed")
    watch, _ = watched(failed, cell("a/b/seed1"))
    assert phases(watch) == ["ended", "waiting"]
    (failed / RECORD).unlink()  # as --retry-failed does
    assert phases(watch) == ["waiting", "waiting"]


@pytest.fixture(scope="module")
def lost() -> int:
    """The number of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_cells_at_work_are_those_whose_process_is_alive(
    jobs: int, lost: int, cell: MakeCell
) -> None:
    """After a lost process the next one works, though the lost cell comes first in the plan."""
    folders = [cell(f"a/b/seed{k}") for k in range(6)]
    ended(folders[0], "diverged")
    trained(started(folders[1], lost), 2.0)
    for folder in folders[2 : 2 + jobs]:
        trained(folder, 1.0)
    watch, _ = watched(*folders, jobs=jobs)
    waiting = ["waiting"] * (4 - jobs)
    assert phases(watch) == ["ended", "waiting", *["training"] * jobs, *waiting]
    started(folders[1])  # it goes on
    assert phases(watch)[1] == "training"


@pytest.mark.parametrize(
    ("host", "at", "phase"),
    [
        ("", "2020-01-01T00:00:00+00:00", "waiting"),  # then that number was another process
        ("elsewhere", "2020-01-01T00:00:00+00:00", "waiting"),
        ("elsewhere", "2999-01-01T00:00:00+00:00", "preparing"),
        ("", "yesterday", "waiting"),
    ],
)
def test_a_process_of_another_machine_counts_since_this_run_began(
    host: str, at: str, phase: str, cell: MakeCell
) -> None:
    watch, _ = watched(started(cell("a/b/seed0"), host=host, at=at))
    assert phases(watch) == [phase]


def test_half_a_line_is_read_when_it_is_whole_and_a_file_written_anew_from_its_beginning(
    cell: MakeCell,
) -> None:
    folder = trained(cell("a/b/seed0"), 2.5)
    watch, _ = watched(folder)
    row = '{"step": 60, "kimg": 3.0, "loss_d": 1}\n'
    for text, kimg in ((row[:15], 2.5), (row[15:], 3.0), (row[:15] * 9, 3.0)):
        with (folder / CURVE).open("a") as file:
            file.write(text)
        assert watch.states()[0].kimg == kimg
    other = folder / "other"
    other.write_text('{"step": 20, "kimg": 1.0}\n')  # as a checkpoint is gone on with
    other.replace(folder / CURVE)
    assert watch.states()[0].kimg == 1.0


def test_only_what_has_changed_is_read_again(
    cell: MakeCell, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [ended(cell(f"a/b/seed{k}"), "finished") for k in range(3)]
    folders += [trained(cell(f"a/b/seed{k}"), 2.5) for k in (3, 4)]
    watch, _ = watched(*folders, jobs=2)
    before, opened = watch.states(), []
    for name in ("io.open", "os.open"):
        module, call = name.split(".")
        plain_open = getattr(sys.modules[module], call)
        monkeypatch.setattr(
            name, lambda path, *more, o=plain_open: opened.append(Path(path)) or o(path, *more)
        )
    assert watch.states() == before
    assert [path for path in opened if path.is_relative_to(folders[0].parents[2])] == []
    trained(folders[3], 3.0)
    opened.clear()
    assert watch.states()[3].kimg == 3.0
    assert {path.name for path in opened if path.suffix} == {CURVE, SPEED}
