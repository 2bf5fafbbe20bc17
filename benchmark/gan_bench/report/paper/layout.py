"""Where everything in a figure stands, in inches: axes, the texts around them, the legend below.

Computed here: matplotlib's own layouts change the width, or take as long as all the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

from gan_bench.base.text import number
from gan_bench.report.paper.style import LINE, SMALL, TEXT
from gan_bench.report.paper.words import POINTS, height_of, width_of, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

Entry = tuple["Line2D", str]  # of a legend
HANDLE = 0.35  # inches: what a legend draws before a name
GAP = 0.15  # between the columns of a legend
TICK = 0.09  # a tick and the space between it and its number
RIGHT = 0.12  # room for half of the last number below the axes
EDGE = 0.04  # around everything


def beside(panel: Axes, label: str = "") -> float:
    """Inches left of the axes: the numbers, and the label in its lines if there is one."""
    low, high = sorted(panel.get_ylim())
    numbers = [number(at) for at in panel.get_yticks() if low <= at <= high]
    widest = max((width_of(each, SMALL) for each in numbers), default=0.0)
    room = height_of(label, TEXT) + EDGE if label else 0.0
    return EDGE + room + widest + TICK


def below(label: str) -> float:
    """Inches below the axes: the numbers, and the label in its lines."""
    return TICK + SMALL * LINE / POINTS + height_of(label, TEXT) + EDGE


def arrange(
    figure: Figure,
    inner: float,
    left: float,
    bottom: float,
    entries: Sequence[Entry],
    top: float = 2 * EDGE,
    gaps: tuple[float, float] = (0, 0),
) -> float:
    """Place the axes and below them the legend; the height in inches of the figure's legend.

    `inner` is the height of all axes together with the gaps between them, across and down.
    """
    width = float(figure.get_size_inches()[0])
    columns, names, legend = _columns(width, [name for _, name in entries])
    height = top + inner + bottom + legend
    figure.set_size_inches(width, height)
    figure.subplots_adjust(
        left / width,
        (bottom + legend) / height,
        1 - RIGHT / width,
        1 - top / height,
        *gaps,
    )
    figure.legend(
        [line for line, _ in entries],
        names,
        loc="lower center",
        bbox_to_anchor=(0.5, EDGE / height),
        ncols=columns,
        handlelength=(HANDLE - 0.07) * POINTS / SMALL,
        handletextpad=0.07 * POINTS / SMALL,
        columnspacing=GAP * POINTS / SMALL,
        labelspacing=0.03 * POINTS / SMALL,
        borderaxespad=0,
        borderpad=0,
    )
    return legend


def _columns(width: float, names: Sequence[str]) -> tuple[int, list[str], float]:
    """How many columns a legend of that width has, the names in lines, and its height."""
    room = width - 2 * EDGE
    lines = [wrapped(name, room - HANDLE) for name in names]
    widest = max(width_of(line, SMALL) for name in lines for line in name.split("\n"))
    fitting = int((room + GAP) / (HANDLE + widest + GAP))
    columns = max(1, min(len(names), fitting))
    each = ceil(len(names) / columns)
    heights = [
        sum(height_of(name) + 0.03 for name in lines[k : k + each])
        for k in range(0, len(lines), each)
    ]
    return columns, lines, max(heights) + 2 * EDGE
