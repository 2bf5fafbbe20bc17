"""Branches whose processes are killed; the real command every time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch

import tiny
from gan_bench import catalogue as catalogues
from gan_bench.report.branches import same_bytes
from gan_bench.results.layout import CURVE, RECORD, branches_in
from gan_bench.results.records import read_record
from gan_bench.run.cell import run_cell
from gan_bench.run.folders import folders_of, lay_out
from gan_bench.run.plan import make_plan
from given import Place, wait_for
from tiny import Make

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")


def kept_cell(here: Place, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a trained cell of 200 updates with its ticks."""
    plugin, shapes = here.folder / "tiny.py", here.folder.parent / "shapes"
    asked = tiny.request_for(plugin, shapes, architectures=("tiny",), kimg=1.6, keep_ticks=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with monkeypatch.context() as patch:
        patch.setenv("GAN_BENCH_HOME", here.env["GAN_BENCH_HOME"])
        planned = make_plan(asked, catalogues.load(asked.plugins))
        lay_out(planned, here.folder / "results")
        (folder,) = folders_of(planned, here.folder / "results")
        assert run_cell(folder) == 0
    torch.set_num_threads(threads)
    return folder


def fork(here: Place, slow: bool = False) -> subprocess.Popen[str]:
    words = "branch", "tiny/minimax/seed0", "--at", "0.8", "--device", "cpu"
    return subprocess.Popen(
        [sys.executable, "-m", "gan_bench.cli", *words],
        cwd=here.folder,
        env=here.env | ({"TINY_SECONDS": "0.05"} if slow else {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_branches_whose_processes_are_all_killed_end_in_the_bytes_of_the_cell(
    make_place: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = make_place("branch-killed")
    cell = kept_cell(here, monkeypatch)
    running = fork(here, slow=True)

    def is_training() -> bool:
        """The branch has taken steps of its own, and has saved one of its ticks."""
        return any(len((each / CURVE).read_text().splitlines()) > 125 for each in begun(cell))

    wait_for(is_training, running)
    for process in [running, *psutil.Process(running.pid).children(recursive=True)]:
        os.kill(process.pid, signal.SIGKILL)
    running.communicate()
    (branch,) = branches_in(cell)
    assert not (branch / RECORD).exists()
    again = fork(here)
    out, err = again.communicate(timeout=300)
    assert again.returncode == 0, err
    assert "same bytes" in out
    assert same_bytes(cell, branch)
    assert read_record(branch).starts == 2


def begun(cell: Path) -> list[Path]:
    return [each for each in branches_in(cell) if (each / CURVE).exists()]
