"""Plans on a folder of shapes, and folders of cells."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from planning import SAMPLES, SCHEDULE, LayCell, MakeCell, Plan, Score

import tiny_plugin
from gan_bench import catalogue as catalogues
from gan_bench.catalogue import Catalogue
from gan_bench.contract.protocol import (
    Cell,
    Evaluation,
    MetricSpec,
    Protocol,
    RunEnvironment,
    Schedule,
)  # fmt: skip
from gan_bench.data.cache import prepare
from gan_bench.data.source import files_at
from gan_bench.results.atomic import make_folder, write_json
from gan_bench.results.entries import EntryRecord
from gan_bench.results.layout import CELL, PROTOCOL, cell_dir, protocol_dir, protocol_folder_of
from gan_bench.run.asked_entries import How, asked_for
from gan_bench.run.entries import score_entries
from gan_bench.run.folders import folders_of, lay_out
from gan_bench.run.plan import Planned, make_plan
from gan_bench.run.request import Request


@pytest.fixture
def known() -> Catalogue:
    """What is installed; to be altered at will."""
    return catalogues.load()


@pytest.fixture
def plan(shapes: Path, known: Catalogue) -> Plan:
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
def folders(plan: Plan, tmp_path: Path) -> list[Path]:
    planned = plan(seeds=2)
    lay_out(planned, tmp_path / "results")
    return folders_of(planned, tmp_path / "results")


@pytest.fixture
def cell(tmp_path: Path) -> MakeCell:
    def make(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        return folder

    return make


@pytest.fixture
def lay(tmp_path: Path, shapes: Path) -> LayCell:
    """The folder of one cell, ready to run."""
    plugin = shutil.copy(tiny_plugin.PATH, tmp_path / "plugin.py")

    def lay(
        architecture: str = "tiny", loss: str = "plain", seed: int = 0, results: str = "results",
        metric: str = "brightness", schedule: Schedule = SCHEDULE,
    ) -> Path:  # fmt: skip
        spec = MetricSpec(name=metric, higher_is_better=True, features="eye")
        protocol = Protocol(
            data=prepare(files_at(shapes), 8).data,
            schedule=schedule,
            evaluation=Evaluation(
                samples=SAMPLES, tick_samples=64, features="eye", digests={"eye": "aa"},
                metrics=(spec,),
            ),
        )  # fmt: skip
        place = RunEnvironment(device="cpu", named=False, root=str(shapes), plugins=(str(plugin),))
        cell = Cell(architecture=architecture, loss=loss, seed=seed, environment=place)
        folder = cell_dir(tmp_path / results, protocol, cell)
        make_folder(folder)
        root = protocol_dir(tmp_path / results, protocol)
        write_json(root / PROTOCOL, protocol.model_dump(mode="json"))
        write_json(folder / CELL, cell.model_dump(mode="json"))
        return folder

    return lay


@pytest.fixture
def planned_cell(lay: LayCell) -> Path:
    """A cell, laid out and not trained."""
    return lay()


@pytest.fixture
def scored_home(planned_cell: Path) -> Path:
    """The folder of its protocol."""
    return protocol_folder_of(planned_cell)


@pytest.fixture
def score(scored_home: Path) -> Score:
    def score(text: object, **how: object) -> EntryRecord:
        (entry,) = score_entries(
            scored_home,
            [asked_for(str(text))],
            How(**{"trust": True} | how),
            lambda *_: None,
            lambda _: None,  # type: ignore[arg-type]
        )
        return entry

    return score
