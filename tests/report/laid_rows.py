"""Rows written by hand, and what a report shows of them, for tests of rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gan_bench.report import leaderboard
from gan_bench.report.leaderboard import Board
from gan_bench.report.section import Section
from gan_bench.report.tables import more_tables, tables
from records import write_cell

GOOD = [10.0, 11.0, 12.0, 10.5, 11.5, 10.2]
BAD = [20.0, 21.0, 22.0, 20.5, 21.5, 20.2]


def lay_seeds(results: Path, name: str, values: list[float], without: int = 0, **more: Any) -> None:
    """A row of these values, and of seeds that ended without one: diverged, or as `more` says."""
    for seed, value in enumerate(values):
        write_cell(results, name, seed=seed, scores={"fd-eye": value})
    for seed in range(len(values), len(values) + without):
        write_cell(results, name, seed=seed, **{"status": "diverged"} | more)


def board_of(results: Path) -> Board:
    """The one leaderboard of a folder."""
    (board,) = leaderboard.load(results).boards
    return board


def sections(board: Board) -> list[Section]:
    """All tables, in their order."""
    return [*tables(board), *more_tables(board)]


def column(section: Section, title: str) -> list[str]:
    """The texts of a column, other real images first; [] if there is none."""
    heads = [each.text for each in section.columns]
    rows = [*section.scale, *section.rows]
    return [row[heads.index(title)] for row in rows] if title in heads else []


def shown(results: Path, *titles: str) -> list[list[str]]:
    """The texts of these columns of the first table that has them, row by row."""
    for section in sections(board_of(results)):
        columns = [column(section, title)[len(section.scale) :] for title in titles]
        if all(columns):
            return list(map(list, zip(*columns, strict=True)))
    return []


def names(results: Path) -> list[str]:
    """The architectures in the order of the table."""
    return [row.labels[0] for row in board_of(results).rows]


def ties(results: Path) -> dict[str, str]:
    """Architecture -> its letters."""
    board = board_of(results)
    return {row.architecture: tie for row, tie in zip(board.rows, board.ties, strict=True)}
