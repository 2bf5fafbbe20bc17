"""An offer that is asked for as distribution:name, from the plan to the report."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_bench import catalogue as catalogues
from gan_bench.report import leaderboard
from gan_bench.run.cell import run_cell
from gan_bench.run.folders import done, folders_of, lay_out, standing
from gan_bench.run.plan import make_plan
from gan_bench.run.request import Request
from given import Install

COPY = """
    from gan_bench import hookimpl
    from gan_bench_plugins import dense, losses, pixels

    @hookimpl
    def gan_bench_architectures():
        return dense.gan_bench_architectures()

    @hookimpl
    def gan_bench_losses():
        return losses.gan_bench_losses()

    @hookimpl
    def gan_bench_features():
        return pixels.gan_bench_features()
"""


@pytest.mark.usefixtures("one_thread")
def test_a_contested_offer_is_trained_resumed_and_reported_under_a_name_of_its_own(
    shapes: Path, install: Install, tmp_path: Path
) -> None:
    install("gan-bench-other", COPY)
    request = Request(
        architectures=("dense", "gan-bench-other:dense"),
        losses=("GAN-bench-other:minimax",),
        features=("gan-bench-other:Pixels",),
        metrics=("fd",),
        data=str(shapes),
        size=16,
        batch=8,
        kimg=0.04,
        samples=32,
        device="cpu",
    )
    known, results = catalogues.load(), tmp_path / "results"
    planned = make_plan(request, known)
    lay_out(planned, results)
    folders = folders_of(planned, results)
    names = ["dense", "gan-bench-other.dense"]
    assert [folder.parts[-3:-1] for folder in folders] == [
        (name, "gan-bench-other.minimax") for name in names
    ]
    assert [run_cell(folder) for folder in folders] == [0, 0]
    again = make_plan(request, catalogues.load())
    lay_out(again, results)
    assert folders_of(again, results) == folders
    assert all(map(done, folders))
    assert standing(folders) == "2 cells, 2 done"
    (board,) = leaderboard.load(results).boards
    assert sorted(row.architecture for row in board.rows) == names
    (spec,) = planned.plan.protocol.evaluation.metrics
    assert (spec.name, spec.features) == ("fd-gan-bench-other.pixels", "gan-bench-other.pixels")
