"""The courses of trainings: what each row scored at its ticks, and what went wrong when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isfinite, nan
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import numpy as np

from gan_bench.base.numbers import column
from gan_bench.report.curves import tick_scores
from gan_bench.report.leaderboard import Board
from gan_bench.report.rows import Row
from gan_bench.report.selection import BEST, first_seeds, rows_in_order
from gan_bench.results.layout import SPEED
from gan_bench.results.reading import read_lines
from gan_bench.results.records import Verdict

BAND = "the mean of the seeds and their range"  # what a figure of courses shows of each row,
SINGLE = "the only seed of each row"  # and where no row has several
OF_SCORED = ", at each tick of those that have a score there"  # where some ended before others


class At(NamedTuple):
    """The seeds of a row at one tick, as many as have a score there."""

    place: float  # on the axis
    mean: float
    low: float
    high: float
    seeds: int


Series = list[At]


@dataclass(frozen=True)
class Seed:
    """The ticks of one training: kimg, minutes of training until then (NaN: unknown), score."""

    folder: Path
    ticks: list[tuple[float, float, float]]

    def places(self, by_time: bool) -> list[float]:
        """Where its ticks stand on the axis."""
        return [tick[by_time] for tick in self.ticks]


@dataclass(frozen=True)
class Event:
    """A verdict about a training, and the tick nearest to it: kimg, minutes, score."""

    cell: str
    verdict: Verdict
    tick: tuple[float, float, float]


@dataclass(frozen=True)
class Course:
    """One row of the table, and its trainings that have a score at some tick."""

    row: Row
    seeds: list[Seed]

    def series(self, by_time: bool) -> Series:
        """Place, mean, lowest and highest score of each tick of any seed."""
        ticks: dict[float, list[tuple[float, float]]] = {}
        for seed in self.seeds:
            for place, (kimg, _, score) in zip(seed.places(by_time), seed.ticks, strict=True):
                ticks.setdefault(kimg, []).append((place, score))
        series: Series = []
        for _, known in sorted(ticks.items()):
            scores = [score for _, score in known]
            place = fmean(place for place, _ in known)
            series.append(At(place, fmean(scores), min(scores), max(scores), len(known)))
        return series

    @property
    def ends_early(self) -> bool:
        """Whether some seeds have no score at a tick at which others have one."""
        return any(at.seeds < len(self.seeds) for at in self.series(by_time=False))

    def events(self) -> Iterator[Event]:
        """Where a training was found to have gone wrong: at the nearest tick of its seed."""
        for seed in self.seeds:
            for cell, verdict in verdicts(self.row, seed.folder):
                yield Event(cell, verdict, min(seed.ticks, key=lambda t: abs(t[0] - verdict.kimg)))


def courses(board: Board, most_seeds: int | None = None) -> list[Course]:
    """The best rows that have a score at some tick; of each the first seeds, or all of them."""
    metric = board.protocol.evaluation.at_ticks.name
    read = (
        (row, [_seed(folder, metric) for folder in first_seeds(row, most_seeds)])
        for row in rows_in_order(board)
    )
    known = (Course(row, [seed for seed in seeds if seed.ticks]) for row, seeds in read)
    return list(islice((course for course in known if course.seeds), BEST))


def shown_of(drawn: Sequence[Course]) -> str:
    """What a figure of these courses shows of each row."""
    if all(len(course.seeds) == 1 for course in drawn):
        return SINGLE
    return BAND + OF_SCORED * any(course.ends_early for course in drawn)


def timed(drawn: Sequence[Course]) -> bool:
    """Whether it is known of every tick how long the training had taken."""
    ticks = (tick for course in drawn for seed in course.seeds for tick in seed.ticks)
    return all(isfinite(minutes) for _, minutes, _ in ticks)


def verdicts(row: Row, folder: Path) -> Iterator[tuple[str, Verdict]]:
    """The name of the cell in this folder with each verdict about it."""
    done = row.done
    for k, each in enumerate(done["folder"]):
        if each == folder:
            yield from ((row.cell_name(done["seed"][k]), one) for one in done["verdicts"][k])


def _seed(folder: Path, metric: str) -> Seed:
    scores = tick_scores(folder, metric)
    minutes = _minutes(folder, [kimg for kimg, _ in scores])
    return Seed(
        folder, [(kimg, at, score) for (kimg, score), at in zip(scores, minutes, strict=True)]
    )


def _minutes(folder: Path, kimg: Sequence[float]) -> list[float]:
    """Minutes of training until so many kimg; NaN where the training was not timed."""
    lines = read_lines(folder / SPEED)
    shown, seconds = column(lines, "kimg"), column(lines, "seconds")
    known = np.isfinite(shown) & np.isfinite(seconds)
    if not known.any():
        return [nan] * len(kimg)
    order = np.argsort(shown[known], kind="stable")
    times = np.interp(kimg, shown[known][order], seconds[known][order])
    return [float(each) / 60 for each in times]
