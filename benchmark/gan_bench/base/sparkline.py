"""A curve as one line of text: eight heights of a block."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BLOCKS = "▁▂▃▄▅▆▇█"
GAP = " "  # where there is no finite value


def sparkline(values: Sequence[float] | np.ndarray, width: int) -> str:
    """The means of `width` equal parts of a curve, or its points if they are fewer."""
    if not len(values):
        return ""
    parts = np.array_split(np.asarray(values, np.float64), min(width, len(values)))
    means = np.array([part[np.isfinite(part)].mean() if _any(part) else np.nan for part in parts])
    if not _any(means):
        return GAP * len(means)
    low, high = np.nanmin(means), np.nanmax(means)
    share = (means - low) / ((high - low) or 1)
    heights = np.nan_to_num(np.round(share * (len(BLOCKS) - 1))).astype(int)
    pairs = zip(means, heights, strict=True)
    return "".join(BLOCKS[height] if np.isfinite(mean) else GAP for mean, height in pairs)


def _any(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).any())
