"""The tables of a leaderboard, as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from gan_bench.base.text import duration, number, plural, size
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.equal_time import EqualTime, Moment
from gan_bench.report.facts import protocol_lines
from gan_bench.report.leaderboard import Board, Boards, nearest
from gan_bench.report.notes import Note, notes
from gan_bench.report.pairs import Interval, against_leader
from gan_bench.report.rows import Row
from gan_bench.report.selection import figure_paths

NOTHING = "–"  # where a cell has no number: never an imputed one
FEW = 4  # so many metrics fit beside each other in the first table
MIB = 2**20


@dataclass(frozen=True)
class Column:
    """The head of a column; numbers are aligned on the right."""

    title: str
    numeric: bool = True
    detail: str = ""  # a second line where there is room for one

    @property
    def text(self) -> str:
        """Title and detail in one line."""
        return f"{self.title} ({self.detail})" if self.detail else self.title


NAMES = [Column("architecture", numeric=False), Column("loss", numeric=False)]
CELLS = Column("cells", numeric=False)


@dataclass(frozen=True)
class Section:
    """One table, as text. The first two columns are the names of the rows."""

    title: str
    columns: list[Column]
    rows: list[list[str]]


@dataclass(frozen=True)
class Chapter:
    """All that a report says about one protocol, in order."""

    slug: str
    facts: list[tuple[str, str]]
    sections: list[Section]
    notes: list[Note]
    pictures: dict[str, Path]  # those that are drawn


def chapters(boards: Boards) -> Iterator[Chapter]:
    """One for each leaderboard."""
    for board, neighbour in zip(boards.boards, nearest(boards.boards), strict=True):
        yield Chapter(
            board.slug,
            protocol_lines(board.protocol, board.cells, board.looks),
            sections(board),
            notes(board, neighbour),
            {name: path for name, path in figure_paths(board).items() if path.is_file()},
        )


def sections(board: Board) -> list[Section]:
    """All tables of a leaderboard; the first one shows what the rows are ordered by."""
    metrics = [metric for metric in board.protocol.evaluation.metrics if metric != board.ranking]
    gauges = {gauge.name for gauge in board.protocol.evaluation.gauges}
    few = len(metrics) < FEW
    beside = metrics if few else [metric for metric in metrics if metric.name in gauges]
    if board.equal_time:
        first = [_equal_time(board.equal_time), _ranking(board, beside)]
    else:
        first = [_ranking(board, beside)]
    others = [metric for metric in metrics if metric not in beside]
    tables = [*first, _metrics(board, others), _seeds(board), _pairs(board), _costs(board)]
    return [table for table in tables if len(table.columns) > len(NAMES) and table.rows]


def _ranking(board: Board, beside: list[MetricSpec]) -> Section:
    """The metrics at the end of the schedule, tie letters, best ticks, how the cells ended."""
    lettered = any(board.ties)
    rows = []
    for row, tie in zip(board.rows, board.ties, strict=True):
        scores = [_score(row, board.ranking), *([tie or NOTHING] if lettered else [])]
        scores += [_score(row, metric) for metric in beside]
        rows.append([row.architecture, row.loss, *scores, *_best(board, row), _cells(row)])
    columns = [
        *NAMES,
        _title(board.ranking),
        *([Column("tie", numeric=False)] if lettered else []),
        *map(_title, beside),
        Column("best @ kimg", detail=f"n = {board.protocol.evaluation.tick_samples:,}"),
        Column("lost since"),
        CELLS,
    ]
    return Section("at the end of the schedule" if board.equal_time else "", columns, rows)


def _metrics(board: Board, metrics: list[MetricSpec]) -> Section:
    rows = [
        [row.architecture, row.loss, *(_score(row, metric) for metric in metrics)]
        for row in board.rows
    ]
    return Section("other metrics", [*NAMES, *map(_title, metrics)], rows)


def _seeds(board: Board) -> Section:
    """Every value of the ranking metric, and where its spread comes from."""
    rows = []
    for row in board.rows:
        values, spread = row.values(board.ranking.name), row.spread(board.ranking.name)
        if len(values) > 1:
            deviations = map(_deviation, (spread.seeds, spread.training, spread.sampling))
            rows.append([row.architecture, row.loss, ", ".join(map(number, values)), *deviations])
    title = f"{board.ranking.name} of every seed, and the parts of its standard deviation (sd)"
    columns = [Column("by seed", numeric=False)]
    columns += map(Column, ("sd of seeds", "from training", "from sampling"))
    return Section(title, [*NAMES, *columns], rows)


def _pairs(board: Board) -> Section:
    """The leader against each other row, seed by seed."""
    pairs = against_leader(board.rows, board.ranking)
    rows = [
        [
            *(pair.other.architecture, pair.other.loss, f"{pair.seeds:,}"),
            NOTHING if pair.correlation is None else f"{pair.correlation:.2f}",
            _difference(pair.difference),
            f"{_share(pair.leader_better.value)} ({_share(pair.leader_better.low)} to "
            f"{_share(pair.leader_better.high)})",
        ]
        for pair in pairs
    ]
    leader = pairs[0].leader.name if pairs else ""
    title = (
        f"{leader}, first by {board.ranking.name}, against each other row seed by seed (a "
        "description: only the letters were chosen before looking, and they do not pair seeds)"
    )
    columns = map(Column, ("seeds", "correlation", "other - leader", "P(leader better)"))
    return Section(title, [*NAMES, *columns], rows)


COSTS: dict[str, Callable[[Row], str]] = {
    "images/s": lambda row: _cost(row, "images_per_second", lambda rate: number(rate, 3)),
    "s/kimg": lambda row: _cost(
        row, "images_per_second", lambda rate: number(1000 / rate, 3) if rate else NOTHING
    ),
    "training": lambda row: _cost(row, "train_seconds", duration),
    "measuring": lambda row: _cost(row, "evaluate_seconds", duration),
    "memory": lambda row: _cost(row, "peak_memory_mib", lambda mib: size(mib * MIB)),
    "G + D parameters": lambda row: _sum(row, "g_parameters", "d_parameters"),
    "G + D MACs": lambda row: _sum(row, "g_macs", "d_macs"),
}


def _costs(board: Board) -> Section:
    rows = [
        [row.architecture, row.loss, *(text(row) for text in COSTS.values())] for row in board.rows
    ]
    title = "cost (MACs: multiply-accumulates for one image, forward)"
    return Section(title, [*NAMES, *map(Column, COSTS)], rows)


def _equal_time(read: EqualTime) -> Section:
    """Where every row was when the fastest cell had completed the schedule."""

    def texts(moment: Moment) -> list[str]:
        row = moment.row
        kimg = number(fmean(moment.kimg), 3) if moment.kimg else NOTHING
        return [row.architecture, row.loss, _values(moment.scores, None), kimg, _cells(row)]

    title = f"after {duration(read.seconds)} of training each, scored on the samples of a tick"
    columns = [*NAMES, _title(read.metric), Column("kimg by then"), CELLS]
    return Section(title, columns, list(map(texts, read.moments)))


def _title(metric: MetricSpec) -> Column:
    return Column(f"{metric.name} {metric.arrow}")


def _cells(row: Row) -> str:
    """How many cells ended in which way."""
    ends = [f"{count:,} {status}" for status, count in row.status().items()]
    return ", ".join(ends + [plural(row.rollbacks(), "rollback")] * bool(row.rollbacks()))


def _best(board: Board, row: Row) -> list[str]:
    """The best tick with its date, and what was lost from it to the last; means over seeds."""
    bests = row.bests(board.ranking.name)
    if not bests:
        return [NOTHING, NOTHING]
    value, kimg = fmean(best["value"] for best in bests), fmean(best["kimg"] for best in bests)
    lost = fmean(abs(best["final"] - best["value"]) for best in bests)
    return [f"{number(value)} @ {number(kimg, 3)}", number(lost)]


def _score(row: Row, metric: MetricSpec) -> str:
    return _values(row.values(metric.name), row.interval(metric.name))


def _values(values: list[float], interval: tuple[float, float] | None) -> str:
    """One value, or the range of a few; from four seeds on mean ± interval."""
    if not values:
        return NOTHING
    if interval:
        return _plus_minus(fmean(values), (interval[1] - interval[0]) / 2)
    low, high = number(min(values)), number(max(values))
    return low if low == high else f"{low} to {high}"


def _plus_minus(mean: float, half: float) -> str:
    """As many decimals as the uncertainty has meaning: two figures of it."""
    if half == 0:
        return f"{number(mean)} ± 0"
    decimals = min(6, max(0, 1 - math.floor(math.log10(half))))
    return f"{mean:,.{decimals}f} ± {half:,.{decimals}f}"


def _difference(difference: Interval | None) -> str:
    if difference is None:
        return NOTHING
    return _plus_minus(difference.value, (difference.high - difference.low) / 2)


def _share(share: float) -> str:
    return f"{share:.2f}"


def _deviation(value: float | None) -> str:
    return NOTHING if value is None else number(value, 3)


def _cost(row: Row, name: str, text: Callable[[float], str]) -> str:
    mean = row.mean_cost(name)
    return NOTHING if mean is None else text(mean)


def _sum(row: Row, *names: str) -> str:
    """The two networks' counts in millions."""
    means = [row.mean_cost(name) for name in names]
    known = [number(mean / 1e6, 3) for mean in means if mean is not None]
    return f"{' + '.join(known)} M" if len(known) == len(means) else NOTHING
