"""Processes that are killed, interrupted, hang and crash; the real command every time."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

import tiny
from gan_bench import Engine
from gan_bench import catalogue as catalogues
from gan_bench.results.layout import CELL, CHECKPOINTS, CODE, CURVE, LOG, RECORD, SCALE
from gan_bench.results.reading import read_lines
from gan_bench.results.records import read_record
from gan_bench.run.scheduler import run_cells
from gan_bench_plugins import local
from given import Place, wait_for
from tiny import TINY, WORDS, Make, cell_of

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")


Done = subprocess.CompletedProcess[str]
SLOW = {"TINY_SECONDS": "0.02"}


def steps(here: Place, curve: str) -> int:
    """How many steps the curve has; 0 before there is one."""
    return sum(len(path.read_bytes().splitlines()) for path in here.folder.glob(curve))


def training(here: Place, after: int = 30, seed: int = 0) -> Callable[[], bool]:
    """The cell has taken so many steps of its 200."""
    return lambda: steps(here, f"results/*/tiny/minimax/seed{seed}/curve.jsonl") >= after


def cells(running: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(running.pid).children(recursive=True)


def started(here: Place) -> subprocess.Popen[str]:
    """A run whose cell has taken some steps, and has many to go."""
    running = here.start(*TINY)
    wait_for(training(here), running)
    return running


def test_a_cell_that_is_killed_goes_on_by_itself(
    make_place: Make, reference: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = make_place("cell-killed", **SLOW)
    for name in ("GAN_BENCH_HOME", "OMP_NUM_THREADS", "TINY_SECONDS"):
        monkeypatch.setenv(name, here.env[name])
    folder, said = tiny.lay_cell(here), list[str]()
    started: list[subprocess.Popen[bytes]] = []
    start = local._start_process

    def start_and_kill(cell: Path, gpu: str | None) -> subprocess.Popen[bytes]:
        started.append(start(cell, gpu))
        if len(started) == 1:
            wait_for(training(here), started[0])
            started[0].kill()
        return started[-1]

    monkeypatch.setattr(local, "_start_process", start_and_kill)
    engine = catalogues.load().find(Engine, "local")
    assert list(run_cells(engine, [folder], say=said.append)) == [folder]
    assert said == ["tiny / minimax / seed0: its process was ended from outside; it will go on"]
    assert tiny.outcome(here.folder / "results") == reference
    assert read_record(folder).starts == len(started) == 2


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a machine of two, for whatever is started now."""
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("a process cannot be held to two cores here")
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(cores)[:2])
    yield
    os.sched_setaffinity(0, cores)


@pytest.mark.usefixtures("two_cores")
def test_when_the_parent_is_killed_no_cell_goes_on_alone_and_no_lock_stays(
    make_place: Make, reference: dict[str, str]
) -> None:
    """With two cells at work and a third to come; in the bytes of one that was alone."""
    here = make_place("parent-killed", **SLOW)
    del here.env["OMP_NUM_THREADS"]  # two jobs on two cores: one thread each
    running = here.start(*TINY, "--jobs=2", "--seeds=3")
    wait_for(training(here), running)
    wait_for(training(here, seed=1), running)
    orphans, measured = cells(running), (here.protocol / SCALE).stat().st_mtime_ns
    running.kill()
    running.wait()
    # at once: the cells may still be saving their state, and keep their folders until they have
    here.env["TINY_SECONDS"] = "0"
    done = here.run(*TINY, "--jobs=2", "--seeds=2")
    assert done.returncode == 0, done.stderr
    assert len(orphans) == 2
    assert psutil.wait_procs(orphans, timeout=0)[1] == []
    records = [read_record(cell_of(here, seed=seed)) for seed in range(2)]
    assert {(record.starts, record.device) for record in records} == {(2, "cpu (1 thread)")}
    assert {path.name for path in cell_of(here, seed=2).iterdir()} == {CELL, CODE, LOG}
    mine = tiny.outcome(here.folder / "results")
    assert {name: mine[name] for name in reference} == reference
    assert (here.protocol / SCALE).stat().st_mtime_ns == measured  # once, whatever became of it


@pytest.mark.long
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_saves_the_state_at_the_end_of_the_step(
    sent: signal.Signals, code: int, make_place: Make, reference: dict[str, str]
) -> None:
    here = make_place(f"interrupted-{code}", **SLOW)
    running = started(here)
    running.send_signal(sent)
    _, err = running.communicate(timeout=60)
    assert running.returncode == code, err
    assert err.endswith(f"nothing is lost; to go on:\ngan-bench run {shlex.join(TINY)}\n")
    steps = len(read_lines(cell_of(here) / CURVE))
    newest = max((cell_of(here) / CHECKPOINTS).glob("*.pt"))
    assert int(newest.stem) == steps  # not one step is taken again
    tiny.goes_on(here, reference)


