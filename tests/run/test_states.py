"""The state of a cell, read from files that grow while it is at work."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from planning import MakeCell
from watching import PROTOCOL, ended, phases, started, trained, watched

from gan_bench.contract.protocol import Cell, RunEnvironment
from gan_bench.contract.schedule import Recipe, Schedule
from gan_bench.results.atomic import append_line, write_json
from gan_bench.results.layout import CELL, CURVE, RECORD, SPEED, TICKS
from gan_bench.run.states import CellReader, State


def test_a_cell_waits_prepares_trains_measures_and_ends(cell: MakeCell) -> None:
    folder = cell("a/b/seed0")
    reader = CellReader(folder, PROTOCOL)
    assert reader.state() == State(folder, "waiting")
    started(folder)
    assert reader.state() == State(folder, "preparing")
    trained(folder, 2.5)
    training = State(folder, "training", kimg=2.5, loss_d=1.25, images_per_second=500.0)
    assert reader.state() == training
    tick = {"scores": {"fd-eye": 45.25}, "verdict": "collapsed"}
    append_line(folder / TICKS, tick)
    assert reader.state() == replace(training, score=45.25, verdict="collapsed")
    trained(folder, 10.0)
    state = reader.state()
    assert (state.phase, state.kimg) == ("measuring", 10.0)
    assert state.measuring_seconds == pytest.approx(0, abs=5)
    ended(folder, "finished")
    state = reader.state()
    assert (state.phase, state.ended and state.ended.record.status) == ("ended", "finished")


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
