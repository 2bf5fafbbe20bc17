"""Words in a figure: names are wrapped where there is no room, never cut."""

from __future__ import annotations

import re
from functools import cache

from gan_bench.base.escape import plain
from gan_bench.report.paper.style import LINE, SMALL

POINTS = 72  # in an inch
HINTED = 1.05  # in a PNG, letters are fitted to pixels, which makes some wider


@cache
def width_of(text: str, size: float) -> float:
    """Inches that a line of text takes."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size)  # the font of matplotlib's default
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return HINTED * float(width) / POINTS


def wrapped(text: str, width: float, size: float = SMALL) -> str:
    """The text in lines of at most so many inches, broken after spaces and hyphens if possible."""
    lines = [""]
    for part in re.findall(r"[^\s\-/_.]*[\s\-/_.]*", plain(text)):
        if width_of((lines[-1] + part).rstrip(), size) > width and lines[-1].strip():
            lines.append("")
        for character in part:
            if width_of((lines[-1] + character).rstrip(), size) > width and lines[-1]:
                lines.append("")
            lines[-1] += character
    return "\n".join(line.strip() for line in lines)


def height_of(text: str, size: float = SMALL) -> float:
    """Inches that lines of text take."""
    return (text.count("\n") + 1) * size * LINE / POINTS
