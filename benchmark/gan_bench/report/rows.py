"""The rows of a leaderboard: one architecture x one loss, and the cells of all its seeds."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean, harmonic_mean, median
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_bench.contract.protocol import MetricSpec, cell_label
from gan_bench.report.by_code import CODE_COLUMNS, by_code
from gan_bench.report.statistics import Spread, interval, sources
from gan_bench.results.frame import OPEN, WITHOUT_RECORD, error_column, metric_column
from gan_bench.results.records import Best

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Row:
    """One architecture x one loss, trained by the same code."""

    architecture: str
    loss: str
    code: str  # the `training_code` of its cells; "" if it is not known
    labels: tuple[str, str]  # architecture and loss as they are shown, with a mark of the code
    # (cells,) each: the columns of `read_frame` in order of seeds, numbers as float64 with NaN
    cells: dict[str, np.ndarray]
    places: np.ndarray  # of these cells in the frame
    entry: bool = False  # whether it was not trained here: it has one set of scores and no seed
    fewer: int | None = None  # how many images an entry has, if they are fewer than samples

    @property
    def name(self) -> str:
        """Architecture / loss, with a mark where two rows differ in nothing but their code."""
        return " / ".join(self.labels)

    def cell_name(self, seed: int | None) -> str:
        """The name of one of its cells: architecture / loss / seed<k>, or that of the entry."""
        return self.name if seed is None else cell_label(self.architecture, self.loss, seed)

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

    def mean(self, metric: str) -> float | None:
        """The mean over the seeds that have a value; see `missing` for how many have none."""
        return _mean(self.values(metric))

    @cached_property
    def ended(self) -> np.ndarray:
        """(cells,) bool: the cells that have ended, with a record or with one that is damaged.

        They count in the order of the rows and in the letters. What a cell will score that is
        not trained or not measured yet is not known.
        """
        return ~np.isin(self.cells["status"].astype(str), OPEN)

    def missing(self, metric: str) -> int:
        """How many seeds ended without a value: diverged, failed, refused or unreadable."""
        return int(np.count_nonzero(self.ended)) - len(self.values(metric))

    def counted(self, metric: str) -> int:
        """How many seeds count: those that have a value, and those that ended without one."""
        return len(self.values(metric)) + self.missing(metric)

    def costs(self, metric: MetricSpec) -> list[float]:
        """The cost of each seed that counts, in order of seeds: lower is better.

        A seed that ended without a value is worse than all others: its cost is infinite.
        """
        values = self.cells.get(metric_column(metric.name), np.full(len(self.ended), math.nan))
        return [math.inf if math.isnan(v) else metric.cost(v) for v in values[self.ended].tolist()]

    def cost_by_seed(self, metric: MetricSpec) -> dict[int, float]:
        """Seed -> its cost, of the seeds that count; without those of damaged names."""
        seeds = self.cells["seed"][self.ended].tolist()
        costs = zip(seeds, self.costs(metric), strict=True)
        return {seed: cost for seed, cost in costs if isinstance(seed, int)}

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
        """Best and last tick of each seed by this metric: metric, value, kimg, final.

        A seed that diverged has none: its best is that of a part of the training.
        """
        columns = (self.cells[f"best_{name}"].tolist() for name in Best.model_fields)
        bests = (
            dict(zip(Best.model_fields, best, strict=True)) for best in zip(*columns, strict=True)
        )
        return [
            best
            for best, status in zip(bests, self.cells["status"], strict=True)
            if best["metric"] == metric and status != "diverged"
        ]

    def status(self) -> dict[str, int]:
        """How many cells ended in which way; those without a record come last."""
        count = Counter(self.cells["status"])
        order = sorted(count, key=lambda status: status in WITHOUT_RECORD)
        return {status: count[status] for status in order}

    def rollbacks(self) -> int:
        """How often a cell of this row returned to an earlier state."""
        return int(sum(self.known("rollbacks")))

    def mean_cost(self, name: str) -> float | None:
        """The mean of one field of the cost over the seeds that have one.

        Of speeds it is the harmonic mean: all images by all seconds, since the seeds do equal work.
        """
        known = self.known(name)
        harmonic = name == RATE and known and min(known) > 0
        return harmonic_mean(known) if harmonic else _mean(known)


RATE = "images_per_second"
NOTHING = np.empty(0)  # of a metric that no cell has


def devices_of(statuses: Iterable[str], devices: Iterable[object]) -> list[str]:
    """What the cells were trained on. A failed cell knows only the kind of its device."""
    known = [
        (status, name)
        for status, name in zip(statuses, devices, strict=True)
        if isinstance(name, str)
    ]
    trained = [name for status, name in known if status != "failed"]
    return sorted(set(trained) or {name for _, name in known})


def with_record(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells that have a readable record."""
    return cells[~cells["status"].isin(WITHOUT_RECORD)]


def with_end(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells that have ended, with a record or with one that is damaged."""
    return cells[~cells["status"].isin(OPEN)]


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
        Row(
            *(architecture, loss, code, labels),
            {name: column[places[chosen]] for name, column in columns.items()},
            places[chosen],
        )
        for (architecture, loss), places in groups.items()
        for code, labels, chosen in by_code(
            architecture, loss, {name: columns[name][places] for name in CODE_COLUMNS}
        )
    ]


def ranked(rows: Iterable[Row], metric: MetricSpec) -> list[Row]:
    """The best row first, by `standing`."""
    return sorted(rows, key=lambda row: standing(row, metric))


Standing = tuple[bool, float, int, float]


def standing(row: Row, metric: MetricSpec) -> Standing:
    """What orders the rows; a lower one is better."""
    return standing_of(row.costs(metric))


def standing_of(costs: Sequence[float]) -> Standing:
    """The median cost of the seeds that count, infinite if half of them have no value.

    Of equal medians, the row with fewer seeds without a value is better, then the one with the
    lower mean of the values.
    A row of which no seed has ended comes last.
    """
    scored = [cost for cost in costs if math.isfinite(cost)]
    middle = median(costs) if costs else math.inf
    return not costs, middle, len(costs) - len(scored), _mean(scored) or 0.0


def places(rows: Sequence[Row], metric: MetricSpec) -> list[int]:
    """The place of each row in the order by this metric, from 0: how many are better than it."""
    return places_of([standing(row, metric) for row in rows])


def places_of(standings: Sequence[Standing]) -> list[int]:
    """The place of each one among them, from 0: how many are better than it."""
    best_first = sorted(standings)
    return [bisect_left(best_first, each) for each in standings]


def _mean(values: list[float]) -> float | None:
    return fmean(values) if values else None
