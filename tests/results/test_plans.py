"""How many seeds were planned: one line for each change, and what could be seen by then."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_bench import StorageError
from gan_bench.contract.protocol import Cell, RunEnvironment
from gan_bench.results.layout import PLANS, cell_dir, protocol_dir
from gan_bench.results.plans import note_plan, read_plans
from records import PLAIN, write_cell


def run(results: Path, architectures: str, seeds: int, done: int | None = None) -> None:
    """Note the plan, lay out its cells, and finish the first `done` seeds of each row."""
    environment = RunEnvironment(device="cpu", named=True)
    cells = [
        Cell(architecture=name, loss="hinge", seed=seed, environment=environment)
        for name in architectures
        for seed in range(seeds)
    ]
    home = protocol_dir(results, PLAIN)
    home.mkdir(parents=True, exist_ok=True)
    note_plan(home, cells)
    for cell in cells:
        finished = done is None or cell.seed < done
        if not (cell_dir(results, PLAIN, cell) / "record.json").exists():
            status = "finished" if finished else None
            write_cell(results, cell.architecture, seed=cell.seed, status=status)


def plans(results: Path) -> list[tuple[int, int, int]]:
    """Seeds, records, compared."""
    lines = read_plans(protocol_dir(results, PLAIN))
    return [(line.seeds, line.records, line.compared) for line in lines]


def test_the_first_run_writes_what_it_was_asked_for_and_a_resume_adds_nothing(
    tmp_path: Path,
) -> None:
    assert plans(tmp_path) == []
    run(tmp_path, "ab", 6, done=2)
    run(tmp_path, "ab", 6)
    run(tmp_path, "ab", 6)
    assert plans(tmp_path) == [(6, 0, 0)]
    assert read_plans(protocol_dir(tmp_path, PLAIN))[0].when.endswith("+00:00")


def test_seeds_that_are_added_when_all_are_done_follow_a_comparison(tmp_path: Path) -> None:
    run(tmp_path, "ab", 4)
    run(tmp_path, "ab", 5)
    run(tmp_path, "ab", 8)
    assert plans(tmp_path) == [(4, 0, 0), (5, 8, 4), (8, 10, 5)]


def test_seeds_that_are_added_before_all_are_done_follow_none(tmp_path: Path) -> None:
    run(tmp_path, "ab", 6, done=5)
    run(tmp_path, "ab", 8)
    assert plans(tmp_path) == [(6, 0, 0), (8, 10, 0)]


def test_rows_that_are_added_later_are_no_look(tmp_path: Path) -> None:
    run(tmp_path, "ab", 6)
    run(tmp_path, "abc", 6)
    assert plans(tmp_path) == [(6, 0, 0)]
    run(tmp_path, "d", 8)  # another number of seeds, but no row gets more
    assert plans(tmp_path) == [(6, 0, 0), (8, 18, 0)]


def test_a_row_that_stands_alone_cannot_be_compared(tmp_path: Path) -> None:
    run(tmp_path, "a", 6)
    run(tmp_path, "ab", 8)
    assert plans(tmp_path) == [(6, 0, 0), (8, 6, 0)]


def test_one_row_of_a_table_that_gets_more_seeds_is_enough(tmp_path: Path) -> None:
    run(tmp_path, "ab", 5)
    run(tmp_path, "a", 8)
    assert plans(tmp_path) == [(5, 0, 0), (8, 10, 5)]


def test_a_failed_cell_is_done_too(tmp_path: Path) -> None:
    run(tmp_path, "ab", 4)
    write_cell(tmp_path, "a", seed=0, status="failed")
    run(tmp_path, "ab", 6)
    assert plans(tmp_path)[-1] == (6, 8, 4)


def test_a_folder_of_an_older_version_begins_its_plans_when_it_is_extended(tmp_path: Path) -> None:
    for name in "ab":
        for seed in range(4):
            write_cell(tmp_path, name, seed=seed)
    run(tmp_path, "ab", 6)
    assert plans(tmp_path) == [(6, 8, 4)]


def test_a_plan_without_cells_is_not_written_down(tmp_path: Path) -> None:
    note_plan(tmp_path, [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        *("nonsense\n", "[1]\n", '{"a": 1}\n'),
        '{"seeds": "many", "when": "", "records": 0}\n',
        '{"seeds": 0, "when": "", "records": 0}\n',
    ],
)
def test_a_damaged_file_is_an_error_to_the_reader_and_stays_as_it_is(
    content: str, tmp_path: Path
) -> None:
    run(tmp_path, "ab", 4)
    path = protocol_dir(tmp_path, PLAIN) / PLANS
    path.write_text(content)
    with pytest.raises(StorageError, match=PLANS):
        read_plans(path.parent)
    run(tmp_path, "ab", 6)
    assert path.read_text() == content


def test_a_run_that_ended_before_it_laid_out_its_cells_adds_no_line_twice(tmp_path: Path) -> None:
    run(tmp_path, "ab", 2)
    environment = RunEnvironment(device="cpu", named=True)
    for _ in range(3):
        cells = [
            Cell(architecture=name, loss="hinge", seed=seed, environment=environment)
            for name in "ab"
            for seed in range(3)
        ]
        note_plan(protocol_dir(tmp_path, PLAIN), cells)
    assert plans(tmp_path) == [(2, 0, 0), (3, 4, 2)]
