"""The colours of all figures: six on white that the colour blind can tell apart."""

from __future__ import annotations

# Blue, ochre, green, wine, olive, navy. tests/report/test_palette.py says how far they are apart
COLOURS = ("#086bd7", "#b17407", "#09a862", "#8e0046", "#515c00", "#000064")
D_COLOUR, G_COLOUR = COLOURS[:2]
REAL_COLOUR = "#444444"  # of the lines of other real images and of noise
EMPTY_DASHES = (0, (6, 2, 1, 2))  # of noise or one colour; that of real images is dotted
VERDICT_COLOUR = "#a3261b"  # of a mark where a training went wrong


def colour_of(k: int) -> str:
    """The colour of the k-th row."""
    return COLOURS[k % len(COLOURS)]


def is_dashed(k: int) -> bool:
    """Whether the line of the k-th row is dashed, as another one has its colour."""
    return k >= len(COLOURS)
