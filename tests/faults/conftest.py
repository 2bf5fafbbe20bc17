"""gan-bench as a process of its own, on a plugin whose trainings take seconds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

import tiny
from gan_bench.run.cell import run_cell
from given import Draw, Place


@pytest.fixture(scope="session")
def make_place(
    tmp_path_factory: pytest.TempPathFactory, draw_shapes: Draw, outside: dict[str, str]
) -> Callable[..., Place]:
    """A folder with the plugin in it, a cache of its own, and whatever environment."""
    root = tmp_path_factory.mktemp("processes")
    draw_shapes(root / "shapes")

    def make(name: str, **env: str) -> Place:
        (root / name).mkdir()
        tiny.write_plugin(root / name)
        return Place(root / name, outside | {"GAN_BENCH_HOME": str(root / name / "home")} | env)

    return make


@pytest.fixture(scope="session")
def reference(make_place: Callable[..., Place]) -> dict[str, str]:
    """What a run of one cell ends in that nothing happened to, and that had no process."""
    here = make_place("reference")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_BENCH_HOME", here.env["GAN_BENCH_HOME"])
        assert run_cell(tiny.lay_cell(here)) == 0
    torch.set_num_threads(threads)
    return tiny.outcome(here.folder / "results")
