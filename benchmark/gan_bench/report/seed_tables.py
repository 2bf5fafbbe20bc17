"""Tables of what lies behind a row: its best ticks, its seeds, the leader against it."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from gan_bench.base.text import number
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.leaderboard import Board
from gan_bench.report.pairs import Interval, against_leader
from gan_bench.report.rows import Row
from gan_bench.report.score_columns import of_seeds, plus_minus
from gan_bench.report.section import NOTHING, Column, Filled, Section, section_of
from gan_bench.report.statistics import Spread


def best_ticks(board: Board) -> Iterator[Filled]:
    """The best tick with its date, and what was lost from it to the last; means over seeds."""
    evaluation = board.protocol.evaluation
    metric, real = evaluation.at_ticks, board.real_at_ticks
    by = "" if metric == board.ranking else f"{metric.name}, "
    best = Column("best @ kimg", detail=f"{by}n = {evaluation.tick_samples:,}")
    ticks = [_best_tick(row, metric) for row in board.rows]
    yield Filled(best, [text for text, _ in ticks], NOTHING if real is None else number(real))
    yield Filled(Column("lost since"), [lost for _, lost in ticks])


def _best_tick(row: Row, metric: MetricSpec) -> tuple[str, str]:
    """Score and date of the best tick, and the loss since; means over seeds."""
    bests = row.bests(metric.name)
    if not bests:
        return NOTHING, NOTHING
    value, kimg = fmean(best["value"] for best in bests), fmean(best["kimg"] for best in bests)
    lost = fmean(abs(best["final"] - best["value"]) for best in bests)
    text = f"{number(value)} @ {number(kimg, 3)}"
    return of_seeds(text, len(bests), int(row.ended.sum())), number(lost)


def seeds_table(board: Board) -> Section:
    """Every value of the ranking metric, and where its spread comes from."""
    name = board.ranking.name
    rows = [row for row in board.rows if len(row.values(name)) > 1]
    spreads = [row.spread(name) for row in rows]
    columns = [
        Filled(
            Column("by seed", numeric=False),
            [", ".join(map(number, row.values(name))) for row in rows],
        ),
        Filled(Column("sd of seeds"), [_deviation(spread.seeds) for spread in spreads]),
        Filled(Column("sampling alone"), [_deviation(spread.sampling) for spread in spreads]),
        Filled(Column("left for training"), [_training(spread) for spread in spreads]),
    ]
    title = (
        f"{name} of every seed: the standard deviation (sd), what sampling alone would give, and "
        "what that leaves for training"
    )
    return section_of(title, rows, columns)


def pairs_table(board: Board) -> Section:
    """The leader against each other row, seed by seed."""
    ordered = board.ranking.name not in board.trained_floors  # else no row leads
    pairs = against_leader(board.trained, board.ranking) if ordered else []
    columns = [
        Filled(Column("seeds"), [f"{pair.seeds:,}" for pair in pairs]),
        Filled(
            Column("correlation"),
            [NOTHING if p.correlation is None else _share(p.correlation) for p in pairs],
        ),
        Filled(Column("other - leader"), [_difference(pair.difference) for pair in pairs]),
        Filled(Column("P(leader better)"), [_chance(pair.leader_better) for pair in pairs]),
    ]
    leader = pairs[0].leader.name if pairs else ""
    title = (
        f"{leader}, first by {board.ranking.name}, against each other row seed by seed (a "
        "description: only the letters were chosen before looking, and they do not pair seeds)"
    )
    return section_of(title, [pair.other for pair in pairs], columns)


def _difference(difference: Interval | None) -> str:
    if difference is None:
        return NOTHING
    return plus_minus(difference.value, (difference.high - difference.low) / 2)


def _chance(chance: Interval) -> str:
    return f"{_share(chance.value)} ({_share(chance.low)} to {_share(chance.high)})"


def _share(share: float) -> str:
    return f"{share:.2f}"


def _training(spread: Spread) -> str:
    """Nothing is left where the seeds happen to differ less than one network sampled anew would."""
    return "none seen" if spread.training == 0 else _deviation(spread.training)


def _deviation(value: float | None) -> str:
    return NOTHING if value is None else number(value, 3)
