"""Records -> leaderboards: rows, their order, what can be told apart. Needs no plugin, no torch."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.contract.protocol import MetricSpec, Protocol, differences
from gan_bench.report.statistics import Spread, agreement, interval, letters, sources
from gan_bench.results.layout import cells_in
from gan_bench.results.reading import read_model
from gan_bench.results.records import Best, Record, read_record

NO_SCORES: tuple[list[float], list[float | None]] = ([], [])  # of a metric that no seed has


@dataclass
class Row:
    """One architecture x one loss: the records of its seeds, and what could not be read."""

    architecture: str
    loss: str
    folders: list[Path] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)  # in order of seeds
    unfinished: int = 0
    unreadable: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Architecture / loss."""
        return f"{self.architecture} / {self.loss}"

    @cached_property
    def _measured(self) -> dict[str, tuple[list[float], list[float | None]]]:
        """Metric -> values and their errors; first asked for when all records are read."""
        found: dict[str, tuple[list[float], list[float | None]]] = {}
        for record in self.records:
            for metric, score in record.scores.items():
                values, errors = found.setdefault(metric, ([], []))
                values.append(score.value)
                errors.append(score.error)
        return found

    def values(self, metric: str) -> list[float]:
        """The metric's value for each seed that has one, in order of seeds."""
        return self._measured.get(metric, NO_SCORES)[0]

    def mean(self, metric: str) -> float | None:
        """The mean over the seeds that have a value."""
        values = self.values(metric)
        return fmean(values) if values else None

    def interval(self, metric: str) -> tuple[float, float] | None:
        """The 95 % interval of the mean over training seeds; None under four."""
        return interval(self.values(metric))

    def spread(self, metric: str) -> Spread:
        """Where the differences between the seeds come from: training, or sampling."""
        return sources(*self._measured.get(metric, NO_SCORES))

    def bests(self) -> list[Best]:
        """Best and last tick of each seed."""
        return [record.best for record in self.records if record.best]

    def status(self) -> dict[str, int]:
        """How many cells ended how."""
        count = Counter[str](record.status for record in self.records)
        count.update({"unfinished": self.unfinished, "unreadable": len(self.unreadable)})
        return {word: number for word, number in count.items() if number}

    def rollbacks(self) -> int:
        """How often a cell of this row returned to an earlier state."""
        return sum(record.rollbacks for record in self.records)

    def mean_cost(self, name: str) -> float | None:
        """The mean of one field of the cost over the seeds that have one."""
        costs = [getattr(record.cost, name) for record in self.records if record.cost]
        known = [cost for cost in costs if cost is not None]
        return fmean(known) if known else None

    def remarks(self) -> list[str]:
        """What went wrong: verdicts with their dates, failures, records that cannot be read."""
        told = [remark for record in self.records for remark in _remarks(record)]
        return [*told, *(f"{self.name}: {why}" for why in self.unreadable)]


def _remarks(record: Record) -> Iterator[str]:
    name = f"{record.architecture} / {record.loss} / seed{record.seed}"
    for verdict in record.verdicts:
        after = "" if record.status == verdict.kind else f" (but {record.status} in the end)"
        yield f"{name}: {verdict.kind} at {verdict.kimg:.1f} kimg{after}: {verdict.reason}"
    if record.rollbacks:
        times = "once" if record.rollbacks == 1 else f"{record.rollbacks} times"
        yield f"{name}: rolled back {times}; the images thrown away are counted in its kimg"
    if record.reason and not record.verdicts:
        yield f"{name}: {record.reason}"
    yield from (f"{name}: {note}" for note in record.notes)


@dataclass(frozen=True)
class Board:
    """The leaderboard of one protocol: its rows, the best first by the ranking metric."""

    slug: str
    folder: Path
    protocol: Protocol
    rows: list[Row]
    ranking: MetricSpec

    def records(self) -> list[Record]:
        """All records of all rows."""
        return [record for row in self.rows for record in row.records]

    def ties(self) -> list[str]:
        """Letters by row: rows that share one are not told apart; "" under four seeds."""
        return letters([row.values(self.ranking.name) for row in self.rows])

    def agreements(self) -> dict[str, float]:
        """Kendall's tau of each other metric's ranking of the rows with that of the table."""
        found, ranks = {}, [row.mean(self.ranking.name) for row in self.rows]
        for metric in self.protocol.evaluation.metrics:
            both = zip(ranks, (row.mean(metric.name) for row in self.rows), strict=True)
            pairs = [(a, b) for a, b in both if a is not None and b is not None]
            tau = agreement(
                [cost_of(self.ranking, a) for a, _ in pairs], [cost_of(metric, b) for _, b in pairs]
            )
            if metric != self.ranking and tau is not None:
                found[metric.name] = tau
        return found

    def winners(self) -> dict[str, str]:
        """Features net -> the row that comes first by that net's own first metric."""
        first = {metric.features: metric for metric in reversed(self.protocol.evaluation.metrics)}
        found = {}
        for net, metric in first.items():
            told = [
                (cost_of(metric, mean), row)
                for row in self.rows
                if (mean := row.mean(metric.name)) is not None
            ]
            if told:
                found[net] = min(told, key=lambda pair: pair[0])[1].name
        return found


