"""The captions of the figures of a paper: what is shown, of how many seeds, by which protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gan_bench.base.escape import markdown
from gan_bench.base.text import number, plural
from gan_bench.report.courses import BAND, SINGLE, Course, shown_of
from gan_bench.report.leaderboard import Board
from gan_bench.report.paper.curves import Curve, parts_of
from gan_bench.report.rows import Row, devices_of
from gan_bench.report.selection import captions, what_is_shown
from gan_bench.report.statistics import MIN_SEEDS
from gan_bench.results.scale import EMPTY_SETS, REAL

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Marks = frozenset[object]  # the markers and the labels of all lines of a figure
CLIPPED = "Triangles at an edge mark values beyond the axis."
TRIANGLES = frozenset("<>^v")
CROSS, DIAMOND, DOT, SEED = "X", "D", "o", "|"  # markers, as in the figures


def marks_in(figures: Sequence[Figure]) -> Marks:
    """What is drawn in these figures: a caption explains no mark that none of them has."""
    lines = [line for figure in figures for panel in figure.axes for line in panel.lines]
    return frozenset(each for line in lines for each in (line.get_marker(), line.get_label()))


def quality_caption(board: Board, drawn: Sequence[Course], by_time: bool, marks: Marks) -> str:
    """Of the score at every tick."""
    metric = board.protocol.evaluation.at_ticks
    rows = [course.row for course in drawn]
    counts = [len(course.seeds) for course in drawn]
    parts = [
        f"{_sentence(captions(board)['quality'])} {_better(metric.higher_is_better)}",
        _lines(shown_of(drawn), f" ({_counts(counts)})", ""),
    ]
    if by_time:
        cells = board.cells
        devices = ", ".join(devices_of(cells["status"], cells["device"]))
        parts.append(f"Time: wall-clock time of training{f' on {devices}' if devices else ''}.")
    if board.real_at_ticks is not None:
        parts.append(f"{REAL.capitalize()} score {number(board.real_at_ticks)}.")
    parts += [
        f"The line of dashes and dots is {name}: {what}."
        for name, what in zip(EMPTY_SETS, ("images of random pixels", "grey images"), strict=True)
        if name in marks
    ]
    if CROSS in marks:
        parts.append(
            "Crosses: trainings that collapsed, diverged or degraded, at the nearest tick."
        )
    return _joined(board, parts, what_is_shown(board, rows), marks)


def curves_caption(board: Board, drawn: Sequence[Curve], name: str, marks: Marks) -> str:
    """Of losses or scores of D."""
    counts = [sum(bool(np.isfinite(seed[:, 1:]).any()) for seed in curve.seeds) for curve in drawn]
    averaged = f", each averaged over {_shares([parts_of(curve.seeds) for curve in drawn])}"
    shown = BAND if max(counts) > 1 else SINGLE
    parts = [
        _sentence(captions(board)[name]),
        _lines(shown, f" ({_counts(counts)}){averaged}", averaged),
    ]
    if CROSS in marks:
        parts.append("Crosses: when a training was found to have gone wrong.")
    left_out = what_is_shown(board, [curve.row for curve in drawn])
    return _joined(board, parts, left_out, marks)


def ranking_caption(board: Board, shown: Mapping[str, Sequence[Row]], marks: Marks) -> str:
    """Of the final scores. `shown`: the rows in each width, which has room for some."""
    metric, real = board.ranking, board.real(board.ranking)
    rows = max(shown.values(), key=len)
    trained = [row for row in rows if not row.entry and row.values(metric.name)]
    parts = [
        f"{metric.name} at the end of training (n = {board.protocol.evaluation.samples:,}). "
        f"{_better(metric.higher_is_better)}",
    ]
    if SEED in marks:
        counts = _counts([len(row.values(metric.name)) for row in trained])
        parts.append(f"Dots: the mean of the seeds ({counts}); thin marks: the seeds.")
    elif DOT in marks:
        parts.append(f"Dots: {SINGLE}.")
    if any(row.interval(metric.name) for row in trained):
        parts.append(
            f"Bars: the 95 % interval of the mean by Student's t, from {MIN_SEEDS} seeds on."
        )
    if DIAMOND in marks:
        parts.append("Diamonds: images or generators made elsewhere.")
    if CROSS in marks:
        parts.append("Crosses: seeds that collapsed, diverged or degraded.")
    if real:
        parts.append(f"{REAL.capitalize()} score {number(real.value)}.")
    if why := board.floors.get(metric.name):
        parts.append(f"This metric does not compare the rows: {why}.")
    return _joined(board, parts, _left_out(board, shown), marks)


def _left_out(board: Board, shown: Mapping[str, Sequence[Row]]) -> str:
    """Which rows a ranking shows: a narrow one has room for fewer. "" if all, in every width."""
    total, counts = len(board.rows), {width: len(rows) for width, rows in shown.items()}
    if min(counts.values()) == total:
        return ""
    if len(set(counts.values())) == 1:
        return f"the best {min(counts.values())} of {total:,} rows"
    each = ", ".join(f"{count} in {width}" for width, count in counts.items())
    return f"the best of {total:,} rows: {each}"


def _lines(shown: str, of_several: str, of_one: str) -> str:
    """What the lines are, and the bands around them where rows have several seeds."""
    if shown == SINGLE:
        return f"Lines: {shown}{of_one}."
    return f"Lines and bands: {shown}{of_several}."


def _shares(parts: Sequence[int]) -> str:
    """What one point is the mean of: 1/80 of the training, or 1/80 to 1/20 of it."""
    least, most = min(parts), max(parts)
    span = f"1/{most}" if least == most else f"1/{most} to 1/{least}"
    return f"{span} of the training"


def _joined(board: Board, parts: Sequence[str], left_out: str, marks: Marks) -> str:
    clipped = [CLIPPED] if marks & TRIANGLES else []
    shown = [f"Shown: {left_out}."] if left_out else []
    return " ".join([*parts, *clipped, *shown, f"Protocol {board.slug}."])


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _better(higher: bool) -> str:
    return f"{'Higher' if higher else 'Lower'} is better."


def _counts(seeds: Sequence[int]) -> str:
    """How many seeds the rows have: 3 seeds of each row, 2 to 5 seeds of each row."""
    least, most = min(seeds, default=0), max(seeds, default=0)
    span = plural(most, "seed") if least == most else f"{least} to {plural(most, 'seed')}"
    return f"{span} of each row"


def as_markdown(board: Board, texts: dict[str, str]) -> bytes:
    """The file beside the figures: file name without width and ending -> caption."""
    lines = [f"# Captions of {markdown(board.slug)}", ""]
    for name, text in texts.items():
        lines += [f"**{name}**: {markdown(text)}", ""]
    return "\n".join(lines).encode()
