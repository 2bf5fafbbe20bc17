"""Plans on a folder of shapes, and folders of cells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_bench import catalogue as catalogues
from gan_bench.catalogue import Catalogue
from gan_bench.run.folders import folders_of, lay_out
from gan_bench.run.plan import Planned, make_plan
from gan_bench.run.request import Request


@pytest.fixture
def known() -> Catalogue:
    """What is installed; to be altered at will."""
    return catalogues.load()


@pytest.fixture
def plan(shapes: Path, known: Catalogue) -> Callable[..., Planned]:
    """A plan on a folder of shapes, for a CPU, by Request's words."""

    def make(**asked: Any) -> Planned:
        given: dict[str, Any] = {
            "data": str(shapes),
            "size": 16,
            "batch": 8,
            "samples": 20,
            "device": "cpu",
            "architectures": ("dense",),
        }
        return make_plan(Request(**given | asked), known)

    return make


@pytest.fixture
def folders(plan: Callable[..., Planned], tmp_path: Path) -> list[Path]:
    planned = plan(seeds=2)
    lay_out(planned, tmp_path / "results")
    return folders_of(planned, tmp_path / "results")


@pytest.fixture
def cell(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        return folder

    return make
