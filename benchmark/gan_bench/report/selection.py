"""Which rows and seeds a picture shows: more than a few, no one tells apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gan_bench.report.leaderboard import Board, Row, ranked

BEST = 12  # rows of a picture: more than that no one tells apart on one page


PACKED = 2  # of zlib's levels: a third of the usual time for a twentieth more bytes


def rows_in_order(board: Board) -> list[Row]:
    """The best first by the protocol's own metric: a picture does not depend on --sort."""
    return ranked(board.rows, board.protocol.evaluation.metrics[0])


def first_seeds(row: Row, most: int) -> list[Path]:
    """The folders of the first seeds; 2 comes before 10."""
    return sorted(row.folders, key=lambda folder: (len(folder.name), folder.name))[:most]


def what_is_shown(board: Board, rows: Sequence[Row], seeds: int) -> str:
    """What is left out of a picture, "" if it shows everything there is."""
    told = []
    if len(rows) == BEST < len(board.rows):
        metric = board.protocol.evaluation.metrics[0].name
        told.append(f"the best {len(rows)} of {len(board.rows):,} rows by {metric}")
    if any(len(row.folders) > seeds for row in rows):
        told.append("the first seed of each" if seeds == 1 else f"the first {seeds} seeds of each")
    return ", ".join(told)
