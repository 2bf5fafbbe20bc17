"""The figure of the quality on a page: the score at every tick, against kimg and against time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gan_bench.base.text import number
from gan_bench.report.courses import At, Course, Series, courses, shown_of, timed
from gan_bench.report.curves import KIMG, SEEDS
from gan_bench.report.empty_line import EmptyLine, empty_on
from gan_bench.report.leaderboard import Board
from gan_bench.report.page.axes import Axis, axis, room_beside
from gan_bench.report.page.figures import (
    BOTTOM,
    FONT,
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
from gan_bench.report.selection import what_is_shown
from gan_bench.results.scale import REAL

MINUTES = "minutes of training"


def quality(board: Board) -> Figure | None:
    """None if no tick has a score. The panel against time needs the times of all seeds."""
    drawn = courses(board, SEEDS)
    if not drawn:
        return None
    panels = [_panel(board, drawn, by_time) for by_time in (False, True)[: 1 + timed(drawn)]]
    metric = board.protocol.evaluation.at_ticks
    better = "higher" if metric.higher_is_better else "lower"
    caption = (
        f"{metric.name} at every tick ({better} is better, "
        f"n = {board.protocol.evaluation.tick_samples:,}): {shown_of(drawn)}"
    )
    left_out = what_is_shown(board, [course.row for course in drawn], SEEDS)
    legend = [(style_of(k), course.row.name) for k, course in enumerate(drawn)]
    legend += [("real", REAL)] * (panels[0].real is not None)
    legend += [("empty", empty[0])] if (empty := panels[0].empty) else []
    legend += [("verdict", "collapsed, diverged or degraded")] * bool(panels[0].verdicts)
    return Figure("quality", "; ".join(filter(None, (caption, left_out))), legend, panels)


def _panel(board: Board, drawn: Sequence[Course], by_time: bool) -> Panel:
    every = [course.series(by_time) for course in drawn]
    metric, real = board.protocol.evaluation.at_ticks, board.real_at_ticks
    scores = [value for series in every for at in series for value in (at.mean, at.low, at.high)]
    places = [place for course in drawn for each in course.seeds for place in each.places(by_time)]
    y, empty = _heights(board, [*scores, *([real] if real is not None else [])])
    x = axis(places, room_beside(y, FONT, LEFT), WIDTH - RIGHT, from_zero=True)
    unit = "min" if by_time else "kimg"
    dots = [
        dot
        for k, (course, series) in enumerate(zip(drawn, every, strict=True))
        for dot in _dots(style_of(k), course, series, x, y, unit)
    ]
    verdicts = [dot for course in drawn for dot in _verdicts(course, by_time, x, y)]
    return Panel(
        title=f"{metric.name} against {'time' if by_time else 'kimg'}",
        about=_about(drawn, every, unit, {REAL: real, **dict([empty] if empty else [])}, verdicts),
        x=x,
        y=y,
        lines=[
            Line(style_of(k), _mean(series, x, y), course.row.name, _band(series, x, y))
            for k, (course, series) in enumerate(zip(drawn, every, strict=True))
        ],
        dots=dots,
        verdicts=verdicts,
        real=None if real is None else y(real),
        empty=(empty.name, y(empty.score)) if empty else None,
        x_label=MINUTES if by_time else KIMG,
    )


def _heights(board: Board, scores: Sequence[float]) -> tuple[Axis, EmptyLine | None]:
    """The axis of the scores, and the line of images with nothing in them if it is near."""
    y = axis(scores, HEIGHT - BOTTOM, TOP)
    empty = empty_on(board, y.low, y.high, y.logarithmic)
    if empty is None or y.low <= empty.score <= y.high:
        return y, empty
    return axis([*scores, empty.score], HEIGHT - BOTTOM, TOP), empty


def _dots(style: str, course: Course, series: Series, x: Axis, y: Axis, unit: str) -> Iterator[Dot]:
    """The mean at every tick, with its value in words."""
    for at in series:
        yield Dot(style, x(at.place), y(at.mean), f"{course.row.name}: {_said(at, course, unit)}")


def _said(at: At, course: Course, unit: str) -> str:
    """A mean with its place, and with the number of seeds where some have no score there."""
    some = f" ({at.seeds} of {len(course.seeds)} seeds)" if at.seeds < len(course.seeds) else ""
    return f"{number(at.mean)} at {number(at.place, 3)} {unit}{some}"


def _about(
    drawn: Sequence[Course],
    every: Sequence[Series],
    unit: str,
    floors: Mapping[str, float | None],
    verdicts: Sequence[Dot],
) -> str:
    """What is seen: the first and last tick of each row, real and empty images, what went wrong."""
    parts = []
    for course, series in zip(drawn, every, strict=True):
        ends = [_said(at, course, unit) for at in (series[0], series[-1])]
        parts.append(f"{course.row.name}: {', '.join(ends)}")
    parts += [f"{name}: {number(score)}" for name, score in floors.items() if score is not None]
    return f"{'; '.join([*parts, *(dot.title for dot in verdicts)])}."


def _mean(series: Series, x: Axis, y: Axis) -> str:
    return path_of([(at.place, at.mean) for at in series], x, y)


def _band(series: Series, x: Axis, y: Axis) -> str:
    """The range of the seeds as a closed path; "" if they do not differ."""
    if all(at.low == at.high for at in series):
        return ""
    top = [(at.place, at.high) for at in series]
    return f"{path_of([*top, *((at.place, at.low) for at in reversed(series))], x, y)}Z"


def _verdicts(course: Course, by_time: bool, x: Axis, y: Axis) -> Iterator[Dot]:
    """Where a training was found to have gone wrong."""
    for event in course.events():
        verdict = event.verdict
        text = f"{event.cell} {verdict.kind} at {number(verdict.kimg, 3)} kimg"
        yield Dot(verdict.kind, x(event.tick[by_time]), y(event.tick[2]), text)
