"""Distributions of scores, and how often a claim may be wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.stats

LAWS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "heavy-tailed": lambda rng, shape: rng.standard_t(2, shape),
    "very heavy-tailed": lambda rng, shape: rng.standard_cauchy(shape),
    "skewed": lambda rng, shape: rng.lognormal(0, 1.5, shape),
    "mostly tied": lambda rng, shape: rng.integers(0, 3, shape).astype(float),
}


def at_most(wrong: int, trials: int, rate: float = 0.05) -> bool:
    """Whether a true rate no greater gives so many once in 1,000 times or oftener."""
    test = scipy.stats.binomtest(wrong, trials, rate, alternative="greater")
    return bool(test.pvalue > 0.001)
