"""Where things are in a results folder, and that nothing leaves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_bench import UsageError
from gan_bench.contract.protocol import (
    Cell,
    Data,
    Evaluation,
    MetricSpec,
    Protocol,
    RunEnvironment,
    Schedule,
)
from gan_bench.results.atomic import make_folder, write_json
from gan_bench.results.layout import (
    CELL,
    FIGURES,
    RECORD,
    SAMPLES,
    cell_dir,
    cells_in,
    label_of,
    protocol_dir,
    protocol_of,
    sample_grid_path,
)

PROTOCOL = Protocol(
    data=Data(name="faces", fingerprint="ab", shape=(3, 8, 8), train=90, held_out=10),
    schedule=Schedule(kimg=1),
    evaluation=Evaluation(
        samples=10,
        features="eye",
        digests={},
        metrics=(MetricSpec(name="fd", higher_is_better=False, features="eye"),),
    ),
)


def cell(architecture: str, loss: str, seed: int = 0) -> Cell:
    environment = RunEnvironment(device="cpu", named=False)
    return Cell(architecture=architecture, loss=loss, seed=seed, environment=environment)


def test_a_cell_lives_below_its_protocol_architecture_and_loss() -> None:
    folder = cell_dir(Path("results"), PROTOCOL, cell("dcgan", "hinge", 3))
    assert folder == Path("results") / PROTOCOL.slug / "dcgan" / "hinge" / "seed3"


@pytest.mark.parametrize("names", [("../../x", "b"), ("a", "/etc")])
def test_no_cell_lives_outside_the_results(names: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match="cannot be used"):
        cell_dir(Path("results"), PROTOCOL, cell(*names))


def test_a_cell_finds_the_protocol_it_belongs_to(tmp_path: Path) -> None:
    folder = cell_dir(tmp_path, PROTOCOL, cell("a", "b"))
    make_folder(folder)
    document = PROTOCOL.model_dump(mode="json")
    write_json(protocol_dir(tmp_path, PROTOCOL) / "protocol.json", document)
    assert protocol_of(folder) == PROTOCOL


def test_only_folders_with_a_cell_in_them_are_cells(tmp_path: Path) -> None:
    for name, file in (("b/x/seed0", CELL), ("a/y/seed1", RECORD), ("a/x/seed0", CELL)):
        make_folder(tmp_path / name)
        write_json(tmp_path / name / file, {})
    (tmp_path / FIGURES / "x" / "seed0").mkdir(parents=True)
    cells = [path.relative_to(tmp_path).as_posix() for path in cells_in(tmp_path)]
    assert cells == ["a/x/seed0", "a/y/seed1", "b/x/seed0"]
    assert label_of(tmp_path / cells[0]) == "a / x / seed0"
    assert list(cells_in(tmp_path / "none")) == []


def test_sample_grids_sort_by_kimg(tmp_path: Path) -> None:
    paths = [sample_grid_path(tmp_path, kimg) for kimg in (0.5, 9, 12.8, 1000)]
    assert sorted(paths) == paths
    assert paths[2] == tmp_path / SAMPLES / "000012.800.png"
