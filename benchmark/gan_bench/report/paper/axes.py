"""Axes of a figure: their range, round numbers, and triangles where values lie beyond them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gan_bench.base.text import number
from gan_bench.report.curves import range_of
from gan_bench.report.page.axes import WIDE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

DECADES = 1000  # times the lowest value: up to here 2 and 5 stand between the powers of ten
APART = 0.03  # of the axis: triangles do not overlap
EDGE = 0.012  # of the axis: triangles stand so far within it


def fit(panel: Axes, values: Any, always: float | None = None, across: bool = False) -> None:
    """Give an axis the range of the values, without a few extreme ones, but with the one `always`.

    Positive values that span a wide range get a logarithmic axis. `across` is the x axis.
    """
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    every = np.append(known, [] if always is None else [always])
    if not every.size:
        return
    logarithmic = bool(every.min() > 0 and every.max() > WIDE * every.min())
    within = np.log if logarithmic else np.asarray
    shown = np.array(range_of(within(every)))
    if always is not None:
        shown = np.array([min(shown[0], within(always)), max(shown[1], within(always))])
    low, high = np.exp(shown) if logarithmic else shown
    if logarithmic:
        (panel.set_xscale if across else panel.set_yscale)("log")
    (panel.set_xlim if across else panel.set_ylim)(float(low), float(high))
    round_numbers(panel.xaxis if across else panel.yaxis, high / low if logarithmic else None)


def round_numbers(axis: Axis, ratio: float | None = None) -> None:
    """A few round numbers beside the axis; `ratio` of its ends if it is logarithmic."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    if ratio is None:
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    else:
        between = (1.0, 2.0, 5.0) if ratio < DECADES else (1.0,)
        axis.set_major_locator(LogLocator(subs=between))
        axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def mark_clipped(
    panel: Axes, places: Any, low: Any, high: Any, colour: str, across: bool = False
) -> int:
    """Triangles at the edges where some of the values `low` to `high` lie beyond; how many.

    `places` on the other axis.
    """
    first, last = panel.get_xlim() if across else panel.get_ylim()
    places, low, high = (np.asarray(each, float) for each in (places, low, high))
    total = 0
    for beyond, edge, marker in (
        (low < first, EDGE, "<" if across else "v"),
        (high > last, 1 - EDGE, ">" if across else "^"),
    ):
        chosen = _apart(places[beyond], panel.get_ylim() if across else panel.get_xlim())
        total += len(chosen)
        edges = np.full(len(chosen), edge)
        panel.plot(
            *((edges, chosen) if across else (chosen, edges)),
            marker,
            color=colour,
            markersize=4,
            markeredgecolor="white",
            markeredgewidth=0.4,
            transform=panel.get_yaxis_transform() if across else panel.get_xaxis_transform(),
            clip_on=False,
            zorder=5,
        )
    return total


def _apart(places: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """The places without those too near to the one before."""
    chosen: list[float] = []
    for place in places[np.isfinite(places)]:
        if not chosen or abs(place - chosen[-1]) >= APART * abs(ends[1] - ends[0]):
            chosen.append(float(place))
    return np.array(chosen)
