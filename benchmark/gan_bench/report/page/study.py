"""A study of equal tuning on a page: what is said of it, and the expected best as a figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gan_bench.base.text import number
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
from gan_bench.report.selection import BEST
from gan_bench.report.summary import Summary
from gan_bench.report.tuning.care import Best, cares, expected_scores
from gan_bench.report.tuning.chapter import chapter_of
from gan_bench.report.tuning.figure import aside
from gan_bench.report.tuning.trials import Tuned
from gan_bench.results.scale import REAL


@dataclass(frozen=True)
class Drawn:
    """One row in the figure."""

    style: str
    label: str
    bests: list[Best]
    aside: float  # from k, so that the bars of the rows stand beside each other

    def place(self, best: Best) -> float:
        """Where it is on the axis of k."""
        return best.k + self.aside


@dataclass(frozen=True)
class ShownStudy:
    """A study on a page."""

    summary: Summary
    figure: Figure | None


def shown_study(tuned: Tuned) -> ShownStudy:
    """All that a page says of a study."""
    return ShownStudy(chapter_of(tuned), expected_best(tuned))


def expected_best(tuned: Tuned) -> Figure | None:
    """The expected best of k trials of the best rows; None of one trial, or of those halved."""
    rows = [care for care in cares(tuned) if care.scored]
    if not rows or tuned.common < 2 or tuned.halved:
        return None
    shown = rows[:BEST]
    drawn = [
        Drawn(style_of(k), care.row.label, expected_scores(tuned, care), aside(k, len(shown)))
        for k, care in enumerate(shown)
    ]
    metric = tuned.metric
    better = "higher" if metric.higher_is_better else "lower"
    caption = (
        f"expected {metric.name} of the best of k trials ({better} is better); the bars are 95 % "
        "of redrawn trials"
    )
    if len(rows) > BEST:
        caption += f"; the best {BEST} of {len(rows)} rows"
    panel = _panel(tuned, drawn)
    legend = [(row.style, row.label) for row in drawn]
    legend += [("real", REAL)] * (panel.real is not None)
    return Figure("expected best", caption, legend, [panel])


def _panel(tuned: Tuned, drawn: Sequence[Drawn]) -> Panel:
    metric = tuned.metric
    real = tuned.scale.real.scores.get(metric.name) if tuned.scale and tuned.scale.real else None
    bests = [best for row in drawn for best in row.bests]
    values = [value for best in bests for value in (best.low, best.score, best.high)]
    y = axis([*values, *([real.value] if real else [])], HEIGHT - BOTTOM, TOP)
    left = room_beside(y, FONT, LEFT)
    x = Axis(0.5, tuned.common + 0.5, left, WIDTH - RIGHT, whole=True)
    return Panel(
        title=f"expected {metric.name} of the best of k trials",
        about=f"{'; '.join(_about(drawn))}.",
        x=x,
        y=y,
        lines=[line for row in drawn for line in _lines(row, x, y)],
        dots=[dot for row in drawn for dot in _dots(row, x, y)],
        real=y(real.value) if real else None,
        x_label="k, trials of each row",
    )


def _about(drawn: Sequence[Drawn]) -> Iterator[str]:
    """From where to where each row goes."""
    for row in drawn:
        first, last = row.bests[0], row.bests[-1]
        yield f"{row.label}: {number(first.score)} at k = 1, {number(last.score)} at k = {last.k}"


def _lines(row: Drawn, x: Axis, y: Axis) -> Iterator[Line]:
    """The ranges as bars, and the expected bests joined."""
    bars = [[(row.place(best), best.low), (row.place(best), best.high)] for best in row.bests]
    yield Line(f"{row.style} range", "".join(path_of(bar, x, y) for bar in bars), row.label)
    points = [(row.place(best), best.score) for best in row.bests]
    yield Line(row.style, path_of(points, x, y), row.label)


def _dots(row: Drawn, x: Axis, y: Axis) -> Iterator[Dot]:
    for best in row.bests:
        said = f"{number(best.score)} ({number(best.low, 3)} to {number(best.high, 3)})"
        text = f"{row.label}: {said} at k = {best.k}"
        yield Dot(row.style, x(row.place(best)), y(best.score), text)
