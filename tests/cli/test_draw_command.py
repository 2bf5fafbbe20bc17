"""`gan-bench draw`: what it says, and how it ends when something cannot be drawn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gan_bench import StorageError
from gan_bench.results.layout import SHOWN, SHOWN_INDEX, label_of
from gan_bench.results.shown import Shown, write_shown
from gan_bench.run.whole_drawing import Drawn
from given import Command, refused
from records import write_cell


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Three cells, of which one has pictures and one failed."""
    write_cell(tmp_path / "results", "dcgan")
    write_shown(write_cell(tmp_path / "results", "dense"), Shown(walk=False), {})
    write_cell(tmp_path / "results", "broken", status="failed", reason="it fell")
    return tmp_path / "results"


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cells that are drawn at once; all whose name begins with `dc` fail."""
    labels = list[str]()

    def draw(_: Path, cells: list[Path], *__: Any) -> Iterator[Drawn]:
        for cell in cells:
            labels.append(label_of(cell))
            failed = label_of(cell).startswith("dc")
            yield Drawn(label_of(cell), ("its weights are lost",) if failed else (), failed)

    monkeypatch.setattr("gan_bench.run.whole_drawing.draw_cells", draw)
    return labels


def test_cells_without_pictures_are_drawn_and_a_failure_is_counted(
    gan_bench: Command, results: Path, drawn: list[str]
) -> None:
    said = gan_bench("draw", results)
    assert drawn == ["dcgan / hinge / seed0"]
    assert said.code == 3
    assert "1 cell to draw" in said.err
    assert "dcgan / hinge / seed0: not drawn; its weights are lost" in said.err
    assert "1 cell could not be drawn" in said.err
    drawn.clear()
    gan_bench("draw", results, "--again")
    assert drawn == ["dcgan / hinge / seed0", "dense / hinge / seed0"]


def test_it_is_said_if_no_cell_lacks_its_pictures(
    gan_bench: Command, monkeypatch: pytest.MonkeyPatch, results: Path
) -> None:
    monkeypatch.setattr("gan_bench.run.whole_drawing.to_draw", lambda *_: [])
    said = gan_bench("draw", results)
    assert said.code == 0
    assert "no cell lacks its pictures; --again draws them anew" in said.err


def test_pictures_that_are_damaged_are_drawn_again(
    gan_bench: Command, results: Path, drawn: list[str]
) -> None:
    (index,) = results.glob(f"*/dense/*/*/{SHOWN}/{SHOWN_INDEX}")
    index.write_text("{")
    gan_bench("draw", results, "--quiet")
    assert drawn == ["dcgan / hinge / seed0", "dense / hinge / seed0"]


def test_what_has_no_trained_cell_is_refused(gan_bench: Command, tmp_path: Path) -> None:
    refused(gan_bench("draw", tmp_path), 2, "no results")
    write_cell(tmp_path, "broken", status="failed", reason="it fell")
    refused(gan_bench("draw", tmp_path), 2, "is trained")


def test_a_disk_that_is_full_ends_the_command(
    gan_bench: Command, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise StorageError("cannot write shown.json: no space left")

    monkeypatch.setattr("gan_bench.run.whole_drawing.draw_cells", full)
    refused(gan_bench("draw", results), 5, "no space left", "to go on")
