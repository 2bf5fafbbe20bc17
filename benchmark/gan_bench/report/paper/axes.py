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
LEAST = 0.2  # of the axis for the rows: with less they could not be told apart
APART = 0.03  # of the axis: triangles do not overlap
EDGE = 0.012  # of the axis: triangles stand so far within it


def fit(panel: Axes, values: Any, real: float | None = None, across: bool = False) -> bool:
    """Give an axis the range of the values, without a few extreme ones; is `real` on it?

    What real images score is left out where the values would have less than LEAST of the axis.
    Positive values that span a wide range get a logarithmic axis. `across` is the x axis.
    """
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    every = np.append(known, [] if real is None else [real])
    logarithmic = bool(every.min() > 0 and every.max() > WIDE * every.min())
    within = np.log if logarithmic else np.asarray
    if real is not None and 0 < np.ptp(within(known)) < LEAST * np.ptp(within(every)):
        fit(panel, known, None, across)
        return False
    low, high = range_of(within(every))
    if real is not None:
        low, high = min(low, float(within(real))), max(high, float(within(real)))
    if logarithmic:
        low, high = float(np.exp(low)), float(np.exp(high))
        (panel.set_xscale if across else panel.set_yscale)("log")
    (panel.set_xlim if across else panel.set_ylim)(low, high)
    round_numbers(panel.xaxis if across else panel.yaxis, high / low if logarithmic else None)
    return real is not None


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
        if not len(chosen):
            continue
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
