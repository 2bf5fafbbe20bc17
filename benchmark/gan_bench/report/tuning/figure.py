"""A figure of a study: the expected best of k trials of each row, with its interval."""

from __future__ import annotations

from math import ceil
from pathlib import Path

import numpy as np

from gan_bench.base.text import number
from gan_bench.report.curves import label_text, png_of
from gan_bench.report.palette import REAL_COLOUR, colour_of, is_dashed
from gan_bench.report.selection import BEST
from gan_bench.report.tuning.care import cares, expected_scores
from gan_bench.report.tuning.trials import Tuned
from gan_bench.results.atomic import make_folder, write_bytes
from gan_bench.results.layout import EXPECTED_BEST, figure_path
from gan_bench.results.scale import REAL

ROW_WIDTH = 0.16  # between the rows at one k, so that their intervals stand beside each other


def draw_expected(tuned: Tuned) -> Path | None:
    """Draw the figure into the study's folder; None if there is nothing to draw."""
    picture = expected_figure(tuned)
    if picture is None:
        return None
    path = figure_path(tuned.folder, EXPECTED_BEST)
    make_folder(path.parent)
    write_bytes(path, picture)
    return path


def expected_figure(tuned: Tuned) -> bytes | None:
    """One colour a row: its expected best against k, a bar for the interval; other real images."""
    rows = [care for care in cares(tuned) if care.scored][:BEST]
    if not rows or tuned.common < 2 or tuned.halved:
        return None
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    metric = tuned.metric
    legend = 0.2 * max(0, ceil((len(rows) + 1) / 2) - 2)  # inches for a long one
    figure = Figure(figsize=(7, 3.6 + legend), layout="constrained")
    panel = figure.subplots()
    ks = np.arange(1, tuned.common + 1)
    for n, care in enumerate(rows):
        places = ks + aside(n, len(rows))
        bests = expected_scores(tuned, care)
        colour, style = colour_of(n), "--" if is_dashed(n) else "-"
        scores = [best.score for best in bests]
        ends = [best.low for best in bests], [best.high for best in bests]
        panel.vlines(places, *ends, color=colour, lw=1.2, alpha=0.55)
        panel.plot(
            places, scores, color=colour, ls=style, lw=1.4, marker="o", ms=3.5,
            label=label_text(care.row.label),
        )  # fmt: skip
    real = tuned.scale.real.scores.get(metric.name) if tuned.scale and tuned.scale.real else None
    if real:
        panel.axhline(real.value, color=REAL_COLOUR, ls=":", lw=1.5, label=REAL)
    better = "higher" if metric.higher_is_better else "lower"
    panel.set_ylabel(f"expected best {metric.name}\n({better} is better)", fontsize=9)
    panel.set_xlabel("k, trials of each row; bars are 95 % of redrawn trials", fontsize=9)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    panel.grid(alpha=0.25)
    panel.tick_params(labelsize=8)
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    return png_of(figure)


def aside(n: int, rows: int) -> float:
    """How far beside k the n-th row stands."""
    return min(ROW_WIDTH, 0.7 / rows) * (n - (rows - 1) / 2)
