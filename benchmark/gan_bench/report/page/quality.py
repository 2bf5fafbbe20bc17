"""The figure of the quality on a page: the score at every tick, against kimg and against time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean

import numpy as np

from gan_bench.base.numbers import column
from gan_bench.base.text import number
from gan_bench.report.curves import KIMG, SEEDS, tick_scores
from gan_bench.report.leaderboard import Board
from gan_bench.report.page.axes import Axis, axis
from gan_bench.report.page.figures import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Dot,
    Figure,
    Line,
    Panel,
    path_of,
    style_of,
)
from gan_bench.report.rows import Row
from gan_bench.report.selection import BEST, first_seeds, rows_in_order, what_is_shown
from gan_bench.results.layout import SPEED
from gan_bench.results.reading import read_lines
from gan_bench.results.scale import REAL

MINUTES = "minutes of training"
Series = list[tuple[float, float, float, float]]  # place on the axis, mean, lowest, highest score


@dataclass(frozen=True)
class Seed:
    """The ticks of one training: kimg, minutes of training until then (NaN: unknown), score."""

    folder: Path
    ticks: list[tuple[float, float, float]]

    def places(self, by_time: bool) -> list[float]:
        """Where its ticks stand on the axis."""
        return [tick[by_time] for tick in self.ticks]


@dataclass(frozen=True)
class Course:
    """One row of the table, and its trainings that have a score at some tick."""

    row: Row
    style: str
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
            series.append((place, fmean(scores), min(scores), max(scores)))
        return series


def quality(board: Board) -> Figure | None:
    """None if no tick has a score. The panel against time needs the times of all seeds."""
    courses = _courses(board)
    if not courses:
        return None
    ticks = [tick for course in courses for seed in course.seeds for tick in seed.ticks]
    timed = all(np.isfinite(minutes) for _, minutes, _ in ticks)
    panels = [_panel(board, courses, by_time) for by_time in (False, True)[: 1 + timed]]
    metric = board.protocol.evaluation.at_ticks
    better = "higher" if metric.higher_is_better else "lower"
    caption = (
        f"{metric.name} at every tick ({better} is better, "
        f"n = {board.protocol.evaluation.tick_samples:,}): the mean of the seeds and their range"
    )
    left_out = what_is_shown(board, [course.row for course in courses], SEEDS)
    legend = [(course.style, course.row.name) for course in courses]
    legend += [("real", REAL)] * (panels[0].real is not None)
    legend += [("verdict", "collapsed, diverged or degraded")] * bool(panels[0].verdicts)
    return Figure("quality", "; ".join(filter(None, (caption, left_out))), legend, panels)


def _courses(board: Board) -> list[Course]:
    metric = board.protocol.evaluation.at_ticks.name
    read = (
        (row, [_seed(folder, metric) for folder in first_seeds(row, SEEDS)])
        for row in rows_in_order(board)
    )
    known = ((row, [seed for seed in seeds if seed.ticks]) for row, seeds in read)
    drawn = islice(((row, seeds) for row, seeds in known if seeds), BEST)
    return [Course(row, style_of(k), seeds) for k, (row, seeds) in enumerate(drawn)]


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
        return [float("nan")] * len(kimg)
    order = np.argsort(shown[known], kind="stable")
    times = np.interp(kimg, shown[known][order], seconds[known][order])
    return [float(each) / 60 for each in times]


def _panel(board: Board, courses: Sequence[Course], by_time: bool) -> Panel:
    every = [course.series(by_time) for course in courses]
    metric, real = board.protocol.evaluation.at_ticks, board.real_at_ticks
    scores = [value for series in every for tick in series for value in tick[1:]]
    places = [
        place for course in courses for each in course.seeds for place in each.places(by_time)
    ]
    x = axis(places, LEFT, WIDTH - RIGHT, from_zero=True)
    y = axis([*scores, *([real] if real is not None else [])], HEIGHT - BOTTOM, TOP)
    unit = "min" if by_time else "kimg"
    dots = [
        dot
        for course, series in zip(courses, every, strict=True)
        for dot in _dots(course, series, x, y, unit)
    ]
    verdicts = [dot for course in courses for dot in _verdicts(course, by_time, x, y)]
    return Panel(
        title=f"{metric.name} against {'time' if by_time else 'kimg'}",
        about=_about(courses, every, unit, real, verdicts),
        x=x,
        y=y,
        lines=[
            Line(course.style, _mean(series, x, y), course.row.name, _band(series, x, y))
            for course, series in zip(courses, every, strict=True)
        ],
        dots=dots,
        verdicts=verdicts,
        real=None if real is None else y(real),
        x_label=MINUTES if by_time else KIMG,
    )


def _dots(course: Course, series: Series, x: Axis, y: Axis, unit: str) -> Iterator[Dot]:
    """The mean at every tick, with its value in words."""
    for place, score, *_ in series:
        text = f"{course.row.name}: {_score_at(score, place, unit)}"
        yield Dot(course.style, x(place), y(score), text)


def _score_at(score: float, place: float, unit: str) -> str:
    return f"{number(score)} at {number(place, 3)} {unit}"


def _about(
    courses: Sequence[Course],
    every: Sequence[Series],
    unit: str,
    real: float | None,
    verdicts: Sequence[Dot],
) -> str:
    """What is seen: the first and the last tick of each row, real images, what went wrong."""
    parts = []
    for course, series in zip(courses, every, strict=True):
        ends = [_score_at(score, place, unit) for place, score, *_ in (series[0], series[-1])]
        parts.append(f"{course.row.name}: {', '.join(ends)}")
    if real is not None:
        parts.append(f"{REAL}: {number(real)}")
    return f"{'; '.join([*parts, *(dot.title for dot in verdicts)])}."


def _mean(series: Series, x: Axis, y: Axis) -> str:
    return path_of([(place, mean) for place, mean, *_ in series], x, y)


def _band(series: Series, x: Axis, y: Axis) -> str:
    """The range of the seeds as a closed path; "" if they do not differ."""
    if all(low == high for *_, low, high in series):
        return ""
    top = [(place, high) for place, _, _, high in series]
    return f"{path_of([*top, *((place, low) for place, _, low, _ in reversed(series))], x, y)}Z"


def _verdicts(course: Course, by_time: bool, x: Axis, y: Axis) -> Iterator[Dot]:
    """Where a training was found to have gone wrong: at the nearest tick of its seed."""
    done = course.row.done
    for seed in course.seeds:
        if seed.folder not in done["folder"]:
            continue
        cell = done["folder"].index(seed.folder)
        name = course.row.cell_name(done["seed"][cell])
        for verdict in done["verdicts"][cell]:
            distances = [abs(kimg - verdict.kimg) for kimg, _, _ in seed.ticks]
            nearest = distances.index(min(distances))
            text = f"{name} {verdict.kind} at {number(verdict.kimg, 3)} kimg"
            place, score = seed.places(by_time)[nearest], seed.ticks[nearest][2]
            yield Dot(verdict.kind, x(place), y(score), text)
