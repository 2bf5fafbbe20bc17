"""The list of cells: status, kimg, score and size; a running cell is known by its lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_bench.results.inventory import folder_bytes, inventory
from gan_bench.results.layout import CURVE, PROTOCOL, RECORD
from gan_bench.results.locks import alone_in
from records import PLAIN, protocol, write_cell, write_training


def test_cells_are_in_order_of_protocol_names_and_number(tmp_path: Path) -> None:
    for seed in (10, 2):
        write_cell(tmp_path, "dense", seed=seed)
    write_cell(tmp_path, "dcgan", under=protocol(kimg=500))
    write_cell(tmp_path, "dcgan")
    cells = inventory(tmp_path).cells
    assert [(c.protocol == PLAIN.slug, c.architecture, c.seed) for c in cells] == [
        (True, "dcgan", 0),
        (True, "dense", 2),
        (True, "dense", 10),
        (False, "dcgan", 0),
    ]


def test_a_cell_has_its_score_its_kimg_and_its_size(tmp_path: Path) -> None:
    folder = write_cell(tmp_path, "dcgan", scores={"fd-eye": 12.5})
    write_training(folder, points=20)
    (cell,) = inventory(tmp_path).cells
    assert (cell.status, cell.score, cell.kimg) == ("finished", 12.5, 2.0)
    assert cell.bytes == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert cell.ended == "2026-01-01T00:00:00+00:00"


def test_cells_without_a_record_are_running_stopped_or_waiting(tmp_path: Path) -> None:
    for name in ("begun", "planned", "training"):
        write_cell(tmp_path, name, status=None)
    for name in ("begun", "training"):
        write_training(tmp_path / PLAIN.slug / name / "hinge/seed0")
    with alone_in(tmp_path / PLAIN.slug / "training/hinge/seed0", "training"):
        states = {cell.architecture: cell.status for cell in inventory(tmp_path).cells}
    assert states == {"begun": "stopped", "planned": "waiting", "training": "running"}
    after = {cell.architecture: cell.status for cell in inventory(tmp_path).cells}
    assert after["training"] == "stopped"


@pytest.mark.parametrize("content", [b"", b"\0", b"[]\n", b"{}\n", b'{"kimg": 1e999}\n', b"{\n"])
def test_a_damaged_curve_costs_only_the_kimg(content: bytes, tmp_path: Path) -> None:
    (write_cell(tmp_path, "dcgan", scores={"fd-eye": 1.0}) / CURVE).write_bytes(content)
    (cell,) = inventory(tmp_path).cells
    assert (cell.kimg, cell.score) == (None, 1.0)


def test_a_damaged_record_or_protocol_is_named(tmp_path: Path) -> None:
    (write_cell(tmp_path, "dcgan") / RECORD).write_text("{")
    write_cell(tmp_path, "dense", scores={"fd-eye": 1.0})
    broken, sound = inventory(tmp_path).cells
    assert broken.status == "unreadable"
    assert RECORD in str(broken.reason)
    assert sound.score == 1.0
    (tmp_path / PLAIN.slug / PROTOCOL).write_text("{")
    listed = inventory(tmp_path)
    assert PROTOCOL in listed.faults[0]
    assert [cell.score for cell in listed.cells] == [None, None]


def test_the_size_of_a_folder_ends_at_links(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/large").write_bytes(bytes(100_000))
    cell = write_cell(tmp_path / "results", "dcgan")
    before = folder_bytes(cell)
    (cell / "link").symlink_to(tmp_path / "outside")
    assert folder_bytes(cell) - before < 1000