def cost_of(metric: MetricSpec, value: float) -> float:
    """The value turned so that lower is better."""
    return -value if metric.higher_is_better else value


@dataclass(frozen=True)
class Boards:
    """All leaderboards of a results folder, and the protocols that could not be read."""

    boards: list[Board]
    unreadable: list[str]
    by_time: bool = False


def load(
    results: Path, protocol: str | None = None, sort: str | None = None, by_time: bool = False
) -> Boards:
    """Read a results folder. UsageError if there is nothing in it to report."""
    folders = sorted(path for path in results.glob("*") if _is_there(path / "protocol.json"))
    if protocol is not None:
        folders = [folder for folder in folders if folder.name == protocol]
    if not folders:
        what = f"no protocol {protocol} in {results}" if protocol else f"no results in {results}"
        raise UsageError(f"{what}: `gan-bench run` makes some, or name another folder")
    boards, unreadable = [], []
    for folder in folders:
        try:
            boards.append(_board(folder, sort))
        except StorageError as error:
            unreadable.append(str(error))
    return Boards(boards, unreadable, by_time)


def _is_there(path: Path) -> bool:
    """Also what cannot be read, as a link that leads nowhere: what is there is told."""
    return os.path.lexists(path)


def _board(folder: Path, sort: str | None) -> Board:
    protocol = read_model(folder / "protocol.json", Protocol)
    rows: dict[tuple[str, str], Row] = {}
    for cell in cells_in(folder):
        architecture, loss = cell.parts[-3:-1]
        _add(rows.setdefault((architecture, loss), Row(architecture, loss)), cell)
    for row in rows.values():
        row.records.sort(key=lambda record: record.seed)
    ranking = _ranking(protocol, sort)
    return Board(folder.name, folder, protocol, ranked(list(rows.values()), ranking), ranking)


def _add(row: Row, cell: Path) -> None:
    row.folders.append(cell)
    try:
        row.records.append(read_record(cell))
    except StorageError as error:
        if _is_there(cell / "record.json"):
            row.unreadable.append(str(error))
        else:
            row.unfinished += 1


def _ranking(protocol: Protocol, sort: str | None) -> MetricSpec:
    """The protocol's first metric, or the one asked for."""
    metrics = {metric.name: metric for metric in protocol.evaluation.metrics}
    if sort is not None and sort not in metrics:
        raise UsageError(f"--sort {sort}: the metrics of this table are {', '.join(metrics)}")
    return metrics[sort] if sort else protocol.evaluation.metrics[0]


def ranked(rows: list[Row], ranking: MetricSpec) -> list[Row]:
    """The best mean first; rows without a score last."""

    def rank(row: Row) -> tuple[bool, float]:
        mean = row.mean(ranking.name)
        return mean is None, 0.0 if mean is None else cost_of(ranking, mean)

    return sorted(rows, key=rank)


Neighbour = tuple[Board, dict[str, tuple[Any, Any]]]


def nearest(boards: Sequence[Board]) -> list[Neighbour | None]:
    """For each board the other one that differs in the fewest fields, and these fields."""
    if len(boards) < 2:
        return [None] * len(boards)
    codes = _codes([board.protocol.fields() for board in boards])
    found: list[Neighbour | None] = []
    for place, board in enumerate(boards):
        differing = np.count_nonzero(codes != codes[place], axis=1)
        differing[place] = codes.shape[1] + 1
        other = boards[int(differing.argmin())]
        found.append((other, differences(board.protocol, other.protocol)))
    return found


def _codes(documents: Sequence[dict[str, Any]]) -> np.ndarray:
    """(documents, fields): whole numbers, in each column the same ones for the same values."""
    names = {name: None for document in documents for name in document}
    known: dict[tuple[str, str], int] = {}
    return np.array(
        [
            [known.setdefault((name, repr(document.get(name))), len(known)) for name in names]
            for document in documents
        ]
    )


def figure_paths(board: Board) -> dict[str, Path]:
    """Where a protocol's pictures are, drawn or not."""
    names = ("samples", "quality", "losses", "scores")
    return {name: board.folder / "figures" / f"{name}.png" for name in names}
