"""Runs that another process started: which are going on, what belongs to them, and their end."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from rich.console import Console
from watching import started

from gan_bench.contract.errors import StorageError
from gan_bench.results.layout import CELL, protocol_dir
from gan_bench.results.locks import alone_in
from gan_bench.results.measurements import complete
from gan_bench.results.studies import read_study, write_study
from gan_bench.run import elsewhere
from gan_bench.run.elsewhere import HOLDER, cells_of_run, is_going_on, running_in, watch_run
from laid_study import Outcome, write_trials
from records import PLAIN, protocol, write_cell


def home_of(cell: Path) -> Path:
    return cell.parents[2]


def test_a_run_is_going_on_while_its_folder_is_locked_for_training_or_measuring(
    tmp_path: Path,
) -> None:
    home = home_of(write_cell(tmp_path, "dcgan", status=None))
    assert not is_going_on(home)
    for work, expected in (("training", True), ("measuring", True), ("removing", False)):
        with alone_in(home, work):  # type: ignore[arg-type]
            assert is_going_on(home) == expected
        assert not is_going_on(home)


def test_a_cell_whose_run_was_killed_is_watched_until_its_end(tmp_path: Path) -> None:
    cell = write_cell(tmp_path, "dcgan", status=None)
    started(cell)  # by this process, which is alive
    assert is_going_on(home_of(cell))
    write_cell(tmp_path, "dcgan")  # it has its record
    assert not is_going_on(home_of(cell))


def test_of_several_runs_the_newest_comes_first(tmp_path: Path) -> None:
    homes = [home_of(write_cell(tmp_path, "dcgan", under=protocol(kimg))) for kimg in (1, 2, 3)]
    with alone_in(homes[0], "training"), alone_in(homes[2], "training"):
        assert len(running_in(homes)) == 2
        os.utime(homes[0] / HOLDER, (1e9, 1e9))
        assert running_in(homes) == [homes[2], homes[0]]


def test_a_cell_that_an_earlier_run_left_is_not_waited_for(tmp_path: Path) -> None:
    old, new = (write_cell(tmp_path, name, status=None) for name in ("dcgan", "dense"))
    done = write_cell(tmp_path, "acgan")
    for cell in (old, done):
        os.utime(cell / CELL, (1e9, 1e9))
    home = home_of(new)
    with alone_in(home, "training"):
        os.utime(home / HOLDER, (2e9, 2e9))
        os.utime(new / CELL, (2e9, 2e9))
        assert cells_of_run(home) == [done, new]
    assert cells_of_run(home) == [done, old, new]


@pytest.fixture
def at_poll(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Set what happens in place of the first second of waiting."""

    def then(act: Callable[[], object]) -> None:
        monkeypatch.setattr(elsewhere.time, "sleep", lambda _: act())

    return then


def watched(home: Path) -> str:
    said = io.StringIO()
    watch_run(home, Console(file=said, width=100))
    return said.getvalue()


def test_what_ends_is_said_and_so_is_the_end_of_the_run(
    tmp_path: Path, at_poll: Callable[[Callable[[], object]], None]
) -> None:
    home = protocol_dir(tmp_path, PLAIN)
    with ExitStack() as run:

        def end() -> None:
            write_cell(tmp_path, "dcgan", scores={"fd-eye": 12.0})
            run.close()

        at_poll(end)
        run.enter_context(alone_in(home, "training"))
        write_cell(tmp_path, "dcgan", status=None)
        lines = watched(home).splitlines()
    assert lines == [
        "0 of 1 done, time left unknown",
        "dcgan / hinge / seed0: finished, fd-eye 12",
        f"the run has ended: 1 of 1 cell done; gan-bench report {home}",
    ]


def test_a_run_that_is_killed_has_stopped(
    tmp_path: Path, at_poll: Callable[[Callable[[], object]], None]
) -> None:
    home = protocol_dir(tmp_path, PLAIN)
    with ExitStack() as run:
        at_poll(run.close)
        run.enter_context(alone_in(home, "training"))
        write_cell(tmp_path, "dcgan", status=None)
        last = watched(home).splitlines()[-1]
    assert last == "the run has stopped: 0 of 1 cell done; the same command goes on"


def test_a_study_is_watched_as_one_run_that_names_its_trials(
    tmp_path: Path, at_poll: Callable[[Callable[[], object]], None]
) -> None:
    trials = {"dcgan": [Outcome(9, 9), None, None], "dense": [Outcome(6, 6), None, Outcome(1, 1)]}
    home = write_trials(tmp_path, trials, stopped=[("dcgan", "hinge", 2)])
    study = read_study(home)
    waiting = [cell for cell in study.cells(home) if not complete(cell)]
    assert study.is_stopped(waiting[2])
    with ExitStack() as run:

        def end() -> None:
            write_trials(tmp_path, {"dcgan": [Outcome(9, 9)] * 2, "dense": [Outcome(6, 6)] * 3})
            write_study(home, study)
            run.close()

        at_poll(end)
        run.enter_context(alone_in(home, "training"))
        write_trials(tmp_path, trials, stopped=study.stopped)
        started(waiting[1])
        lines = watched(home).splitlines()
    assert lines[:2] == [
        "3 of 5 done: 3 finished, time left unknown",
        "trial 1: dense / hinge / seed0: preparing 0.0 of 100 kimg",
    ]
    assert [line.partition(": finished")[0] for line in lines[2:4]] == [
        "trial 1: dcgan / hinge / seed0",
        "trial 1: dense / hinge / seed0",
    ]
    assert lines[4] == f"the run has ended: 5 of 5 cells done; gan-bench report {home}"


def test_a_folder_that_disappears_is_said_to_be_gone(
    tmp_path: Path, at_poll: Callable[[Callable[[], object]], None]
) -> None:
    cell = write_cell(tmp_path, "dcgan", status=None)
    home = home_of(cell)
    started(cell)
    at_poll(lambda: shutil.rmtree(home))
    with pytest.raises(StorageError, match="is gone: it was removed or renamed"):
        watched(home)
