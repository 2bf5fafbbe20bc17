"""Which pictures a leaderboard has, and which rows and seeds they show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gan_bench.report.leaderboard import Board
from gan_bench.report.rows import Row, ranked
from gan_bench.results.layout import figure_path

PICTURES = ("samples", "quality", "losses", "scores")
BEST = 12  # a picture shows so many rows: no one could tell more apart


def figure_paths(board: Board) -> dict[str, Path]:
    """Picture -> where it is, drawn or not."""
    return {name: figure_path(board.measured, name) for name in PICTURES}


def captions(board: Board) -> dict[str, str]:
    """Picture -> what it shows."""
    evaluation = board.protocol.evaluation
    metric, n = evaluation.at_ticks.name, f"n = {evaluation.tick_samples:,}"
    return {
        "samples": "samples of every cell at every tick; cells of one seed have the same z",
        "quality": f"quality: {metric} at every tick ({n})",
        "losses": "losses of D and G",
        "scores": "scores: the mean output of D for real and for generated images",
    }


def rows_in_order(board: Board) -> list[Row]:
    """The best first by the protocol's own metric: a picture does not depend on --sort."""
    return ranked(board.trained, board.protocol.evaluation.metrics[0])


def first_seeds(row: Row, most: int | None) -> list[Path]:
    """The folders of the seeds with the lowest numbers; of all seeds if `most` is None."""
    return row.folders[:most]


def what_is_shown(board: Board, rows: Sequence[Row], seeds: int | None = None) -> str:
    """Says what a picture of so many seeds, or of all, leaves out; "" if it shows everything."""
    parts = []
    if len(rows) == BEST < len(board.trained):
        metric = board.protocol.evaluation.metrics[0].name
        parts.append(f"the best {len(rows)} of {len(board.trained):,} rows by {metric}")
    if seeds is not None and any(len(row.folders) > seeds for row in rows):
        parts.append("the first seed of each" if seeds == 1 else f"the first {seeds} seeds of each")
    return ", ".join(parts)
