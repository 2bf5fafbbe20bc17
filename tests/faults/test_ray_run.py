"""`gan-bench run --engine ray`, on a Ray that the run starts: killed, and repeated.

Eight cells on two CPUs, against the same cells by the engine `local`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import psutil
import pytest

import tiny
from gan_bench.results.layout import CHECKPOINTS, RECORD
from gan_bench.results.locks import is_locked
from gan_bench.results.records import read_record
from given import Place, wait_for
from tiny import TINY, Make, cell_of

pytest.importorskip("ray")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

EIGHT = [*TINY, "--seeds=8"]
RAY = [*EIGHT, "--engine=ray"]


@pytest.fixture(scope="module")
def by_local(make_place: Make) -> dict[str, str]:
    """What the eight cells end in by the engine `local`."""
    here = make_place("by-local")
    done = here.run(*EIGHT, "--jobs=2")
    assert done.returncode == 0, done.stderr
    return tiny.outcome(here.folder / "results")


def at_work(here: Place) -> Callable[[], bool]:
    """Both cells that run at once have a checkpoint."""

    def has_checkpoint(seed: int) -> bool:
        folders = here.folder.glob(f"results/*/*/*/seed{seed}/{CHECKPOINTS}")
        return any(any(folder.glob("*.pt")) for folder in folders)

    return lambda: all(map(has_checkpoint, (0, 1)))


def process_of(here: Place, seed: int) -> psutil.Process:
    """The process of a cell, not of its worker."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "gan_bench.run.cell" in words and words[-1] == str(cell_of(here, seed=seed)):
            return process
    raise AssertionError("no process")


def test_a_worker_that_is_killed_is_started_again_and_the_bytes_are_those_of_local(
    make_place: Make, by_local: dict[str, str]
) -> None:
    here = make_place("ray-worker", TINY_SECONDS="0.02")
    running = here.start(*RAY)
    wait_for(at_work(here), running)
    worker = process_of(here, seed=1).parent()
    assert worker is not None
    assert worker.name().startswith("ray::")
    worker.kill()
    _, err = running.communicate(timeout=600)
    assert running.returncode == 0, err
    assert "tiny / minimax / seed1: its process was ended from outside; it will go on" in err
    assert [read_record(cell_of(here, seed=k)).starts for k in range(8)] == [1, 2, *[1] * 6]
    assert tiny.outcome(here.folder / "results") == by_local


def test_after_the_run_itself_is_killed_nothing_stays_and_the_same_command_ends_it(
    make_place: Make, by_local: dict[str, str]
) -> None:
    here = make_place("ray-head", TINY_SECONDS="0.02")
    running = here.start(*RAY)
    wait_for(at_work(here), running)
    left = psutil.Process(running.pid).children(recursive=True)
    left += [process_of(here, seed) for seed in (0, 1)]
    running.kill()
    running.wait()
    _, alive = psutil.wait_procs(left, timeout=90)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
    time.sleep(0.1)
    locked = [folder for folder in here.folder.glob("results/**/") if is_locked(folder)]
    assert locked == []
    assert not (cell_of(here, seed=7) / RECORD).exists()
    here.env["TINY_SECONDS"] = "0"
    done = here.run(*RAY)
    assert done.returncode == 0, done.stderr
    assert tiny.outcome(here.folder / "results") == by_local
    assert list(here.folder.glob("results/**/.*.part")) == []
