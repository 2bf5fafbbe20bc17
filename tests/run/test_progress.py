"""What is happening, read back from the files of cells that are written by hand."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from gan_bench.base.text import duration
from gan_bench.contract.protocol import Data, Evaluation, MetricSpec, Protocol, Schedule
from gan_bench.data.cache import Prepared
from gan_bench.results.atomic import append_line
from gan_bench.results.records import Record, write_record
from gan_bench.run.progress import State, Watch, data_notes, preparing, state_of

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


def trained(folder: Path, kimg: float, rate: float = 500.0, d_steps: int = 1) -> Path:
    step = round(kimg * 1000 / (PROTOCOL.schedule.batch * d_steps))
    row = {"step": step, "kimg": kimg, "loss_d": 1.25, "loss_g": None}
    append_line(folder / "curve.jsonl", row)
    append_line(folder / "speed.jsonl", {"kimg": kimg, "images_per_second": rate})
    return folder


def ended(folder: Path, status: str, **more: object) -> Path:
    arch, loss, seed = folder.parts[-3:]
    document = {"architecture": arch, "loss": loss, "seed": int(seed[4:]), "ended": "now"}
    record = Record.model_validate(document | {"status": status} | more)
    write_record(folder, record)
    return folder


def watched(*folders: Path, terminal: bool = False, jobs: int = 1) -> tuple[Watch, io.StringIO]:
    said = io.StringIO()
    console = Console(file=said, force_terminal=terminal, width=100)
    return Watch(console, PROTOCOL, list(folders), jobs), said


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


def test_a_cell_waits_prepares_trains_measures_and_ends(cell: Callable[[str], Path]) -> None:
    folder = cell("a/b/seed0")
    name = "a / b / seed0"
    assert state_of(folder, PROTOCOL, started=False) == State(name, "waiting")
    assert state_of(folder, PROTOCOL, started=True) == State(name, "preparing")
    trained(folder, 2.5)
    assert state_of(folder, PROTOCOL, started=True) == State(
        name, "training", 2.5, 1.25, None, 500.0, 15.0
    )
    trained(folder, 10.0)
    state = state_of(folder, PROTOCOL, started=True)
    assert (state.phase, state.kimg, state.seconds_left) == ("measuring", 10.0, 0.0)
    ended(folder, "finished")
    assert state_of(folder, PROTOCOL, started=True) == State(name, "finished", 10.0)


def test_a_cell_with_several_steps_of_d_measures_when_its_updates_are_done(
    cell: Callable[[str], Path],
) -> None:
    schedule = Schedule(kimg=10, batch=50, d_steps=3)  # 67 updates: 10.05 kimg
    protocol = PROTOCOL.model_copy(update={"schedule": schedule})
    folder = trained(cell("a/b/seed0"), 9.96, d_steps=3)  # 66 of them; less than a batch is left
    assert state_of(folder, protocol, started=True).phase == "training"
    trained(folder, 10.05, d_steps=3)
    assert state_of(folder, protocol, started=True).phase == "measuring"


def test_a_record_that_is_taken_back_makes_its_cell_the_one_at_work(
    cell: Callable[[str], Path],
) -> None:
    failed = ended(cell("a/b/seed0"), "failed")
    watch, _ = watched(failed, cell("a/b/seed1"))
    (failed / "record.json").unlink()  # as --retry-failed does
    assert [state.phase for state in watch.states()] == ["preparing", "waiting"]


def test_half_a_line_is_not_read(cell: Callable[[str], Path]) -> None:
    folder = trained(cell("a/b/seed0"), 2.5)
    with (folder / "curve.jsonl").open("a") as file:
        file.write('{"kimg": 9.9, "lo')
    assert state_of(folder, PROTOCOL, started=True).kimg == 2.5


def test_the_first_cell_that_is_not_done_is_the_one_at_work(cell: Callable[[str], Path]) -> None:
    done, at_work = ended(cell("a/b/seed0"), "diverged"), trained(cell("a/b/seed1"), 1.0)
    watch, _ = watched(done, at_work, cell("a/b/seed2"))
    assert [state.phase for state in watch.states()] == ["diverged", "training", "waiting"]


def test_with_several_jobs_as_many_cells_are_at_work(cell: Callable[[str], Path]) -> None:
    folders = [cell(f"a/b/seed{k}") for k in range(5)]
    ended(folders[1], "finished")
    trained(folders[0], 1.0)
    trained(folders[2], 2.0)
    watch, said = watched(*folders, jobs=3)
    phases = [state.phase for state in watch.states()]
    assert phases == ["training", "finished", "training", "preparing", "waiting"]
    watch.line()
    told = [line.partition(", phase ")[0] for line in said.getvalue().splitlines()]
    assert told == [f"cell a / b / seed{k}" for k in (0, 2, 3)]


def test_a_line_tells_of_the_cell_at_work_alone(cell: Callable[[str], Path]) -> None:
    watch, said = watched(trained(cell("a/b/seed0"), 2.5), cell("a/b/seed1"))
    watch.line()
    assert said.getvalue() == (
        "cell a / b / seed0, phase training, kimg 2.5 of 10, loss D 1.250, images/s 500, "
        "left 15 s\n"
    )


def test_the_end_of_a_cell_is_told_with_its_scores_or_its_reason(
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
        while said.getvalue().count("phase training") < 3 and time.monotonic() < end:
            time.sleep(0.01)
    count = said.getvalue().count("phase training")
    assert count >= 3
    time.sleep(0.1)
    assert said.getvalue().count("phase training") == count  # and none after the end


def test_on_a_terminal_there_is_a_table_of_all_cells(cell: Callable[[str], Path]) -> None:
    watch, said = watched(trained(cell("a/b/seed0"), 2.5), cell("[red]x/b/seed1"), terminal=True)
    with watch.showing():
        pass
    shown = said.getvalue()
    assert "2.5 of 10" in shown
    assert "[red]x / b / seed1" in shown
    assert "waiting" in shown


@pytest.mark.parametrize("line", ["\0\0\n", "{]\n"])
def test_a_damaged_curve_does_not_end_the_run_that_is_watched(
    line: str, cell: Callable[[str], Path]
) -> None:
    folder = cell("a/b/seed0")
    (folder / "curve.jsonl").write_text(line)
    (folder / "speed.jsonl").write_text(line)
    watch, _ = watched(folder)
    watch.table()
    watch.line()


HOSTILE = "\x1b[2J\x1b]0;title\x07 \x9b31m gnp.\u202eexe\nforged line [red]x[/red]"
SHOWN = r"\x1b[2J\x1b]0;title\x07 \x9b31m gnp.\u202eexe\nforged line [red]x[/red]"


def test_nothing_that_is_said_is_obeyed_or_is_two_lines(cell: Callable[[str], Path]) -> None:
    watch, said = watched(ended(cell("a/b/seed0"), "failed", reason=HOSTILE))
    watch.say(HOSTILE)
    watch.ended(watch.folders[0])
    assert said.getvalue().splitlines() == [SHOWN, f"a / b / seed0: failed, {SHOWN}"]


def test_no_name_is_obeyed_by_a_terminal(cell: Callable[[str], Path]) -> None:
    said = io.StringIO()
    watch = Watch(
        Console(file=said, width=400), PROTOCOL, [cell(f"{HOSTILE.replace('/', '')}/b/seed0")]
    )
    watch.console.print(watch.table())
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
    folder = cell("a/b/seed0")
    names = ("step", "kimg", "loss_d", "loss_g", "images_per_second", "verdict")
    line = ", ".join(f'"{name}": {value}' for name in names)
    for name in ("curve", "speed", "vitals"):
        (folder / f"{name}.jsonl").write_text(f"{{{line}}}\n")
    watch, said = watched(folder)
    assert watch.states()[0].phase == "training"
    watch.console.print(watch.table())
    watch.line()
    assert "phase training" in said.getvalue()


def test_a_record_that_cannot_be_read_is_said_to_be_so(cell: Callable[[str], Path]) -> None:
    folder = trained(cell("a/b/seed0"), 2.5)
    (folder / "record.json").write_text('{"schema_number": 2}')
    watch, said = watched(folder)
    (state,) = watch.states()
    assert (state.phase, state.style, state.at_work) == ("unreadable", "red", False)
    watch.ended(folder)
    assert said.getvalue().startswith(f"a / b / seed0: unreadable {folder}/record.json: ")


def prepared(**report: object) -> Prepared:
    empty = np.zeros((0, 3, 16, 16), np.uint8)
    return Prepared(DATA, empty, empty, {"dropped": 0} | report)


def test_the_data_are_told_in_a_line() -> None:
    assert data_notes(prepared()) == ["data faces: 9,000 training, 1,000 held out, 16 px"]


def test_dropped_images_are_told_with_their_reasons_and_an_example() -> None:
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
        r"preparing [red]faces\x07",  # before the first was told
    }
    assert lines[-1].endswith("60,000")
    time.sleep(0.1)
    assert said.getvalue().splitlines() == lines  # and none after the end
