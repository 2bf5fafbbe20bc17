"""`gan-bench reproduce`: the same bytes here, one sentence for what is missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import tiny_plugin
from gan_bench.report.reproduction import Reproduced, _finding, reproduction_section
from gan_bench.report.statistics import prediction
from gan_bench.results.layout import RECORD
from gan_bench.run.cell import run_cell
from given import Command, refused
from records import write_cell

CELL = "tiny/minimax/seed0"


@pytest.fixture
def results(gan_bench: Command, shapes: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One trained cell. Cells run in this process."""

    def start(cells: Sequence[Path], _: int) -> Iterator[tuple[Path, int]]:
        for cell in cells:
            yield cell, run_cell(cell)

    monkeypatch.setattr("gan_bench_plugins.local.start", start)
    monkeypatch.setattr("gan_bench.run.train_cells.preflight", lambda *_: set())
    plugin = shutil.copy(tiny_plugin.PATH, "tiny.py")
    words = "--arch tiny --loss minimax --size 8 --kimg 0.032 --batch 8 --features eye --device cpu"
    said = gan_bench(
        "run", "--plugin", plugin, "--data", shapes, *words.split(),
        "--metric", "brightness", "--samples", 16, "--results", "r",
    )  # fmt: skip
    assert said.code == 0, said.err
    return Path("r")


def test_here_a_score_is_equal_and_elsewhere_it_needs_seeds(
    results: Path, shapes: Path, gan_bench: Command
) -> None:
    said = gan_bench("reproduce", CELL, "--results", results)
    assert said.code == 0, said.err
    assert "equal to the last bit" in " ".join(said.out.split())
    assert len(list(Path("reproduced").rglob(RECORD))) == 1

    moved = shapes.rename(shapes.parent / "moved")  # and the score is another one
    refused_ = gan_bench("reproduce", CELL, "--results", results, "--out", "b")
    assert (refused_.code, "shapes" in refused_.err) == (4, True)
    (path,) = results.rglob(RECORD)
    record = json.loads(path.read_text())
    record["scores"]["brightness"]["value"] += 1
    path.write_text(json.dumps(record))
    said = gan_bench("reproduce", CELL, "--results", results, "--data", moved, "--json")
    assert said.code == 7, said.err
    assert json.loads(said.out)["scores"][0]["finding"] == "unjudged"


def test_what_cannot_be_reproduced_is_refused(results: Path, gan_bench: Command) -> None:
    said = gan_bench("reproduce", CELL, "--results", results, "--out", results)
    assert (said.code, "choose another --out" in said.err) == (2, True)
    with Path("tiny.py").open("a") as file:
        file.write("# edited\n")
    refused(gan_bench("reproduce", CELL, "--results", results), 2, "tiny.py has been edited since")
    Path("tiny.py").unlink()
    said = gan_bench("reproduce", CELL, "--results", results)
    assert said.code == 2
    assert "tiny.py" in said.err


def test_a_published_record_needs_its_images_and_plugins(
    results: Path, shapes: Path, gan_bench: Command
) -> None:
    (path,) = results.rglob("cell.json")
    path.unlink()
    given = "reproduce", CELL, "--results", results, "--plugin", "tiny.py"
    refused(gan_bench(*given), 2, "has no cell.json", "give them with --data")
    said = gan_bench(*given, "--data", shapes, "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["scores"][0]["finding"] == "equal"


def test_a_cell_without_scores_or_cell_file_is_refused(gan_bench: Command) -> None:
    write_cell(Path("r"), "dcgan", status=None)
    said = gan_bench("reproduce", "dcgan/hinge/seed0", "--results", "r")
    refused(said, 2, "no scores to reproduce")
    folder = write_cell(Path("r"), "dcgan", scores={"fd-eye": 1.0})
    (folder / "cell.json").unlink()
    refused(gan_bench("reproduce", folder), 2, "has no cell.json")
    refused(gan_bench("reproduce", "dcgn/hinge/seed0", "--results", "r"), 2, "Did you mean")


@pytest.mark.parametrize(
    ("now", "finding"), [(1.0, "equal"), (3.0, "inside"), (9.0, "outside"), (None, "missing")]
)
def test_findings(now: float | None, finding: str) -> None:
    interval = prediction([1.0, 2.0, 3.0, 4.0])
    assert interval == pytest.approx((2.5 - 4.593, 2.5 + 4.593), abs=1e-3)  # 3.1824 s sqrt(1.25)
    assert _finding(1.0, now, interval) == finding
    assert prediction([1.0, 2.0, 3.0]) is None


def test_what_is_the_same_for_all_scores_has_no_column() -> None:
    equal = Reproduced("a / b / seed0", "fd", 1.0, 1.0, None, "equal")
    titles = [column.title for column in reproduction_section([equal, equal]).columns]
    assert titles == ["cell", "metric", "then", "now"]
    judged = replace(equal, interval=(0.5, 2.0), now=1.5, finding="inside")
    section = reproduction_section([equal, judged])
    assert [column.title for column in section.columns[4:]] == ["interval of a new seed", "finding"]
    assert section.rows[1][4:] == ["0.5 to 2", "inside the interval of a new seed"]
