"""What is happening, read back from the files of cells that are written by hand."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil
import pytest
from rich.console import Console

from gan_bench.base.text import duration
from gan_bench.contract.protocol import Data, Evaluation, MetricSpec, Protocol, Schedule
from gan_bench.data.cache import Prepared
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import CURVE, RECORD, SPEED, STARTS, TICKS
from gan_bench.results.records import Record, write_record
from gan_bench.run.progress import Watch, data_notes, preparing
from gan_bench.run.states import CellReader, Ended, State
from gan_bench.run.time_left import time_left

DATA = Data(name="faces", fingerprint="ab", shape=(3, 16, 16), train=9000, held_out=1000)
PROTOCOL = Protocol(
    data=DATA,
    schedule=Schedule(kimg=10, batch=50),
    evaluation=Evaluation(
        samples=50,
        features="eye",
        digests={},
        metrics=(MetricSpec(name="fd-eye", higher_is_better=False, features="eye"),),
    ),
)


@pytest.fixture
def cell(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        return folder

    return make


def started(folder: Path, pid: int | None = None, host: str = "", at: str = "") -> Path:
    """By this process, which is alive, unless said otherwise."""
    began = datetime.fromtimestamp(psutil.Process().create_time(), UTC).isoformat(
        timespec="seconds"
    )
    row = {"at": at or began, "pid": pid or os.getpid(), "host": host or socket.gethostname()}
    append_line(folder / STARTS, row)
    return folder


def trained(folder: Path, kimg: float, rate: float = 500.0, d_steps: int = 1) -> Path:
    if not (folder / STARTS).exists():
        started(folder)
    step = round(kimg * 1000 / (PROTOCOL.schedule.batch * d_steps))
    row = {"step": step, "kimg": kimg, "loss_d": 1.25, "loss_g": None}
    append_line(folder / CURVE, row)
    append_line(folder / SPEED, {"kimg": kimg, "images_per_second": rate})
    return folder


def ended(folder: Path, status: str, **more: object) -> Path:
    arch, loss, seed = folder.parts[-3:]
    document = {"architecture": arch, "loss": loss, "seed": int(seed[4:]), "ended": "now"}
    record = Record.model_validate(document | {"status": status} | more)
    write_record(folder, record)
    return folder


def watched(
    *folders: Path, terminal: bool = False, jobs: int = 1, width: int = 100, height: int = 24
) -> tuple[Watch, io.StringIO]:
    said = io.StringIO()
    console = Console(file=said, force_terminal=terminal, width=width, height=height)
    return Watch(console, PROTOCOL, list(folders), jobs), said


def phases(watch: Watch) -> list[str]:
    return [state.phase for state in watch.states()]


def shown(watch: Watch, said: io.StringIO) -> list[str]:
    """The lines of the live view."""
    watch.console.print(watch.view())
    return said.getvalue().splitlines()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "0 s"),
        (47.2, "47 s"),
        (59.6, "1 min 00 s"),
        (200, "3 min 20 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (5 * 3600 + 12 * 60 + 59, "5 h 12 min"),
        (200_000, "55 h 33 min"),
    ],
)
def test_a_duration_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said


# States


def test_a_cell_waits_prepares_trains_measures_and_ends(cell: Callable[[str], Path]) -> None:
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
    assert state.phase == "ended"
    assert state.ended is not None
    assert state.ended.record.status == "finished"


def test_a_cell_with_several_steps_of_d_measures_when_its_updates_are_done(
    cell: Callable[[str], Path],
) -> None:
    schedule = Schedule(kimg=10, batch=50, d_steps=3)  # 67 updates: 10.05 kimg
    protocol = PROTOCOL.model_copy(update={"schedule": schedule})
    folder = trained(cell("a/b/seed0"), 9.96, d_steps=3)  # 66 of them; less than a batch is left
    reader = CellReader(folder, protocol)
    assert reader.state().phase == "training"
    trained(folder, 10.05, d_steps=3)
    assert reader.state().phase == "measuring"


def test_a_record_that_is_taken_back_makes_its_cell_wait_again(cell: Callable[[str], Path]) -> None:
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
    jobs: int, lost: int, cell: Callable[[str], Path]
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
    host: str, at: str, phase: str, cell: Callable[[str], Path]
) -> None:
    watch, _ = watched(started(cell("a/b/seed0"), host=host, at=at))
    assert phases(watch) == [phase]


def test_half_a_line_is_read_when_it_is_whole_and_a_file_written_anew_from_its_beginning(
    cell: Callable[[str], Path],
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
    cell: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
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


# What is shown


def test_thirty_cells_fit_on_a_small_screen_and_the_working_one_is_seen(
    cell: Callable[[str], Path],
) -> None:
    folders = [cell(f"dcgan/label-smoothing/seed{k}") for k in range(30)]
    for k in range(12):
        ended(folders[k], "failed" if k == 3 else "finished")
    append_line(trained(folders[12], 2.5) / TICKS, {"scores": {"fd-eye": 45.25}})
    watch, said = watched(*folders, width=60)
    first, second, whole = shown(watch, said)
    assert first == "training  dcgan / label-smoothing / seed12, 2.5 of 10 kimg"
    assert second.strip() == "loss D 1.25, fd-eye 45.25, 500 images/s"
    assert len(whole) <= 60 - len("^C^C")  # a terminal echoes it there: it must not wrap
    assert whole.endswith(" 12 of 30 done, 1 failed, more than 5 min 55 s left")
    for folder in folders[13:]:
        trained(folder, 1.0)
    watch, said = watched(*folders, width=80, jobs=18)
    lines = shown(watch, said)
    assert len(lines) == 22
    assert lines[-2] == "and 8 more at work"
    assert max(map(len, lines)) <= 80


def test_where_no_terminal_is_the_lines_tell_the_whole_and_each_cell_at_work(
    cell: Callable[[str], Path],
) -> None:
    folders = [cell(f"a/b/seed{k}") for k in range(4)]
    ended(folders[1], "finished")
    trained(folders[2], 2.5)
    started(folders[3])
    watch, said = watched(*folders, jobs=2)
    watch.lines()
    assert said.getvalue().splitlines() == [
        "1 of 4 done, more than 28 s left",
        "a / b / seed2: training, 2.5 of 10 kimg, loss D 1.25, 500 images/s",
        "a / b / seed3: preparing, 0.0 of 10 kimg",
    ]


# How long it takes: to show 10 kimg at 500 images/s is 20 s


def spent(state: State, training: float, seconds: float, at: float = 100) -> State:
    """The cell has ended after so many seconds; so many of them it trained."""
    cost = {"train_seconds": training, "images_per_second": 1, "evaluate_seconds": 1}
    cost |= {"peak_memory_mib": 1, "g_parameters": 1, "d_parameters": 1}
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


# Words


def test_the_end_of_a_cell_is_said_with_its_scores_or_its_reason(
    cell: Callable[[str], Path],
) -> None:
    score = {"value": 12.34567, "higher_is_better": False, "features": "eye", "n": 50}
    scores = {"fd-eye": score | {"reference": "train", "reference_n": 50}}
    one = ended(cell("a/b/seed0"), "finished", scores=scores)
    other = ended(cell("a/b/seed1"), "failed", reason="[red]no[/red] :x: memory")
    watch, said = watched(one, other)
    watch.ended(one)
    watch.ended(other)
    assert said.getvalue().splitlines() == [
        "a / b / seed0: finished, fd-eye 12.35",
        "a / b / seed1: failed, [red]no[/red] :x: memory",
    ]


def test_a_long_line_is_not_broken(cell: Callable[[str], Path]) -> None:
    watch, said = watched(cell("a/b/seed0"))
    watch.say("word " * 100)
    assert said.getvalue().count("\n") == 1


def test_where_no_one_looks_on_there_is_a_line_now_and_then(
    cell: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_bench.run.progress.LINE_SECONDS", 0.02)
    watch, said = watched(trained(cell("a/b/seed0"), 2.5))
    with watch.showing():
        end = time.monotonic() + 20
        while said.getvalue().count(": training") < 3 and time.monotonic() < end:
            time.sleep(0.01)
    count = said.getvalue().count(": training")
    assert count >= 3
    time.sleep(0.1)
    assert said.getvalue().count(": training") == count  # and none after the end


def test_on_a_terminal_nothing_of_the_live_view_stays(cell: Callable[[str], Path]) -> None:
    watch, said = watched(trained(cell("[red]x/b/seed0"), 2.5), terminal=True)
    with watch.showing():
        watch.say("stopping")
    shown = said.getvalue()
    assert "training  [red]x / b / seed0, 2.5 of 10 kimg" in shown
    assert shown.endswith("\x1b[1A\x1b[2K" * 3)  # three times: one line up, and empty
    assert "stopping\n" in shown


@pytest.mark.parametrize("line", ["\0\0\n", "{]\n"])
def test_a_damaged_curve_does_not_end_the_run_that_is_watched(
    line: str, cell: Callable[[str], Path]
) -> None:
    folder = started(cell("a/b/seed0"))
    for name in (CURVE, SPEED, TICKS, STARTS):
        (folder / name).write_text(line)
    watch, said = watched(folder)
    first, whole = shown(watch, said)
    assert first == "waiting for a cell to start"
    assert whole.endswith("0 of 1 done, time left: ?")
    watch.lines()


HOSTILE = "\x1b[2J\x1b]0;title\x07 \x9b31m gnp.\u202eexe\nforged line [red]x[/red]"
SHOWN = r"\x1b[2J\x1b]0;title\x07 \x9b31m gnp.\u202eexe\nforged line [red]x[/red]"


def test_nothing_that_is_said_is_obeyed_or_is_two_lines(cell: Callable[[str], Path]) -> None:
    watch, said = watched(ended(cell("a/b/seed0"), "failed", reason=HOSTILE))
    watch.say(HOSTILE)
    watch.ended(watch.folders[0])
    assert said.getvalue().splitlines() == [SHOWN, f"a / b / seed0: failed, {SHOWN}"]


def test_no_name_is_obeyed_by_a_terminal(cell: Callable[[str], Path]) -> None:
    said = io.StringIO()
    folder = started(cell(f"{HOSTILE.replace('/', '')}/b/seed0"))
    watch = Watch(Console(file=said, width=400), PROTOCOL, [folder])
    watch.console.print(watch.view())
    assert f"{SHOWN.replace('/', '')} / b / seed0" in said.getvalue()
    with preparing(Console(file=said, width=400, force_terminal=True), HOSTILE) as update:
        update(HOSTILE, 3, 10)
    assert said.getvalue().count(SHOWN) >= 2
    assert not set(said.getvalue()) & {"\x07", "\x9b", "\u202e"}
    assert "\x1b[2J" not in said.getvalue().replace("\x1b[2K", "")


@pytest.mark.parametrize("value", ['"1"', "[1]", "{}", "null", "NaN", "1e999", "1e-320", "-1"])
def test_a_line_of_wrong_types_does_not_end_the_run_that_is_watched(
    value: str, cell: Callable[[str], Path]
) -> None:
    folder = started(cell("a/b/seed0"))
    names = ("step", "kimg", "loss_d", "loss_g", "images_per_second", "verdict")
    line = ", ".join(f'"{name}": {value}' for name in names)
    for name in (CURVE, SPEED, TICKS):
        (folder / name).write_text(f"{{{line}}}\n")
    watch, said = watched(folder)
    assert phases(watch) == ["training"]
    assert shown(watch, said)[0].startswith("training")
    watch.lines()
    for name in ("pid", "at", "host"):
        (folder / STARTS).write_text(f'{{"{name}": {value}}}\n')
        assert phases(watch) == ["waiting"]


def test_a_record_that_cannot_be_read_is_said_to_be_so(cell: Callable[[str], Path]) -> None:
    folder = trained(cell("a/b/seed0"), 2.5)
    (folder / RECORD).write_text('{"schema_number": 2}')
    watch, said = watched(folder)
    assert phases(watch) == ["unreadable"]
    watch.ended(folder)
    assert said.getvalue().startswith(f"a / b / seed0: unreadable {folder}/record.json: ")


def prepared(**report: object) -> Prepared:
    empty = np.zeros((0, 3, 16, 16), np.uint8)
    return Prepared(DATA, empty, empty, {"dropped": 0} | report)


def test_the_data_are_described_in_a_line() -> None:
    assert data_notes(prepared()) == ["data faces: 9,000 training, 1,000 held out, 16 px"]


def test_dropped_images_are_listed_with_their_reasons_and_an_example() -> None:
    notes = data_notes(
        prepared(
            dropped=1234,
            reasons={"unreadable": 1230, "smaller than 16 px": 4},
            first_dropped=["a.png: unreadable: truncated", "b.png: smaller than 16 px: 3 x 3"],
        )
    )
    assert notes[1] == (
        "dropped 1,234: 1,230 unreadable, 4 smaller than 16 px; a.png: unreadable: truncated"
    )


def test_the_making_of_a_data_set_is_shown_on_a_terminal_and_then_gone() -> None:
    said = io.StringIO()
    console = Console(file=said, force_terminal=True, width=100)
    with preparing(console, "[red]faces") as update:
        update("held_out", 3, 10)
    assert "preparing [red]faces, held out" in said.getvalue()
    assert "3/10" in said.getvalue()


def test_the_making_of_a_data_set_says_nothing_where_no_one_looks_on() -> None:
    said = io.StringIO()
    with preparing(Console(file=said, force_terminal=False), "faces") as update:
        update("train", 3, 10)
    assert said.getvalue().strip() == ""


def test_where_no_one_looks_on_a_long_making_says_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gan_bench.run.progress.LINE_SECONDS", 0.02)
    said = io.StringIO()
    with preparing(Console(file=said, force_terminal=False), "[red]faces\x07") as update:
        update("held_out", 1234, 60_000)
        end = time.monotonic() + 20
        while said.getvalue().count("\n") < 3 and time.monotonic() < end:
            time.sleep(0.01)
    lines = said.getvalue().splitlines()
    assert len(lines) >= 3
    assert set(lines) <= {
        r"preparing [red]faces\x07, held out 1,234 of 60,000",
        r"preparing [red]faces\x07",  # before the first update
    }
    assert lines[-1].endswith("60,000")
    time.sleep(0.1)
    assert said.getvalue().splitlines() == lines  # and none after the end
