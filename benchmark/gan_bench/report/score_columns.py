"""Columns of scores: of a metric for every row, and as multiples of the score of real images."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import fmean

from gan_bench.base.text import number
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.leaderboard import Board
from gan_bench.report.rows import Row
from gan_bench.report.section import NOTHING, Column, Filled

TIMES_REAL = "× real"


def scores(board: Board, metric: MetricSpec, detail: str = "") -> Filled:
    """A metric's score of every row, and of other real images."""
    texts = [score_text(row, metric, board.ranking) for row in board.rows]
    ranks = metric == board.ranking
    return Filled(title_of(metric, detail), texts, _real_score(board, metric), always=ranks)


def _real_score(board: Board, metric: MetricSpec) -> str:
    real = board.real(metric)
    if real is None:
        return NOTHING
    n = "" if real.n == board.protocol.evaluation.samples else f" (n = {real.n:,})"
    return f"{number(real.value)}{n}"


def times_real(board: Board) -> Iterator[Filled]:
    """How many times the score of other real images: by the ranking metric, and on other nets."""
    for metric in [board.ranking, *board.family]:
        real = board.real(metric)
        if real and real.n == board.protocol.evaluation.samples:
            means = [None if row.fewer else row.mean(metric.name) for row in board.rows]
            detail = "" if metric == board.ranking else metric.name
            yield from multiples(metric, means, real.value, detail)


def multiples(
    metric: MetricSpec, means: Sequence[float | None], real: float | None, detail: str = ""
) -> Iterator[Filled]:
    """A column of ratios where they mean something: lower is better and 0 perfect."""
    if real is not None and real > 0 and not metric.higher_is_better:
        texts = [NOTHING if mean is None else number(mean / real, 3) for mean in means]
        yield Filled(Column(TIMES_REAL, detail=detail), texts, "1")


def title_of(metric: MetricSpec, detail: str = "") -> Column:
    """The head of a column of its scores, with an arrow in the better direction."""
    return Column(f"{metric.name} {metric.arrow}", detail=detail)


def score_text(row: Row, metric: MetricSpec, ranking: MetricSpec) -> str:
    """The values of the seeds that have one, and how many these are if others have none.

    The number is said once, by the ranking metric, unless another one has a different number.
    """
    values = row.values(metric.name)
    text = values_text(values, row.interval(metric.name))
    if row.entry:
        return f"{text} (n = {row.fewer:,})" if values and row.fewer else text
    if not values or len(values) == len(row.places):
        return text
    missing = row.missing(metric.name)
    said = metric != ranking and missing == row.missing(ranking.name)
    if not missing or said:
        return text
    return of_seeds(text, len(values), row.counted(metric.name))


def of_seeds(text: str, scored: int, counted: int) -> str:
    """The text of some scores, and how many of the seeds have one if others have none."""
    return f"{text} ({scored} of {counted} seeds)" if 0 < scored < counted else text


def values_text(values: list[float], interval: tuple[float, float] | None, digits: int = 4) -> str:
    """One value, or the range of a few; from four seeds on mean ± interval."""
    if not values:
        return NOTHING
    if interval:
        return plus_minus(fmean(values), (interval[1] - interval[0]) / 2)
    low, high = number(min(values), digits), number(max(values), digits)
    return low if low == high else f"{low} to {high}"


def plus_minus(mean: float, half: float) -> str:
    """As many decimals as the uncertainty has meaning: two figures of it."""
    decimals = max(0, 1 - math.floor(math.log10(half))) if half else 0
    if half == 0 or decimals > 6:
        return f"{number(mean)} ± {number(half, 2)}"
    shown = round(mean, decimals) + 0.0  # no minus before a zero
    return f"{shown:,.{decimals}f} ± {half:,.{decimals}f}"
