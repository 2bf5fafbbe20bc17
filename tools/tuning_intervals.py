"""How often the range of the expected best holds the true value: the numbers of docs/tuning.md.

    python tools/tuning_intervals.py

Scores are drawn from a normal and a log-normal distribution, 400 studies each.
"""

from __future__ import annotations

import numpy as np

from gan_bench.report.tuning.expected import LEVEL, rank_weights

STUDIES, DRAWS, MANY = 400, 500, 400_000


def coverage(n: int, log_normal: bool, rng: np.random.Generator) -> dict[int, float]:
    """k -> the share of studies of n trials whose range holds the expected best of k."""

    def draw(*shape: int) -> np.ndarray:
        drawn = rng.normal(size=shape)
        return np.exp(drawn) if log_normal else drawn

    left, costs = np.arange(MANY, -1, -1) / MANY, np.sort(draw(MANY))
    trials = draw(STUDIES, n)
    rows = rng.integers(0, n, (STUDIES, DRAWS, n))
    redrawn = np.sort(np.take_along_axis(trials[:, None].repeat(DRAWS, 1), rows, 2), axis=2)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(redrawn @ rank_weights(n).T, [tail, 1 - tail], axis=1)
    found = {}
    for k in (1, n // 2, n):
        true = costs @ (left[:-1] ** k - left[1:] ** k)
        found[k] = float(((low[:, k - 1] <= true) & (true <= high[:, k - 1])).mean())
    return found


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    for n in (8, 16, 32):
        for log_normal in (False, True):
            shares = coverage(n, log_normal, rng)
            name = "log-normal" if log_normal else "normal"
            print(n, name, {k: f"{share:.1%}" for k, share in shares.items()})
