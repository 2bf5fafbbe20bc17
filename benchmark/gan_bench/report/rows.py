"""The rows of a leaderboard: one architecture x one loss, with the cells of all its seeds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.statistics import Spread, interval, sources
from gan_bench.results.frame import WITHOUT_RECORD, error_column, metric_column
from gan_bench.results.records import Best

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Row:
    """One architecture x one loss."""

    architecture: str
    loss: str
    # (cells,) each: the columns of `read_frame` in order of seeds, numbers as float64 with NaN
    cells: dict[str, np.ndarray]
    places: np.ndarray  # of these cells in the frame

    @property
    def name(self) -> str:
        """Architecture / loss."""
        return f"{self.architecture} / {self.loss}"

    @property
    def folders(self) -> list[Path]:
        """The folders of all cells."""
        return list(self.cells["folder"])

    @cached_property
    def done(self) -> dict[str, list[Any]]:
        """The columns of the cells that have a record."""
        chosen = [status not in WITHOUT_RECORD for status in self.cells["status"]]
        return {name: column[chosen].tolist() for name, column in self.cells.items()}

    def known(self, column: str) -> list[float]:
        """The numbers of a column, without the cells that have none, in order of seeds."""
        numbers = self.cells.get(column, NOTHING)
        found: list[float] = numbers[~np.isnan(numbers)].tolist()
        return found

    def values(self, metric: str) -> list[float]:
        """The metric's value for each seed that has one, in order of seeds."""
        return self.known(metric_column(metric))

    def counted(self, metric: str) -> int:
        """How many seeds ended, with a score or without one."""
        return len(self.values(metric)) + self.missing(metric)

    def missing(self, metric: str) -> int:
        """How many seeds ended without a score by the metric: they count as worst."""
        ended = np.count_nonzero(self.cells["status"] != "unfinished")
        return int(ended) - len(self.values(metric))

    def mean(self, metric: str) -> float | None:
        """The mean over the seeds that have a value."""
        return _mean(self.values(metric))

    def interval(self, metric: str) -> tuple[float, float] | None:
        """The 95 % interval of the mean over training seeds; None for fewer than four."""
        return interval(self.values(metric))

    def spread(self, metric: str) -> Spread:
        """How far the seeds differ, and how much of it is due to training and to sampling."""
        values = self.cells.get(metric_column(metric), NOTHING)
        errors = self.cells.get(error_column(metric), np.full_like(values, np.nan))
        scored = ~np.isnan(values)
        known = [None if math.isnan(error) else error for error in errors[scored].tolist()]
        return sources(values[scored].tolist(), known)

    def bests(self, metric: str) -> list[dict[str, Any]]:
        """Best and last tick of each seed by this metric: metric, value, kimg, final."""
        columns = (self.cells[f"best_{name}"].tolist() for name in Best.model_fields)
        bests = (
            dict(zip(Best.model_fields, best, strict=True)) for best in zip(*columns, strict=True)
        )
        return [best for best in bests if best["metric"] == metric]

    def status(self) -> dict[str, int]:
        """How many cells ended in which way; those without a record come last."""
        count = Counter(self.cells["status"])
        order = sorted(count, key=lambda status: status in WITHOUT_RECORD)
        return {status: count[status] for status in order}

    def rollbacks(self) -> int:
        """How often a cell of this row returned to an earlier state."""
        return int(sum(self.known("rollbacks")))

    def mean_cost(self, name: str) -> float | None:
        """The mean of one field of the cost over the seeds that have one."""
        return _mean(self.known(name))


NOTHING = np.empty(0)  # of a metric that no cell has


def with_record(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells that have a readable record."""
    return cells[~cells["status"].isin(WITHOUT_RECORD)]


def rows_of(cells: pd.DataFrame) -> list[Row]:
    """The rows of a protocol's cells, in order of their names."""
    columns = {
        name: column.to_numpy()
        if column.dtype == "object"
        else column.to_numpy(float, na_value=np.nan)
        for name, column in cells.astype({"seed": object}).items()
    }
    groups = cells.groupby(["architecture", "loss"], sort=False).indices
    return [
        Row(architecture, loss, {name: column[places] for name, column in columns.items()}, places)
        for (architecture, loss), places in groups.items()
    ]


def ranked(rows: Iterable[Row], metric: MetricSpec) -> list[Row]:
    """The best mean first; rows without a value last."""

    def rank(row: Row) -> tuple[bool, float]:
        mean = row.mean(metric.name)
        return mean is None, 0.0 if mean is None else metric.cost(mean)

    return sorted(rows, key=rank)


def _mean(values: list[float]) -> float | None:
    return fmean(values) if values else None
