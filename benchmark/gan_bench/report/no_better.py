"""Which scores are no better than those of images with nothing in them: noise, one colour."""

from __future__ import annotations

from collections.abc import Iterator

from gan_bench.base.text import number, plural
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.floors import unbeaten
from gan_bench.report.leaderboard import Board
from gan_bench.report.rows import Row
from gan_bench.results.scale import Scale


def no_better_than(value: float, metric: MetricSpec, scale: Scale | None) -> str | None:
    """`no better than noise (1,318)`: the empty sets that this score does not beat.

    None if it beats them, or if the metric does not see what is wrong with them.
    """
    sets = unbeaten(value, metric, scale)
    return f"no better than {sets}" if sets else None


def no_better(board: Board) -> Iterator[str]:
    """One sentence for each row with such scores."""
    ranking = board.ranking
    for row in board.rows:
        if said := no_better_of(row, board):
            bad = [each for each in row.values(ranking.name) if _is_bad(each, board)]
            yield f"{row.name}: {said}: {ranking.name} {', '.join(map(number, bad))}"


def no_better_of(row: Row, board: Board) -> str:
    """`2 of 2 scores no better than noise (1,318)`, or "".

    Fewer images score worse: nothing is said of a row that has fewer than the others.
    """
    values = row.values(board.ranking.name)
    bad = [each for each in values if _is_bad(each, board)]
    if not bad or row.fewer is not None:
        return ""
    some = f"{len(bad)} of {plural(len(values), 'score')} " if len(values) > 1 else ""
    best = min(bad, key=board.ranking.cost)
    return f"{some}{no_better_than(best, board.ranking, board.scale)}"


def _is_bad(value: float, board: Board) -> bool:
    return no_better_than(value, board.ranking, board.scale) is not None
