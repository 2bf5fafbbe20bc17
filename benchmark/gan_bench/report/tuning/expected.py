"""The expected best of k trials, by a closed form, and its interval. Pure functions."""

from __future__ import annotations

import numpy as np

from gan_bench.base import rng

DRAWS = 2000  # of the bootstrap
LEVEL = 0.95


def rank_weights(n: int) -> np.ndarray:
    """(k, i) -> the chance that the best of k trials, drawn from n with repetition, has rank i.

    P(rank i) = ((n - i) / n)^k - ((n - i - 1) / n)^k for i = 0, ..., n - 1, the best one first:
    Dodge et al. 2019, 1909.03004, equation 7, for the lowest of k instead of the highest. Rows are
    k = 1, ..., n.
    """
    k = np.arange(1, n + 1)[:, None]
    left = np.arange(n, -1, -1) / n  # the share of trials that are no better than rank i
    return np.asarray(left[:-1] ** k - left[1:] ** k)


def expected_best(choosing: np.ndarray, reporting: np.ndarray) -> np.ndarray:
    """(k,) expected reporting cost of the trial that has the lowest choosing cost of k, k = 1 .. n.

    Both are (..., n) costs of the same trials. With choosing = reporting it is the estimate of the
    paper; with two halves of the reference, choosing does not flatter what is reported.
    """
    order = np.argsort(choosing, axis=-1, kind="stable")
    ranked = np.take_along_axis(reporting, order, axis=-1)  # (..., n), the best by choosing first
    return np.asarray(ranked @ rank_weights(reporting.shape[-1]).T)


def redrawn(choosing: np.ndarray, reporting: np.ndarray) -> np.ndarray:
    """(B, k) expected bests of trials that are drawn anew, with repetition, from these n.

    Two rows with the same trials are redrawn alike, so that their difference can be taken.
    """
    n = len(reporting)
    rows = rng.choices(0, "trials", DRAWS, n)
    return expected_best(choosing[rows], reporting[rows])


def bounds(redraws: np.ndarray) -> np.ndarray:
    """(2, ...) the 2.5 % and 97.5 % percentiles of what was redrawn, (B, ...).

    Of a k far below n it is nearly a 95 % interval. At k = n it is too narrow, because no redraw
    is better than the best trial: `tools/tuning_intervals.py` says by how much.
    """
    tail = (1 - LEVEL) / 2
    return np.asarray(np.quantile(redraws, [tail, 1 - tail], axis=0))
