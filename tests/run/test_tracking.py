"""Trackers show what a cell writes: each line once, and no fault of theirs costs a training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from planning import LayCell, Plan

from gan_bench import Tracker, UsageError
from gan_bench.contract.protocol import Cell
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import CELL, CURVE, GENERATOR, TICKS
from gan_bench.results.reading import read_lines, read_model
from gan_bench.results.records import read_record
from gan_bench.run.cell import run_cell
from gan_bench.run.tracking import Tracking

pytestmark = pytest.mark.usefixtures("one_thread")


class Log:
    """Keeps all that it gets; raises at a call if asked to."""

    def __init__(self, fails: str = "") -> None:
        self.fails = fails
        self.points: list[tuple[float, tuple[str, ...]]] = []
        self.sheets: list[str] = []
        self.tables: list[str] = []
        self.closed = 0

    def scalars(self, kimg: float, values: Mapping[str, float]) -> None:
        self._fail("scalars")
        self.points.append((kimg, tuple(values)))

    def sheet(self, kimg: float, path: Path) -> None:
        self._fail("sheet")
        self.sheets.append(path.name)

    def table(self, markdown: str) -> None:
        self._fail("table")
        self.tables.append(markdown)

    def close(self) -> None:
        self.closed += 1

    def _fail(self, name: str) -> None:
        if self.fails == name:
            raise OSError(f"no {name}")


def tracking(cell: Path, log: Log) -> Tracking:
    tracker = Tracker(name="fake", source="a test", open=lambda *_: log)
    return Tracking(cell, ["fake"], lambda _: tracker)


@pytest.fixture
def trained(lay: LayCell) -> Path:
    cell = lay()
    run_cell(cell)
    return cell


def test_every_line_and_sheet_is_logged_once_over_two_processes(trained: Path) -> None:
    curve, ticks = read_lines(trained / CURVE), read_lines(trained / TICKS)
    whole = (trained / CURVE).read_text()
    (trained / CURVE).write_text("".join(line + "\n" for line in whole.splitlines()[:1]))
    log = Log()
    first = tracking(trained, log)
    first.tick()
    first.tick()
    first.close()
    (trained / CURVE).write_text(whole)
    second = tracking(trained, log)
    second.end(read_record(trained))
    losses = [kimg for kimg, names in log.points if "loss_d" in names]
    assert losses == [point["kimg"] for point in curve]
    assert len(log.points) == len(curve) + len(ticks)
    assert len(log.sheets) == len(set(log.sheets)) == len(ticks)
    assert log.closed == 2
    (table,) = log.tables
    assert all(name in table for name in read_record(trained).scores)


@pytest.mark.parametrize("fault", ["scalars", "sheet", "table"])
def test_a_fault_is_noted_once(trained: Path, fault: str) -> None:
    each = tracking(trained, Log(fault))
    each.tick()
    each.end(read_record(trained))
    assert each.notes == [f"not tracked further by fake: OSError: no {fault}"]


def test_a_tracker_that_is_gone_costs_no_training(lay: LayCell) -> None:
    plain, tracked = lay(results="plain"), lay(results="tracked")
    cell = read_model(tracked / CELL, Cell)
    environment = cell.environment.model_copy(update={"track": ("gone",)})
    asked = cell.model_copy(update={"environment": environment})
    write_json(tracked / CELL, json.loads(asked.model_dump_json()))
    assert [run_cell(folder) for folder in (plain, tracked)] == [0, 0]
    assert (plain / GENERATOR).read_bytes() == (tracked / GENERATOR).read_bytes()
    (note,) = [each for each in read_record(tracked).notes if "gone" in each]
    assert note.startswith("not tracked further by gone: no tracker is called 'gone'")


def test_an_unknown_tracker_is_refused_before_anything_trains(plan: Plan) -> None:
    with pytest.raises(UsageError, match="no tracker is called 'tensorbord'"):
        plan(track=("tensorbord",))
