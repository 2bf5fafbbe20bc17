"""The processes of trackers: what they import, how they wait for each other, how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import MagicMock

import psutil
import pytest
from planning import Plan

from gan_bench import Tracker, UsageError
from gan_bench.contract.errors import sentence
from gan_bench.results.atomic import append_line, write_json
from gan_bench.results.layout import CELL, SAMPLES, TICKS, tracker_dir
from gan_bench.results.locks import alone_in
from gan_bench.run import follow, tracking
from gan_bench.run.tracking import read_tracked
from records import write_cell, write_training

POINTS, SHEETS = 20, 4
PLUGIN = """
import json, os, sys, time
from gan_bench import Tracker, hookimpl


class Lines:
    def __init__(self, cell):
        self.file = (cell.folder / "lines.jsonl").open("a")
        self.top = cell.folder.parents[6]
        self.common = (self.top / "opened").open("a")
        self.say(self.common, "begin")
        time.sleep(0.2)
        self.say(self.common, "end")

    def say(self, file, what):
        file.write(json.dumps([os.getpid(), what]) + "\\n")
        file.flush()

    def scalars(self, points):
        assert "torch" not in sys.modules
        for images in points:
            self.say(self.file, images)

    def sheet(self, images, path):
        while not (self.top / "go").exists():
            time.sleep(0.02)
        self.say(self.file, path.name)

    def table(self, text, scores):
        self.say(self.file, scores)

    def close(self):
        self.say(self.file, "close")


@hookimpl
def gan_bench_trackers():
    return [Tracker(name="lines", source="a test", open=Lines)]
"""

KILLED = """
import os, sys, time
from pathlib import Path
from gan_bench.run.tracking import Tracking

tracking = Tracking(cell := Path(sys.argv[1]), ["lines"])
while not (cell / "trackers" / "lines" / "lines.jsonl").exists():
    time.sleep(0.02)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    (tmp_path / "lines.py").write_text(PLUGIN)
    (tmp_path / "go").touch()
    return tmp_path / "results"


def cell_of(results: Path, seed: int = 0, status: str | None = None) -> Path:
    """A cell that has trained, and is tracked by the plugin."""
    cell = write_cell(results, "tiny", seed=seed, status=status, scores={"fd-eye": 2.0})
    write_training(cell, SHEETS, points=POINTS)
    for k in range(1, SHEETS + 1):
        append_line(cell / TICKS, {"kimg": k / 10, "scores": {"fd": 3.0}})
    file = str(results.parent / "lines.py")
    asked = json.loads((cell / CELL).read_text())
    asked["environment"] |= {"plugins": [file], "track": ["lines"], "track_from": [["", file]]}
    write_json(cell / CELL, asked)
    return cell


def start(cell: Path) -> subprocess.Popen[bytes]:
    return tracking._start(cell, "lines")


def close(process: subprocess.Popen[bytes], ending: bytes = b"") -> int:
    """What the end of the cell does, or its death: its exit code."""
    assert process.stdin is not None
    process.stdin.write(ending)
    process.stdin.close()
    return process.wait(30)


def lines(cell: Path) -> list[tuple[int, object]]:
    file = tracker_dir(cell, "lines") / "lines.jsonl"
    return [tuple(json.loads(line)) for line in file.read_text().splitlines()]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_BENCH_HOME", str(tmp_path / "home"))


@pytest.mark.usefixtures("home")
def test_the_next_process_waits_for_that_of_a_killed_cell_and_gives_nothing_twice(
    results: Path,
) -> None:
    cell, go = cell_of(results), results.parent / "go"
    go.unlink()
    assert subprocess.run([sys.executable, "-c", KILLED, str(cell)]).returncode != 0
    second = start(cell)
    while psutil.Process(second.pid).num_threads() < 2:  # its thread has not begun
        time.sleep(0.05)
    time.sleep(0.3)  # to begin, if nothing made it wait
    go.touch()
    assert close(second) == 0
    given = lines(cell)
    pids = [pid for pid, _ in given]
    assert pids == [pids[0]] * (POINTS + SHEETS + 1) + [second.pid]
    assert pids[0] != second.pid
    assert [what for _, what in given].count("close") == 2
    sheets = sorted(path.name for path in (cell / SAMPLES).iterdir())
    assert [what for _, what in given if str(what).endswith("png")] == sheets


