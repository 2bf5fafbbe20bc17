"""What a run shows while it works: of its cells, of its data, on a terminal and without one."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence

import numpy as np
import pytest
from planning import MakeCell
from rich.console import Console
from watching import DATA, PROTOCOL, ended, phases, shown, started, trained, watched

from gan_bench.contract.protocol import Cell, RunEnvironment
from gan_bench.data.cache import Prepared
from gan_bench.data.reporting.report import DataReport, LeftOut
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import CELL, CURVE, RECORD, SPEED, STARTS, TICKS
from gan_bench.run.progress import Watch, data_notes, preparing


def test_where_no_terminal_is_the_lines_tell_the_whole_and_each_cell_at_work(
    cell: MakeCell,
) -> None:
    folders = [cell(f"a/b/seed{k}") for k in range(4)]
    ended(folders[1], "finished")
    trained(folders[2], 2.5)
    started(folders[3])
    watch, said = watched(*folders, jobs=2)
    watch.lines()
    assert said.getvalue().splitlines() == [
        "1 of 4 done: 1 finished, more than 35 s left",
        "a / b / seed2: training 2.5 of 10 kimg, loss D 1.25, 500 images/s",
        "a / b / seed3: preparing 0.0 of 10 kimg",
    ]


HOSTILE = "\x1b[2J\x1b]0;title\x07 \x9b31m gnp.\u202eexe\nforged line [red]x[/red] :x:"
SHOWN = r"\x1b[2J\x1b]0;title\x07 \x9b31m gnp.\u202eexe\nforged line [red]x[/red] :x:"


def test_the_end_of_a_cell_is_said_with_its_scores_or_its_reason_in_a_line_that_is_not_obeyed(
    cell: MakeCell,
) -> None:
    score = {"value": 12.34567, "higher_is_better": False, "features": "eye", "n": 50}
    scores = {"fd-eye": score | {"reference": "train", "reference_n": 50}}
    found = [{"kind": "collapsed", "kimg": kimg, "reason": "few"} for kimg in (1.5, 3.6)]
    one = ended(cell("a/b/seed0"), "collapsed", scores=scores, verdicts=found, reason="few")
    other = ended(cell("a/b/seed1"), "failed", reason=HOSTILE)
    watch, said = watched(one, other)
    for folder in (one, other):
        watch.ended(folder)
    for text in (HOSTILE, "word " * 100):
        watch.say(text)
    first = "a / b / seed0: collapsed at 3.6 kimg, fd-eye 12.35: few"
    failed = f"a / b / seed1: failed: {SHOWN}"
    assert said.getvalue().splitlines() == [first, failed, SHOWN, "word " * 100]


def lines_of(said: io.StringIO, word: str) -> int:
    """How many lines have the word; three are waited for."""
    end = time.monotonic() + 60
    while said.getvalue().count(word) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    return said.getvalue().count(word)


def test_where_no_one_looks_on_there_is_a_line_now_and_then(
    cell: MakeCell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_bench.run.progress.LINE_SECONDS", 0.02)
    watch, said = watched(trained(cell("a/b/seed0"), 2.5))
    with watch.showing():
        assert lines_of(said, ": training") >= 3
    before = said.getvalue()
    time.sleep(0.1)
    assert said.getvalue() == before  # and none after the end


def test_on_a_terminal_nothing_of_the_live_view_stays(cell: MakeCell) -> None:
    watch, said = watched(trained(cell("[red]x/b/seed0"), 2.5), terminal=True)
    with watch.showing():
        watch.say("stopping")
    shown = said.getvalue()
    assert "[red]x / b / seed0  training 2.5 of 10 kimg" in shown
    assert shown.endswith("\x1b[1A\x1b[2K" * 3)  # three times: one line up, and empty
    assert "stopping\n" in shown


def test_a_look_that_takes_long_is_not_repeated_at_once(
    cell: MakeCell, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, _ = watched(trained(cell("a/b/seed0"), 2.5))
    looks, look = [], watch._look
    monkeypatch.setattr(watch, "_look", lambda: looks.append(1) or look())
    monkeypatch.setattr("gan_bench.run.progress.SLOW_LOOK", 1e9)
    watch.view(), watch.view()
    assert len(looks) == 2
    monkeypatch.setattr("gan_bench.run.progress.SLOW_LOOK", 0.0)
    monkeypatch.setattr("gan_bench.run.progress.REST", 1e9)
    watch.view(), watch.view(), watch.view()
    assert len(looks) == 3


@pytest.mark.parametrize("line", ["\0\0\n", "{]\n"])
def test_a_damaged_curve_does_not_end_the_run_that_is_watched(line: str, cell: MakeCell) -> None:
    folder = started(cell("a/b/seed0"))
    for name in (CURVE, SPEED, TICKS, STARTS):
        (folder / name).write_text(line)
    watch, said = watched(folder)
    first, done, whole = shown(watch, said)
    assert first == "waiting for a cell to start"
    assert (done, whole.split()[-3:]) == ("0 of 1 done", ["time", "left", "unknown"])
    watch.lines()


def test_no_name_is_obeyed_by_a_terminal(cell: MakeCell) -> None:
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
    value: str, cell: MakeCell
) -> None:
    folder = started(cell("a/b/seed0"))
    names = ("step", "kimg", "loss_d", "loss_g", "images_per_second", "verdict")
    line = ", ".join(f'"{name}": {value}' for name in names)
    for name in (CURVE, SPEED, TICKS):
        (folder / name).write_text(f"{{{line}}}\n")
    watch, said = watched(folder)
    assert phases(watch) == ["training"]
    assert "training" in shown(watch, said)[0]
    watch.lines()
    for name in ("pid", "at", "host"):
        (folder / STARTS).write_text(f'{{"{name}": {value}}}\n')
        assert phases(watch) == ["waiting"]


def test_a_record_that_cannot_be_read_is_said_to_be_so(cell: MakeCell) -> None:
    folder = trained(cell("a/b/seed0"), 2.5)
    (folder / RECORD).write_text('{"schema_number": 2}')
    watch, said = watched(folder)
    assert phases(watch) == ["unreadable"]
    watch.ended(folder)
    assert said.getvalue().startswith(f"a / b / seed0: unreadable {folder}/record.json: ")


def prepared(dropped: Sequence[LeftOut] = (), notes: Sequence[str] = ()) -> Prepared:
    empty = np.zeros((0, 3, 16, 16), np.uint8)
    report = DataReport(
        name=DATA.name,
        sides=DATA.shape[1:],
        channels=3,
        train=DATA.train,
        held_out=DATA.held_out,
        dropped=tuple(dropped),
        notes=tuple(notes),
    )
    return Prepared(DATA, empty, empty, report)


def test_the_data_are_described_and_dropped_images_listed_with_reasons_and_an_example() -> None:
    cut = [LeftOut("a.png", "unreadable", "truncated")] * 1230
    small = [LeftOut("b.png", "smaller than 16 px", "3 x 3")] * 4
    described = "data faces: 9,000 training, 1,000 held out, 16 px"
    assert data_notes(prepared()) == [described]
    assert data_notes(prepared(small + cut, ["all are grey"])) == [
        described,
        "dropped 1,234: 1,230 unreadable, 4 smaller than 16 px; b.png: smaller than 16 px: 3 x 3",
        "all are grey",
    ]


@pytest.mark.parametrize("terminal", [True, False])
def test_the_making_of_a_data_set_is_shown_on_a_terminal_and_nowhere_else(terminal: bool) -> None:
    said = io.StringIO()
    with preparing(Console(file=said, force_terminal=terminal, width=100), "[red]x") as update:
        update("held_out", 3, 10)
    for text in ("preparing [red]x, held out", "3/10"):
        assert (text in said.getvalue()) == terminal
    assert bool(said.getvalue().strip()) == terminal


def test_where_no_one_looks_on_a_long_making_says_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gan_bench.run.progress.LINE_SECONDS", 0.02)
    said = io.StringIO()
    with preparing(Console(file=said, force_terminal=False), "[red]faces\x07") as update:
        update("held_out", 1234, 60_000)
        assert lines_of(said, "60,000\n") >= 3
    lines = said.getvalue().splitlines()
    before = r"preparing [red]faces\x07"  # before the first update
    assert set(lines) <= {before, f"{before}, held out 1,234 of 60,000"}
    time.sleep(0.1)
    assert said.getvalue().splitlines() == lines  # and none after the end


class FakeMeter:
    def text(self) -> str:
        return "GPU 200 W, 2 Wh"


@pytest.mark.parametrize("device", ["cpu", "cuda", "cuda:1"])
def test_the_energy_is_shown_while_cells_are_on_a_gpu_and_said_at_the_end(
    device: str, cell: MakeCell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_bench.run.progress.EnergyMeter", FakeMeter)
    folder = trained(cell("a/b/seed0"), 2.5)
    place = RunEnvironment(device=device, named=True)
    about = Cell(architecture="a", loss="b", seed=0, environment=place)
    write_json(folder / CELL, about.model_dump(mode="json"))
    watch, said = watched(folder)
    with watch.showing():
        watch.lines()
    shown = said.getvalue().count("GPU 200 W, 2 Wh")
    assert shown == (0 if device == "cpu" else 2)
