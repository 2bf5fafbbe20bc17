"""`gan-bench measure`: what it says and how it ends when something cannot be measured."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gan_bench import DataError, Resources, StorageError, UsageError
from gan_bench.contract.protocol import RunEnvironment
from gan_bench.results.layout import protocol_dir
from gan_bench.results.measurements import Measurement, unmeasured, write_measurement
from gan_bench.run.plan_measuring import PlannedMeasuring
from given import Command, refused
from records import PLAIN, protocol, write_cell

OTHER = protocol(kimg=500)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two protocols of one cell each."""
    for under in (PLAIN, OTHER):
        write_cell(tmp_path / "results", "dcgan", under=under)
    return tmp_path / "results"


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> dict[Path, Exception]:
    """Plans of every protocol, and a cell that is measured at once; errors instead, by folder."""
    errors = dict[Path, Exception]()

    def plan(folder: Path, *_: Any) -> PlannedMeasuring:
        if folder in errors and not isinstance(errors[folder], RuntimeError):
            raise errors[folder]
        under = PLAIN if folder.name == PLAIN.slug else OTHER
        added = under.evaluation.model_copy(update={"samples": 300}).beside(under.evaluation)
        cells = {folder / "dcgan/hinge/seed0": RunEnvironment(device="cpu", named=True)}
        measured, resources = under.measured_by(added), Resources(jobs=1)
        return PlannedMeasuring(folder, measured, cells, None, resources, ())  # type: ignore[arg-type]

    def run(_: object, folders: Sequence[Path], *__: Any) -> Sequence[Path]:
        for cell in folders:
            (slug,) = (path.name for path in (cell / "evaluations").iterdir())
            if cell.parents[2] in errors:
                write_measurement(cell, slug, unmeasured(cell, slug, "its weights are lost"))
            else:
                ended = datetime.now(UTC).isoformat()
                write_measurement(cell, slug, Measurement(seconds=1, device="cpu", ended=ended))
        return folders

    monkeypatch.setattr("gan_bench.run.whole_measuring.plan_measuring", plan)
    monkeypatch.setattr("gan_bench.run.whole_measuring.run_cells", run)
    return errors


@pytest.mark.usefixtures("scored")
def test_all_protocols_are_measured(gan_bench: Command, results: Path) -> None:
    said = gan_bench("measure", results)
    assert (said.code, said.out.count("## ")) == (0, 2), said.err


@pytest.mark.parametrize(
    ("error", "code"),
    [(UsageError("no such"), 0), (DataError("no such"), 4), (StorageError("no such"), 5)],
)
def test_what_is_wrong_with_one_protocol_keeps_no_other_from_being_measured(
    gan_bench: Command, results: Path, scored: dict[Path, Exception], error: Exception, code: int
) -> None:
    scored[protocol_dir(results, PLAIN)] = error
    said = gan_bench("measure", results)
    assert (said.code, said.out.count("## ")) == (code, 1)
    assert "no such" in said.err
    refused(gan_bench("measure", results, "--protocol", PLAIN.slug), error.exit_code, "no such")  # type: ignore[attr-defined]


def test_a_cell_that_could_not_be_measured_is_counted(
    gan_bench: Command, results: Path, scored: dict[Path, Exception]
) -> None:
    scored[protocol_dir(results, PLAIN)] = RuntimeError()
    said = gan_bench("measure", results)
    assert (said.code, said.out.count("## ")) == (3, 2)
    assert "1 cell could not be measured; to try again:\ngan-bench measure" in said.err