@pytest.mark.usefixtures("home")
def test_two_cells_open_their_logs_one_after_the_other(results: Path) -> None:
    both = [start(cell_of(results, seed)) for seed in (0, 1)]
    assert [close(process) for process in both] == [0, 0]
    opened = (results.parent / "opened").read_text().splitlines()
    order = [json.loads(line) for line in opened]
    assert [what for _, what in order] == ["begin", "end"] * 2
    assert order[0][0] == order[1][0] != order[2][0] == order[3][0]


@pytest.mark.usefixtures("home")
def test_what_is_missing_of_a_finished_cell_is_sent_by_hand_once(results: Path) -> None:
    cell = cell_of(results, status="finished")
    words = [sys.executable, "-P", "-m", "gan_bench.run.follow", str(cell), "lines"]
    for _ in range(2):
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL, timeout=30)
    given = [what for _, what in lines(cell)]
    assert len(given) == POINTS + SHEETS + 3
    assert given[-3:] == [{"fd-eye": 2.0}, "close", "close"]


@pytest.mark.parametrize("error", [OSError("no network"), SystemExit("bye")])
@pytest.mark.parametrize("call", ["open", "scalars", "sheet", "table", "close"])
def test_a_fault_of_any_call_is_said_once_and_the_rest_is_sent_later(
    results: Path,
    call: str,
    error: BaseException,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    cell, log = cell_of(results, status="finished"), MagicMock()
    log.open.return_value = log
    getattr(log, call).side_effect = error
    tracker = Tracker(name="lines", source="a test", open=log.open)
    monkeypatch.setattr(follow, "tracker_of", lambda *_: tracker)
    assert follow.main([str(cell), "lines"]) == 1
    said = capfd.readouterr().err
    assert said == f"{tracking.note('lines', sentence(error))}\n"
    assert read_tracked(cell, "lines").failed == sentence(error)
    getattr(log, call).side_effect = None
    assert follow.main([str(cell), "lines"]) == 0
    assert read_tracked(cell, "lines").failed is None
    once = {"open": 2, "scalars": 1, "sheet": SHEETS, "table": 1, "close": 1}
    once[call] += call != "open"  # the call that failed is made again, and no other
    assert {each: getattr(log, each).call_count for each in once} == once


def test_a_cell_that_another_process_follows_is_left_alone(
    results: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    cell = cell_of(results, status="finished")
    monkeypatch.setattr(follow, "END_SECONDS", -5)  # it waits for 5 seconds longer than that
    with alone_in(tracker_dir(cell, "lines"), "tracking"):
        assert follow.main([str(cell), "lines"]) == 1
    said = capfd.readouterr().err
    assert said.startswith("not tracked to the end by lines: ")
    assert f"is being used by process {os.getpid()}" in said
    assert not (tracker_dir(cell, "lines") / "lines.jsonl").exists()


def test_a_tracker_is_no_part_of_the_protocol(plan: Plan) -> None:
    pytest.importorskip("tensorboard", reason="pip install 'gan-bench[tensorboard]'")
    with_tracker, without = plan(track=("tensorboard",)).plan, plan().plan
    assert with_tracker.protocol == without.protocol
    (cell,) = with_tracker.cells
    assert cell.environment.track == ("tensorboard",)
    assert cell.environment.track_from == (("gan-bench", "tensorboard"),)


def test_an_unknown_tracker_is_refused_before_anything_trains(plan: Plan) -> None:
    with pytest.raises(UsageError, match="no tracker is called 'tensorbord'"):
        plan(track=("tensorbord",))
