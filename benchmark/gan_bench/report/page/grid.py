"""Where the panels of a figure stand: architectures down, losses across, the best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PLACES = 30  # of a grid that can be looked at, empty ones too
Labels = tuple[str, str]  # architecture, loss


@dataclass(frozen=True)
class Grid:
    """The headings on both sides, and which panel stands where."""

    across: list[str]
    rows: list[tuple[str, list[int | None]]]  # name, and the number of each panel; None: no cell


def fits_a_grid(labels: Sequence[Labels]) -> bool:
    """Whether the rows of a leaderboard have two sides, and not too many places."""
    down, across = ({each[side] for each in labels} for side in (0, 1))
    return min(len(down), len(across)) > 1 and len(down) * len(across) <= PLACES


def grid_of(panels: Sequence[Labels]) -> Grid:
    """The grid of these panels, in the order of the first one of each side. Places may be empty."""
    numbers = {labels: k for k, labels in enumerate(panels)}
    down, across = ([*dict.fromkeys(labels[side] for labels in panels)] for side in (0, 1))
    return Grid(across, [(name, [numbers.get((name, loss)) for loss in across]) for name in down])
