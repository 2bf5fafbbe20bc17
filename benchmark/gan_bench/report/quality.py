"""The picture of the score at every tick: each row's mean and its seeds, real and empty images."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

from gan_bench.base import text
from gan_bench.report.courses import Course, courses
from gan_bench.report.curves import KIMG, SEEDS, label_text, png_of
from gan_bench.report.empty_line import empty_on
from gan_bench.report.leaderboard import Board
from gan_bench.report.palette import EMPTY_DASHES, REAL_COLOUR, colour_of, is_dashed
from gan_bench.report.selection import what_is_shown
from gan_bench.results.scale import REAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKED = 40  # ticks: with more, marks would hide the lines
MEAN, THIN, PALE = 1.8, 0.6, 0.6  # width of the line of a row, and of a seed; opacity of a seed
ROOM = 0.05  # of the axis: between its end and the line of noise or one colour
ONE_SEED = "thin: one seed; thick: the mean of its row"
ENDED = "thin: one seed; thick: the mean of those that have a score"  # where some ended early


def quality(board: Board) -> bytes | None:
    """One colour a row: a thick line for the mean, a thin one for each seed if it has several."""
    drawn = courses(board, SEEDS)
    if not drawn:
        return None
    from matplotlib.figure import Figure

    legend = 0.2 * max(0, ceil((len(drawn) + 3) / 2) - 2)  # inches for a long one
    figure = Figure(figsize=(7, 3.6 + legend), layout="constrained")
    panel = figure.subplots()
    for k, course in enumerate(drawn):
        _draw(panel, course, colour_of(k), "--" if is_dashed(k) else "-")
    if any(len(course.seeds) > 1 for course in drawn):
        label = ENDED if any(course.ends_early for course in drawn) else ONE_SEED
        panel.plot([], [], color=REAL_COLOUR, lw=THIN, label=label)
    _floors(panel, board)
    _name(panel, board, drawn)
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    return png_of(figure)


def _draw(panel: Axes, course: Course, colour: str, style: str) -> None:
    """The mean of the seeds at every tick, marked; below it each seed, if there are several."""
    for seed in course.seeds if len(course.seeds) > 1 else []:
        kimg, _, scores = zip(*seed.ticks, strict=True)
        panel.plot(kimg, scores, color=colour, ls=style, lw=THIN, alpha=PALE)
    series = course.series(by_time=False)
    mark: dict[str, Any] = {"marker": "o", "markersize": 3} if len(series) <= MARKED else {}
    kimg, means, *_ = zip(*series, strict=True)
    label = label_text(course.row.name)
    panel.plot(kimg, means, color=colour, ls=style, lw=MEAN, label=label, **mark)


def _floors(panel: Axes, board: Board) -> None:
    """What other real images score, and images with nothing in them where that lies near."""
    if (real := board.real_at_ticks) is not None:
        panel.axhline(real, color=REAL_COLOUR, ls=":", lw=1.5, label=REAL)
    low, high = panel.get_ylim()
    if empty := empty_on(board, low, high):
        name, score = empty
        panel.axhline(score, color=REAL_COLOUR, ls=EMPTY_DASHES, lw=1.2, label=name)
        room = ROOM * (high - low)
        panel.set_ylim(min(low, score - room), max(high, score + room))


def _name(panel: Axes, board: Board, drawn: Sequence[Course]) -> None:
    """The axes, and above them what is left out."""
    evaluation = board.protocol.evaluation
    metric, samples = evaluation.at_ticks, evaluation.tick_samples
    better = "higher" if metric.higher_is_better else "lower"
    panel.set_ylabel(f"{metric.name}\n({better} is better, n = {samples:,})", fontsize=9)
    panel.yaxis.set_major_formatter(lambda value, _: text.number(value))  # as in the tables
    panel.set_xlabel(KIMG, fontsize=9)
    left_out = what_is_shown(board, [course.row for course in drawn], SEEDS)
    panel.set_title(label_text(left_out), fontsize=9)
    panel.grid(alpha=0.25)
    panel.tick_params(labelsize=8)
