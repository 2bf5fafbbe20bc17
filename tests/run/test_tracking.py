"""Trackers get all that a cell writes, once each, and nothing they do changes the training."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from planning import LayCell

from gan_bench import TrackedCell, Tracker, UsageError
from gan_bench.catalogue import load
from gan_bench.contract.protocol import Cell
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import (
    CELL,
    CHECKPOINTS,
    CURVE,
    GENERATOR,
    SAMPLES,
    SPEED,
    TICKS,
    tracker_dir,
)
from gan_bench.results.reading import read_lines, read_model
from gan_bench.results.records import Record, read_record
from gan_bench.run import tracking
from gan_bench.run.cell import run_cell
from gan_bench.run.follow import follow
from gan_bench.run.new_plugin import write_package
from gan_bench.run.tracking import ending_of, read_tracked

pytestmark = pytest.mark.usefixtures("one_thread")
HOOK = """

import random
from gan_bench import Tracker, hookimpl


class Good:
    def __init__(self, cell):
        pass

    def scalars(self, points):
        torch.rand(9), random.random()

    def sheet(self, images, path):
        pass

    def table(self, text, scores):
        pass

    def close(self):
        pass


class Bad(Good):
    def scalars(self, points):
        raise OSError("no network")


@hookimpl
def gan_bench_trackers():
    return [Tracker(name=each.__name__, source="a test", open=each) for each in (Good, Bad)]
