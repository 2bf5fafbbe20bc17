"""A preflight process that ends early: which pair it was, and how often another is started."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gan_bench import GanBenchError
from gan_bench.run.preflight import check_pairs

KILLED = "at its first step the process was killed (signal 9), as the system does when memory"
Start = Callable[..., list[list[str]]]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    """Processes that end with these codes, the last one for good, while they try the pair `bad`.

    Gives a list of the cells that each of them was started for.
    """

    def start(*codes: int, begins: bool = True) -> list[list[str]]:
        started: list[list[str]] = []
        ends = list(codes)

        class Process:
            code = 0

            def __init__(self, cells: Sequence[str]) -> None:
                self.cells = list(cells)
                started.append(self.cells.copy())

            def rows(self) -> Iterator[dict[str, Any]]:
                for cell in self.cells.copy():
                    if "/bad/" in cell and ends:
                        self.code = ends.pop(0)
                        if begins:
                            yield {"begin": cell}
                        return
                    yield {"begin": cell}
                    yield {"cell": cell}

        monkeypatch.setattr("gan_bench.run.preflight._Process", Process)
        return started

    return start


@pytest.fixture
def cells(tmp_path: Path) -> list[Path]:
    names = ("good/minimax/seed0", "bad/minimax/seed0", "bad/minimax/seed1", "last/minimax/seed0")
    folders = [tmp_path / name for name in names]
    for folder in folders:
        folder.mkdir(parents=True)
    return folders


def errors(cells: list[Path]) -> dict[str, str | None]:
    """The error of each cell, by architecture and seed."""
    reports = list(check_pairs(cells))
    assert sorted(each.cell for each in reports) == sorted(map(str, cells))
    return {each.cell.removeprefix(str(cells[0].parents[2])): each.error for each in reports}


@pytest.mark.parametrize("lost", [1, 3])
def test_a_process_that_was_ended_from_outside_is_started_again(
    lost: int, start: Start, cells: list[Path]
) -> None:
    started = start(*[-9] * lost)
    assert set(errors(cells).values()) == {None}
    assert [len(each) for each in started] == [4, *[3] * lost]


def test_after_three_times_the_pair_is_named_and_the_others_are_tried(
    start: Start, cells: list[Path]
) -> None:
    started = start(*[-9] * 4)
    said = errors(cells)
    assert said["/good/minimax/seed0"] is said["/last/minimax/seed0"] is None
    assert [(said[f"/bad/minimax/seed{k}"] or "").startswith(KILLED) for k in range(2)] == [
        True
    ] * 2
    assert [len(each) for each in started] == [4, 3, 3, 3, 1]


def test_a_crash_is_named_at_once(start: Start, cells: list[Path]) -> None:
    started = start(-11)
    said = errors(cells)
    assert said["/bad/minimax/seed1"] == "at its first step the process ended with signal 11"
    assert [len(each) for each in started] == [4, 1]


def test_a_process_that_ends_before_it_tries_a_pair_stops_all(
    start: Start, cells: list[Path]
) -> None:
    start(1, begins=False)
    with pytest.raises(GanBenchError, match="the preflight process ended with exit code 1"):
        list(check_pairs(cells[1:]))
