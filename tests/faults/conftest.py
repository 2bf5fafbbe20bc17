"""gan-bench as a process of its own, on a plugin whose trainings take seconds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import tiny
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
def untouched(make_place: Callable[..., Place]) -> Place:
    """A run of one cell that nothing ever happened to."""
    here = make_place("reference")
    done = here.run(*tiny.WORDS, "--arch", "tiny")
    assert done.returncode == 0, done.stderr
    return here


@pytest.fixture(scope="session")
def reference(untouched: Place) -> dict[str, str]:
    """What it ended in."""
    return tiny.outcome(untouched.folder / "results")
