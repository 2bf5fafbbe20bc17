"""No test of the command line starts a cell unless it says so."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch

import tiny_plugin
from gan_bench import catalogue as catalogues
from gan_bench.run.cell import run_cell
from gan_bench.run.folders import folders_of, lay_out
from gan_bench.run.plan import make_plan
from gan_bench.run.request import Request
from given import Command, Draw, Said


@pytest.fixture
def no_cell_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: Any) -> NoReturn:
        raise AssertionError("a cell was started")

    monkeypatch.setattr("gan_bench_plugins.local._start_process", start)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, draw_shapes: Draw) -> Path:
    """A folder with images, the plugin, and a cell of 40 updates that kept its ten ticks."""
    place = tmp_path_factory.mktemp("branches")
    draw_shapes(place / "shapes")
    shutil.copy(tiny_plugin.PATH, place / "tiny.py")
    asked = Request(
        architectures=("tiny",), losses=("plain",), data=str(place / "shapes"), size=8, batch=8,
        kimg=0.32, samples=16, features=("eye",), metrics=("brightness",), device="cpu",
        precision="fp32", plugins=(place / "tiny.py",), keep_ticks=True,
    )  # fmt: skip
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_BENCH_HOME", str(place / "home"))
        planned = make_plan(asked, catalogues.load(asked.plugins))
        lay_out(planned, place / "results")
        assert run_cell(*folders_of(planned, place / "results")) == 0
    torch.set_num_threads(threads)
    return place


@pytest.fixture
def train(gan_bench: Command, place: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command that trains the cell, in a results folder of the test's own."""
    monkeypatch.setenv("GAN_BENCH_HOME", str(place / "home"))

    def run(*more: str) -> Said:
        return gan_bench(
            "run", "--plugin", place / "tiny.py", "--arch", "tiny", "--loss", "plain",
            "--data", place / "shapes", "--size", 8, "--batch", 8, "--kimg", 0.32,
            "--samples", 16, "--features", "eye", "--metric", "brightness", "--device", "cpu",
            "--precision", "fp32", "-q", *more,
        )  # fmt: skip

    return run


@pytest.fixture
def kept(train: Any, place: Path) -> Path:
    """The folder of the cell that kept its ticks."""
    shutil.copytree(place / "results", "results")
    (cell,) = Path("results").glob("*/tiny/plain/seed0")
    return cell
