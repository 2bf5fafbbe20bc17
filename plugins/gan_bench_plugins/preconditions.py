"""What samples must fulfil before a metric scores them; Unscorable says what is missing."""

from __future__ import annotations

import numpy as np

from gan_bench import Unscorable


def require_finite(real: np.ndarray, fake: np.ndarray) -> None:
    """Unscorable if a feature of either set is NaN or infinite.

    Comparisons with NaN are False, and would make a perfect or a zero score of such features.
    """
    for whose, features in (("real", real), ("generated", fake)):
        if not np.isfinite(features).all():
            raise Unscorable(f"Features of {whose} images are not finite; no score can be trusted.")


def require_variation(features: np.ndarray, whose: str) -> None:
    """Unscorable if all (N, F) rows are equal: every distance is then 0."""
    if not np.ptp(features, axis=0).any():
        raise Unscorable(f"Features of {whose} images are all the same: there is no distance.")


def require_at_least(real: np.ndarray, fake: np.ndarray, least: int) -> None:
    """Unscorable if either set has fewer than `least` images."""
    if min(len(real), len(fake)) < least:
        raise Unscorable(
            f"This metric needs {least} images of either kind; "
            f"there are {len(real):,} real and {len(fake):,} generated ones."
        )


def require_equal_counts(real: np.ndarray, fake: np.ndarray) -> None:
    """Unscorable unless N = M: counts of neighbours change with either."""
    if len(real) != len(fake):
        raise Unscorable(
            f"There are {len(fake):,} generated and {len(real):,} real images, and this metric "
            f"needs as many of both: --samples {min(len(real), len(fake))}."
        )
