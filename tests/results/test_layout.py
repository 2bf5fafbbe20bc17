"""Where things are in a results folder, and that nothing leaves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_bench.results.atomic import make_folder, write_json
from gan_bench.results.layout import (
    CELL,
    FIGURES,
    RECORD,
    SAMPLES,
    STUDY,
    branch_dir,
    cells_in,
    engine_dir,
    label_of,
    parent_of,
    protocol_of,
    sample_grid_path,
)  # fmt: skip
from records import PLAIN, write_cell


def test_a_cell_lives_below_its_protocol_architecture_and_loss_and_finds_its_protocol(
    tmp_path: Path,
) -> None:
    folder = write_cell(tmp_path, "dcgan", "hinge", seed=3)
    assert folder == tmp_path / PLAIN.slug / "dcgan" / "hinge" / "seed3"
    assert protocol_of(folder) == PLAIN


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


def test_what_an_engine_keeps_is_in_the_folder_that_a_command_locks(tmp_path: Path) -> None:
    """Else the same command would not find the jobs of cells whose protocol is not the first."""
    plain = tmp_path / "slug" / "dense" / "minimax" / "seed0"
    assert engine_dir(plain, "slurm") == tmp_path / "slug" / "engines" / "slurm"
    study = tmp_path / "studies" / "tune"
    study.mkdir(parents=True)
    (study / STUDY).touch()
    for trial in ("trial0", "trial1"):
        cell = study / trial / "dense" / "minimax" / "seed0"
        assert engine_dir(cell, "slurm") == study / "engines" / "slurm"
    plain.mkdir(parents=True)
    (plain / CELL).touch()
    for slug in ("one", "two"):
        branch = branch_dir(plain, slug, "change", 0)
        assert engine_dir(branch, "slurm") == plain / "branches" / "engines" / "slurm"


@pytest.mark.parametrize("mark", ["-", "_", "."])
def test_a_branch_of_a_cell_with_a_long_name_has_a_folder(tmp_path: Path, mark: str) -> None:
    for k in range(1, 62):
        cell = tmp_path / "p" / f"{'a' * (62 - k)}{mark}{'b' * k}" / "non-saturating" / "seed0"
        branch = branch_dir(cell, "p", "change", 0)
        assert branch.is_relative_to(cell)
        assert parent_of(branch) == cell
