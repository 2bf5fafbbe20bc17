"""How the figures of a paper look: widths, fonts, lines, and files that are the same every time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from gan_bench.base.pictures import SOFTWARE
from gan_bench.report.palette import colour_of, is_dashed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Kind = Literal["pdf", "svg", "png"]
KINDS: tuple[Kind, ...] = ("pdf", "svg", "png")
WIDTHS = {"1col": 3.5, "2col": 7.2}  # inches: 89 mm and 183 mm
TEXT, SMALL = 8, 7  # points
LINE = 1.2  # a line of text takes so many times its size
PNG_DPI = 300
MARKERS = ("o", "s", "D", "P", "*", "h")  # one for each colour; triangles mark clipped values
CREATOR = SOFTWARE["Software"]
LOOK: dict[str, Any] = {
    "font.size": TEXT,
    "axes.labelsize": TEXT,
    "axes.titlesize": SMALL,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "text.parse_math": False,  # a name with $ is no formula
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.linewidth": 0.4,
    "grid.alpha": 0.3,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.2,
    "legend.frameon": False,
    "pdf.fonttype": 42,  # TrueType, embedded: journals refuse Type 3
    "svg.fonttype": "path",  # text looks the same where the font is missing
    "svg.hashsalt": CREATOR,  # the same names in every run
}
METADATA: dict[Kind, dict[str, str | None]] = {
    "pdf": {"Creator": CREATOR, "CreationDate": None},
    "svg": {"Creator": CREATOR, "Date": None},
    "png": {"Software": CREATOR},
}


@contextmanager
def look() -> Iterator[None]:
    """Draw in the look of all figures, whatever the user's matplotlibrc says."""
    from matplotlib import style

    with style.context(["default", LOOK]):
        yield


def saved(figure: Figure, kind: Kind, title: str) -> bytes:
    """The file of a figure. It has no date: the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=PNG_DPI, metadata=METADATA[kind] | {"Title": title})
    return buffer.getvalue()


def line_of(k: int) -> dict[str, Any]:
    """How the line of the k-th row is drawn: no two of twelve share colour, dashes and marker."""
    colour = colour_of(k)
    dashed = is_dashed(k)
    return {
        "color": colour,
        "linestyle": (0, (4, 1.5)) if dashed else "-",
        "marker": MARKERS[k % len(MARKERS)],
        "markerfacecolor": "white" if dashed else colour,
        "markeredgecolor": colour,
        "markeredgewidth": 0.7,
    }