HANGING = [*WORDS, "--arch=hangs-later", "--seeds=2", "--jobs=2"]


@pytest.fixture(scope="module")
def hanging(make_place: Make) -> Iterator[tuple[Place, subprocess.Popen[str]]]:
    """A run of two cells, which hang at their 50th step."""
    here = make_place("hanging")
    running = here.start(*HANGING)
    curves = [f"results/*/hangs-later/minimax/seed{seed}/curve.jsonl" for seed in range(2)]
    for curve in curves:
        wait_for(lambda curve=curve: steps(here, curve) == 49, running)
    time.sleep(0.5)  # to the next step
    yield here, running
    running.kill()
    running.communicate()


def test_a_second_run_in_one_folder_is_refused_with_the_holder(
    hanging: tuple[Place, subprocess.Popen[str]],
) -> None:
    here, running = hanging
    done = here.run(*HANGING)
    assert done.returncode == 5
    holder = f"process {running.pid} on {socket.gethostname()}"
    assert f"is being used by {holder}, for training: " in done.stderr
    assert done.stderr.endswith(f"to go on:\ngan-bench run {shlex.join(HANGING)}\n")


def test_a_second_interrupt_stops_at_once(
    hanging: tuple[Place, subprocess.Popen[str]],
) -> None:
    here, running = hanging
    at_work = cells(running)
    assert len(at_work) == 2
    running.send_signal(signal.SIGINT)
    time.sleep(1)
    assert running.poll() is None  # it waits for the end of the step
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)  # half of what cells have to save their state
    assert running.returncode == 130, err
    assert "stopping at once" in err
    assert psutil.wait_procs(at_work, timeout=0)[1] == []
    assert not list(here.folder.rglob(RECORD))


@pytest.mark.long
def test_what_one_cell_does_is_its_own_failed_record_and_the_others_go_on(
    make_place: Make, reference: dict[str, str]
) -> None:
    here = make_place("later")
    names = ["hangs-later", "exits-later", "crashes-later", "greedy-later", "killed-later", "tiny"]
    done = here.run(*WORDS, *(f"--arch={name}" for name in names), "--cell-timeout", "20")
    assert done.returncode == 3, done.stderr
    records = {name.removesuffix("-later"): read_record(cell_of(here, name)) for name in names}
    status = {name: record.status for name, record in records.items()}
    assert status == dict.fromkeys(status, "failed") | {"tiny": "finished"}
    said = {name: record.reason or "" for name, record in records.items()}
    hung = r"exceeded its time limit and was ended; it was at File .*tiny.py\", line \d+ in <lam"
    assert re.search(hung, said["hangs"])
    assert said["exits"] == "a plugin ended the process with sys.exit(5)"
    assert said["crashes"].startswith("the process left no record: it ended with signal 11")
    assert said["greedy"].startswith("out of memory: batch 8 needs more than is free here")
    assert said["killed"].startswith("the process left no record: it was killed (signal 9), as th")
    assert records["killed"].starts == 4  # three times it was let go on
    assert re.search(r"(?s)Timeout \(.*tiny\.py", (cell_of(here, "hangs-later") / LOG).read_text())
    assert "it was at File" in said["crashes"]
    assert (records["crashes"].log or "").startswith("Fatal Python error: Segmentation fault")
    again = shlex.join(["gan-bench", "run", *done.args, "--retry-failed"])
    assert f" of the first one; to train again what failed:\n{again}\n" in done.stderr
    mine = tiny.outcome(here.folder / "results").items()
    assert mine >= {item for item in reference.items() if "/tiny/" in item[0]}


@pytest.mark.long
def test_results_that_go_away_stop_the_run(make_place: Make, reference: dict[str, str]) -> None:
    here = make_place("gone", **SLOW)
    running = started(here)
    shutil.move(here.folder / "results", here.folder / "elsewhere")
    _, err = running.communicate(timeout=60)
    assert running.returncode == 5, err
    assert "/tiny/minimax/seed0 is gone: put it back to go on with it" in err
    assert "Traceback" not in err
    assert not (here.folder / "results").exists()  # and is not made again
    shutil.move(here.folder / "elsewhere", here.folder / "results")
    tiny.goes_on(here, reference)
