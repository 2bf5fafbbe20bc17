"""The tables of a leaderboard, as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from gan_bench.base.text import duration
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.equal_time import EqualTime, Moment, at_equal_time
from gan_bench.report.facts import protocol_lines
from gan_bench.report.leaderboard import Board, Boards, Row, figure_paths, nearest
from gan_bench.report.notes import notes

NOTHING = "–"  # where a cell has no number: never an imputed one
WORDS = ("architecture", "loss", "tie", "cells", "by seed")  # columns that are not numbers
FEW = 4  # metrics that still fit beside each other in the first table


@dataclass(frozen=True)
class Chapter:
    """All that is said about one protocol, in order."""

    slug: str
    facts: list[tuple[str, str]]
    sections: list[Section]
    notes: list[str]
    pictures: dict[str, Path]  # those that are drawn


def chapters(boards: Boards, by_time: bool = False) -> Iterator[Chapter]:
    """One for each leaderboard."""
    for board, neighbour in zip(boards.boards, nearest(boards.boards), strict=True):
        yield Chapter(
            board.slug,
            protocol_lines(board.protocol, board.records()),
            sections(board, at_equal_time(board) if by_time else None),
            notes(board, neighbour),
            {name: path for name, path in figure_paths(board).items() if path.is_file()},
        )


# What the tables say
@dataclass(frozen=True)
class Section:
    """One table, as text."""

    title: str
    columns: list[str]
    rows: list[list[str]]

    @property
    def numeric(self) -> list[bool]:
        """Which columns hold numbers."""
        return [name not in WORDS for name in self.columns]


def sections(board: Board, equal_time: EqualTime | None = None) -> list[Section]:
    """All tables of a leaderboard, the one that ranks first."""
    metrics = [metric for metric in board.protocol.evaluation.metrics if metric != board.ranking]
    gauges = {gauge.name for gauge in board.protocol.evaluation.gauges}
    if len(metrics) < FEW:
        beside, others = metrics, []
    else:
        beside = [metric for metric in metrics if metric.name in gauges]
        others = [metric for metric in metrics if metric not in beside]
    first = _equal_time(equal_time) if equal_time else _ranking(board, beside)
    rest = [*beside, *others] if equal_time else others
    everything = [first, _metrics(board, rest), _seeds(board), _costs(board)]
    return [section for section in everything if len(section.columns) > 2 and section.rows]


def _ranking(board: Board, beside: list[MetricSpec]) -> Section:
    """The ranking metric at the end, its tie letters, its best tick, and how the cells ended."""
    ties = board.ties()
    lettered = any(ties)
    columns = [_title(board.ranking), *(["tie"] if lettered else []), *map(_title, beside)]
    watched = board.protocol.evaluation.tick_samples
    columns += [f"best @ kimg (n = {watched:,})", "drop since", "cells"]
    rows = []
    for row, tie in zip(board.rows, ties, strict=True):
        scores = [_score(row, board.ranking), *([tie or NOTHING] if lettered else [])]
        scores += [_score(row, metric) for metric in beside]
        rows.append([row.architecture, row.loss, *scores, *_best(board, row), _cells(row)])
    return Section("", ["architecture", "loss", *columns], rows)


def _metrics(board: Board, metrics: list[MetricSpec]) -> Section:
    rows = [
        [row.architecture, row.loss, *(_score(row, metric) for metric in metrics)]
        for row in board.rows
    ]
    return Section("other metrics", ["architecture", "loss", *map(_title, metrics)], rows)


def _seeds(board: Board) -> Section:
    """Every value of the ranking metric, and where its spread comes from."""
    rows = []
    for row in board.rows:
        values, spread = row.values(board.ranking.name), row.spread(board.ranking.name)
        if len(values) > 1:
            parts = [_optional(part) for part in (spread.seeds, spread.training, spread.sampling)]
            every = ", ".join(map(number_text, values))
            rows.append([row.architecture, row.loss, every, *parts])
    title = f"{board.ranking.name} of every seed; standard deviations over seeds, of which ..."
    columns = ["by seed", "sd of seeds", "by training", "by sampling"]
    return Section(title, ["architecture", "loss", *columns], rows)


COSTS: dict[str, Callable[[Row], str]] = {
    "images/s": lambda row: _costed(row, "images_per_second", "{:.0f}"),
    "s/kimg": lambda row: _seconds_per_kimg(row),
    "training": lambda row: _lasting(row, "train_seconds"),
    "measuring": lambda row: _lasting(row, "evaluate_seconds"),
    "memory": lambda row: _costed(row, "peak_memory_mib", "{:,.0f} MiB"),
    "G + D parameters": lambda row: _both(row, "g_parameters", "d_parameters"),
    "G + D MACs": lambda row: _both(row, "g_macs", "d_macs"),
}


def _costs(board: Board) -> Section:
    """What it took; MACs are multiply-accumulates of one image, forward."""
    rows = [
        [row.architecture, row.loss, *(text(row) for text in COSTS.values())] for row in board.rows
    ]
    return Section("cost", ["architecture", "loss", *COSTS], rows)


def _equal_time(found: EqualTime) -> Section:
    """Where every row stood when the fastest had finished."""

    def texts(moment: Moment) -> list[str]:
        row = moment.row
        kimg = f"{fmean(moment.kimg):.3g}" if moment.kimg else NOTHING
        return [row.architecture, row.loss, _values(moment.scores, None), kimg, _cells(row)]

    title = f"after {duration(found.seconds)} of training each, scored on the samples of a tick"
    columns = [_title(found.metric), "kimg by then", "cells"]
    return Section(title, ["architecture", "loss", *columns], [texts(m) for m in found.moments])


def _title(metric: MetricSpec) -> str:
    return f"{metric.name} {'↑' if metric.higher_is_better else '↓'}"


def _cells(row: Row) -> str:
    told = [f"{number} {word}" for word, number in row.status().items()]
    times = row.rollbacks()
    if times:
        told.append(f"{times} rollback{'s' if times > 1 else ''}")
    return ", ".join(told)


def _best(board: Board, row: Row) -> list[str]:
    """The best tick with its date, and what was lost from it to the last; means over seeds."""
    bests = [best for best in row.bests() if best.metric == board.ranking.name]
    if not bests:
        return [NOTHING, NOTHING]
    value, kimg = fmean(best.value for best in bests), fmean(best.kimg for best in bests)
    lost = fmean(abs(best.final - best.value) for best in bests)
    return [f"{number_text(value)} @ {kimg:.3g}", number_text(lost)]


def _score(row: Row, metric: MetricSpec) -> str:
    return _values(row.values(metric.name), row.interval(metric.name))


def _values(values: list[float], interval: tuple[float, float] | None) -> str:
    """One value as it is; a range, which claims nothing; from four seeds on mean ± interval."""
    if not values:
        return NOTHING
    if interval:
        return _plus_minus(fmean(values), (interval[1] - interval[0]) / 2)
    low, high = number_text(min(values)), number_text(max(values))
    return low if low == high else f"{low} to {high}"


def _plus_minus(mean: float, half: float) -> str:
    """As many decimals as the uncertainty has meaning: two figures of it."""
    if half == 0:
        return f"{number_text(mean)} ± 0"
    decimals = min(6, max(0, 1 - math.floor(math.log10(half))))
    return f"{mean:.{decimals}f} ± {half:.{decimals}f}"


def number_text(value: float) -> str:
    """A score as the tables print it."""
    return f"{value:.0f}" if 10_000 <= abs(value) < 1e9 else f"{value:.4g}"


def _optional(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3g}"


def _costed(row: Row, name: str, style: str) -> str:
    cost = row.mean_cost(name)
    return NOTHING if cost is None else style.format(cost)


def _seconds_per_kimg(row: Row) -> str:
    rate = row.mean_cost("images_per_second")
    return f"{1000 / rate:.3g}" if rate else NOTHING


def _lasting(row: Row, name: str) -> str:
    seconds = row.mean_cost(name)
    return NOTHING if seconds is None else duration(seconds)


def _both(row: Row, g: str, d: str) -> str:
    of_g, of_d = row.mean_cost(g), row.mean_cost(d)
    return NOTHING if of_g is None or of_d is None else f"{of_g / 1e6:.1f} + {of_d / 1e6:.1f} M"
