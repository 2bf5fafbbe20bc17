"""Samples that no metric should score: refused here, in the user's words."""

from __future__ import annotations

import numpy as np

from gan_bench import Unscorable


def refuse_broken(real: np.ndarray, fake: np.ndarray) -> None:
    """Unscorable if a feature of either set is NaN or infinite: comparisons with NaN are False.

    What counts points inside or outside a ball would turn that into a perfect or a zero score.
    """
    for whose, features in (("real", real), ("generated", fake)):
        if not np.isfinite(features).all():
            raise Unscorable(f"Features of {whose} images are not finite; no score can be trusted.")


def refuse_constant(features: np.ndarray, whose: str) -> None:
    """Unscorable if all (N, F) rows are equal: every distance and every radius is then 0."""
    if not np.ptp(features, axis=0).any():
        raise Unscorable(f"Features of {whose} images are all the same: there is no distance.")


def refuse_fewer(real: np.ndarray, fake: np.ndarray, least: int) -> None:
    """Unscorable unless either set has at least so many images."""
    if min(len(real), len(fake)) < least:
        raise Unscorable(
            f"This metric needs {least} images of either kind; "
            f"there are {len(real):,} real and {len(fake):,} generated ones."
        )


def refuse_unequal(real: np.ndarray, fake: np.ndarray) -> None:
    """Unscorable unless N = M: counts of neighbours move with either."""
    if len(real) != len(fake):
        raise Unscorable(
            f"There are {len(fake):,} generated and {len(real):,} real images, and this metric "
            f"needs as many of both: --samples {min(len(real), len(fake))}."
        )