"""


class Log:
    """Keeps all that it gets; raises at the call that is named."""

    def __init__(self, fails: str = "") -> None:
        self.fails = fails
        self.cells: list[TrackedCell] = []
        self.points: list[tuple[int, str, float]] = []
        self.sheets: list[str] = []
        self.tables: list[tuple[str, Mapping[str, float]]] = []
        self.closed = 0

    def open(self, cell: TrackedCell) -> Log:
        self.cells.append(cell)
        return self

    def scalars(self, points: Mapping[int, Mapping[str, float]]) -> None:
        self._fail("scalars")
        assert list(points) == sorted(points)
        self.points += [(at, name, value) for at in points for name, value in points[at].items()]

    def sheet(self, images: int, path: Path) -> None:
        self._fail("sheet")
        assert path.is_file()
        self.sheets.append(path.name)

    def table(self, text: str, scores: Mapping[str, float]) -> None:
        self.tables.append((text, scores))

    def close(self) -> None:
        self.closed += 1

    def _fail(self, name: str) -> None:
        if self.fails == name:
            raise OSError(f"no {name}")


def send(cell: Path, log: Log | Tracker, record: Record | None = None) -> None:
    """One process of the tracker, at the end of a process of the cell."""
    fake = isinstance(log, Log)
    tracker = Tracker(name="fake", source="a test", open=log.open) if fake else log
    come = SimpleNamespace(wait=lambda _: True)
    end = SimpleNamespace(come=come, ending=ending_of(record) if record else None)
    follow(cell, tracker, end)  # type: ignore[arg-type]


def numbers(cell: Path) -> list[tuple[int, str, float]]:
    rows = []
    for file, group in ((CURVE, "curve"), (SPEED, "speed"), (TICKS, "tick")):
        for line in read_lines(cell / file):
            values = line.get("scores") or line
            rows += [
                (round(1000 * line["kimg"]), f"{group}/{name}", value)
                for name, value in values.items()
                if name not in ("step", "kimg")
            ]
    return rows


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept") / "results"


@pytest.fixture
def trained(lay: LayCell, kept: Path, tmp_path: Path) -> Path:
    """A copy of a finished cell, which only the first test trains."""
    if not kept.exists():
        cell = lay(results="first")
        assert run_cell(cell) == 0
        shutil.copytree(tmp_path / "first", kept)
    shutil.copytree(kept, tmp_path / "copy")
    (cell,) = (tmp_path / "copy").glob("*/tiny/plain/seed0")
    return cell


def tracked_by(cell: Path, *names: str) -> None:
    """Let the cell ask for trackers, of which its plugin has Good and Bad."""
    asked = read_model(cell / CELL, Cell)
    environment = asked.environment.model_copy(update={"track": names})
    asked = asked.model_copy(update={"environment": environment})
    write_json(cell / CELL, json.loads(asked.model_dump_json()))
    plugin = Path(environment.plugins[0])
    plugin.write_text(plugin.read_text() + HOOK)


def test_every_number_and_sheet_is_given_once_over_two_processes(trained: Path) -> None:
    log, whole = Log(), (trained / CURVE).read_text()
    (trained / CURVE).write_text(whole.splitlines(keepends=True)[0])
    send(trained, log)
    (trained / CURVE).write_text(whole)
    record = read_record(trained)
    send(trained, log, record)
    assert sorted(log.points) == sorted(numbers(trained))
    assert sorted(log.sheets) == sorted(path.name for path in (trained / SAMPLES).iterdir())
    ((text, scores),) = log.tables
    assert text.startswith("finished\n")
    assert scores == {name: score.value for name, score in record.scores.items()}
    assert log.closed == 2


def from_the_page(folder: Path) -> Path:
    page = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (code,) = [each for each in blocks if "@hookimpl\ndef gan_bench_trackers" in each]
    file = folder / "lines.py"
    file.write_text(code)
    return file


def from_the_template(folder: Path) -> Path:
    return write_package("mine", "tracker", folder)[0]


@pytest.mark.parametrize("make", [from_the_page, from_the_template])
def test_the_example_and_the_template_write_down_all_that_they_get(
    make: Callable[[Path], Path], trained: Path, tmp_path: Path
) -> None:
    file = make(tmp_path)
    catalogue = load([file])
    (tracker,) = (
        each for each in catalogue.all(Tracker) if catalogue.maker(each).name == str(file)
    )
    for record in (None, read_record(trained)):
        send(trained, tracker, record)
    (log,) = tracker_dir(trained, tracker.name).glob("*.jsonl")
    lines = read_lines(log)
    sheets = [line for line in lines if "sheet" in line]
    points = [line for line in lines if "images" in line and line not in sheets]
    rows = [
        (line["images"], name, value)
        for line in points
        for name, value in line.items()
        if name != "images"
    ]
    assert sorted(rows) == sorted(numbers(trained))
    assert len(sheets) == len(read_lines(trained / TICKS))
    assert len(lines) == len(points) + len(sheets) + 1  # the scores


def test_the_processes_of_a_cell_share_an_id_and_a_folder(lay: LayCell, trained: Path) -> None:
    log, other = Log(), lay(seed=1)
    send(trained, log)
    send(trained, log)
    send(other, log)
    first, second, third = log.cells
    assert first == second
    assert first.id != third.id
    assert (first.label, first.settings["loss"]) == ("tiny / plain / seed0", "plain")


def test_a_number_that_is_not_finite_is_left_out(trained: Path) -> None:
    line = {"step": 1, "kimg": 99.0, "loss_d": None, "loss_g": 1.5}
    (trained / CURVE).write_text(json.dumps(line) + "\n")
    log = Log()
    send(trained, log)
    assert [each for each in log.points if each[0] == 99000] == [(99000, "curve/loss_g", 1.5)]


@pytest.mark.parametrize("fault", ["scalars", "sheet"])
def test_after_a_fault_the_next_process_goes_on_where_it_was(trained: Path, fault: str) -> None:
    log = Log(fault)
    with pytest.raises(OSError, match=f"no {fault}"):
        send(trained, log)
    log.fails = ""
    send(trained, log)
    assert {*log.points} == {*numbers(trained)}
    assert len(log.sheets) == len(read_lines(trained / TICKS))


def test_what_to_install_where_the_cell_runs_is_said(trained: Path) -> None:
    tracker = Tracker(name="far", source="a test", open=Log().open, missing=lambda: "pip install x")
    with pytest.raises(UsageError, match="it cannot work here yet: pip install x"):
        send(trained, tracker)


def test_no_tracker_changes_a_byte_and_one_that_fails_costs_a_note(
    lay: LayCell, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gan_bench.run.cell.Checkpoints.clear", lambda _: None)
    plain, tracked = lay(results="plain"), lay(results="tracked")
    assert run_cell(plain) == 0
    tracked_by(tracked, "Good", "Bad", "gone")
    assert run_cell(tracked) == 0
    same_training(plain, tracked)
    bad, gone = notes = read_record(tracked).notes
    assert bad == (
        "not tracked to the end by Bad: OSError: no network; "
        "to send the rest: python -m gan_bench.run.follow CELL Bad, where CELL is the "
        "folder of this cell"
    )
    assert gone.startswith("not tracked to the end by gone: no tracker is called 'gone'")
    said = capfd.readouterr().err
    assert [said.count(note) for note in notes] == [1, 1]
    assert read_tracked(tracked, "Good").sent[TICKS] == read_lines(tracked / TICKS)[-1]["kimg"]


def same_training(one: Path, other: Path) -> None:
    for path in (one / GENERATOR, one / CURVE, one / TICKS, *(one / SAMPLES).iterdir()):
        assert path.read_bytes() == (other / path.relative_to(one)).read_bytes(), path
    checkpoints = list((one / CHECKPOINTS).glob("*.pt"))
    assert checkpoints
    for path in checkpoints:  # beside the tensors they hold times
        before, after = (tensors(each / path.relative_to(one)) for each in (one, other))
        assert len(before) > 20
        assert all(map(torch.equal, before, after))
        assert len(before) == len(after)
    assert read_record(one).scores == read_record(other).scores
    assert read_record(one).notes == ()


def tensors(path: Path) -> list[torch.Tensor]:
    """Weights, the state of the optimisers and of the random numbers of a checkpoint."""

    def walk(value: object) -> Iterator[torch.Tensor]:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, dict | list | tuple):
            for each in value.values() if isinstance(value, dict) else value:
                yield from walk(each)

    return list(walk(torch.load(path, weights_only=True)))


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import os; os._exit(0)", "its process ended with exit code 0 (see cell.log)"),
        ("import os; os.abort()", "its process ended with exit code -6 (see cell.log)"),
        ("import time; time.sleep(600)", "it did not finish within 0.5 s"),
    ],
)
def test_a_process_that_crashes_or_hangs_is_ended_with_a_note(
    trained: Path, code: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-S", "-c", code], stdin=subprocess.PIPE)

    monkeypatch.setattr(tracking, "_start", start)
    monkeypatch.setattr(tracking, "END_SECONDS", 0.5 if "sleep" in code else 30)
    with tracking.Tracking(trained, ["mine"]) as running:
        (process,) = running.processes.values()
        record = running.end(read_record(trained))
    (note,) = record.notes
    assert note.startswith(f"not tracked to the end by mine: {why}; to send the rest: ")
    assert process.returncode is not None
