"""What a metric shows besides its score: the images, or the modes, that the score is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """Images for a picture, or counts of modes: what people look at to believe a score.

    The picture has R rows. In each are A generated images from the left, then B training images;
    either kind may be missing. Both are named by their row numbers: of `Samples.fake`, and of all
    training images, which are the rows of `Samples.train`. At most 64 rows and 16 columns.
    """

    says: str  # one plain sentence about what is seen
    headings: tuple[str, ...] = ()  # of the A + B columns; none: they need none
    fake: np.ndarray | None = None  # (R, A) int
    train: np.ndarray | None = None  # (R, B) int
    # how many images of a judged set show each mode, (K,) each: both or none
    real_modes: np.ndarray | None = None
    fake_modes: np.ndarray | None = None
