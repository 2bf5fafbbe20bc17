"""Which scores are no better than those of images with nothing in them: noise, one colour."""

from __future__ import annotations

from collections.abc import Iterator

from gan_bench.base.text import number, plural
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.floors import score_in, sees_fault
from gan_bench.report.leaderboard import Board
from gan_bench.report.rows import Row
from gan_bench.results.scale import EMPTY_SETS, Scale


def no_better_than(value: float, metric: MetricSpec, scale: Scale | None) -> str | None:
    """`no better than noise (1,318)`: the empty sets that this score does not beat.

    None if it beats them, or if the metric does not see what is wrong with them.
    """
    if scale is None:
        return None
    real = score_in(scale.real, metric)
    known = {name: score_in(scale.bad.get(name), metric) for name in EMPTY_SETS}
    unbeaten = [
        f"{name} ({number(bad)})"
        for name, bad in known.items()
        if bad is not None
        and sees_fault(metric, real, bad)
        and metric.cost(value) >= metric.cost(bad)
    ]
    return f"no better than {' or '.join(unbeaten)}" if unbeaten else None


def no_better(board: Board) -> Iterator[str]:
    """One sentence for each row with such scores. Fewer images score worse: they are left out."""
    for row in board.rows:
        if row.fewer is None:
            yield from _no_better(row, board)


def _no_better(row: Row, board: Board) -> Iterator[str]:
    ranking = board.ranking
    values = row.values(ranking.name)
    bad = [each for each in values if no_better_than(each, ranking, board.scale)]
    if bad:
        some = f"{len(bad)} of {plural(len(values), 'score')} " if len(values) > 1 else ""
        said = no_better_than(min(bad, key=ranking.cost), ranking, board.scale)
        yield f"{row.name}: {some}{said}: {ranking.name} {', '.join(map(number, bad))}"
