"""The first table of a leaderboard: what its rows are ordered by, and what is read beside it."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from gan_bench.base.text import duration, number, plural
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.alarms import alarms
from gan_bench.report.costs import training_minutes
from gan_bench.report.equal_time import EqualTime
from gan_bench.report.leaderboard import Board
from gan_bench.report.rows import Row, places
from gan_bench.report.score_columns import (
    multiples,
    of_seeds,
    scores,
    times_real,
    title_of,
    values_text,
)
from gan_bench.report.section import NOTHING, Column, Filled, Section, section_of
from gan_bench.run.schedule_text import recipe_text

FEW = 2  # so many further metrics have room
CELLS = Column("cells", numeric=False)


def ranking_table(board: Board) -> Section:
    """The scores at the end of the schedule, tie letters, minutes, how the cells ended."""
    n = f"n = {board.protocol.evaluation.samples:,}"
    tie = Column("tie", numeric=False)
    columns = [
        scores(board, board.ranking, n),
        *times_real(board),
        *(
            [Filled(tie, [tie or NOTHING for tie in board.ties], always=True)]
            if any(board.ties)
            else []
        ),
        *_recipes(board),
        *_labels(board),
        *_warnings(board),
        *(scores(board, metric) for metric in metrics_beside(board)),
        Filled(Column("minutes"), list(map(training_minutes, board.rows))),
        Filled(CELLS, list(map(_cells, board.rows))),
    ]
    title = "at the end of the schedule" if board.equal_time else ""
    return section_of(title, board.rows, columns, ranks(board))


def ranks(board: Board) -> list[str]:
    """The place of each row from 1; equal rows share one, and a row without a score has none.

    [] if the score does not compare the rows.
    """
    scored = any(row.values(board.ranking.name) for row in board.rows)
    if len(board.rows) < 2 or not scored or board.ranking.name in board.floors:
        return []
    ranks = places(board.rows, board.ranking)
    known = (bool(row.values(board.ranking.name)) for row in board.rows)
    return [str(rank + 1) if has else NOTHING for rank, has in zip(ranks, known, strict=True)]


def metrics_beside(board: Board) -> list[MetricSpec]:
    """What stands beside the ranking metric: all if few, else gauges, partners and counts."""
    if len(board.others) <= FEW:
        return board.others
    names = {board.ranking.name, *(gauge.name for gauge in board.protocol.evaluation.gauges)}
    metrics = board.protocol.evaluation.metrics
    partners = {metric.partner for metric in metrics if metric.name in names}
    return [
        each
        for each in board.others
        if each.name in names | partners or each.partner in names or _counts(board, each)
    ]


def _counts(board: Board, metric: MetricSpec) -> bool:
    """Whether the metric counts something, such as modes: every score is a whole number."""
    real = board.real(metric)
    values = [value for row in board.rows for value in row.values(metric.name)]
    whole = all(value == round(value) for value in values)
    return metric.higher_is_better and whole and real is not None and real.value > 1


def _recipes(board: Board) -> Iterator[Filled]:
    """What each row's schedule has of its own, if the schedules differ."""
    texts = [", ".join(dict.fromkeys(map(recipe_text, row.done["recipe"]))) for row in board.rows]
    if any(texts):
        yield Filled(Column("recipe", numeric=False), texts)


def _labels(board: Board) -> Iterator[Filled]:
    """Which rows were given the classes of the images, if some were."""
    texts = ["given" if any(row.done["conditional"]) else "" for row in board.rows]
    if any(texts):
        yield Filled(Column("labels", numeric=False), texts)


def _warnings(board: Board) -> Iterator[Filled]:
    """The alarms of each row, if there are any."""
    metrics = board.protocol.evaluation.metrics
    texts = [", ".join(alarm.text for alarm in alarms(row, metrics)) for row in board.rows]
    if any(texts):
        yield Filled(Column("warning", numeric=False), texts)


def equal_time_table(board: Board, read: EqualTime) -> Section:
    """Where every row was when the fastest cell had completed the schedule."""
    moments, real = read.moments, board.real_at_ticks
    means = [fmean(moment.scores) if moment.scores else None for moment in moments]
    columns = [
        Filled(
            title_of(read.metric, f"n = {board.protocol.evaluation.tick_samples:,}"),
            [
                of_seeds(values_text(moment.scores, None), len(moment.scores), len(moment.costs))
                for moment in moments
            ],
            NOTHING if real is None else number(real),
        ),
        *multiples(read.metric, means, real),
        Filled(Column("kimg by then"), [values_text(moment.kimg, None, 3) for moment in moments]),
        Filled(CELLS, [_cells(moment.row) for moment in moments]),
    ]
    title = f"after {duration(read.seconds)} of training each, scored on the samples of a tick"
    return section_of(title, [moment.row for moment in moments], columns)


def _cells(row: Row) -> str:
    """How many cells ended in which way."""
    if row.entry:
        return NOTHING
    ends = [f"{count:,} {status}" for status, count in row.status().items()]
    return ", ".join(ends + [plural(row.rollbacks(), "rollback")] * bool(row.rollbacks()))
