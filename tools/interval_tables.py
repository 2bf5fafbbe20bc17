"""Print the tables of docs/statistics.md about intervals and pairs.

`python tools/interval_tables.py intervals` compares intervals of one row, `... pairs` what is said
about two rows whose seeds are correlated. Both take a few minutes of one core.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import click
import numpy as np
import scipy.stats

from gan_bench.report.comparison import p_values
from gan_bench.report.pairs import clopper_pearson
from gan_bench.report.statistics import ALPHA
from markdown_rows import print_head, print_row
from power import real_scores

SEEDS = (4, 6, 8, 12)
LARGE = 200_000  # values that a law's median is computed from
RESAMPLES = 499
Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
Method = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # (trials, n) -> low, high


@click.group()
def tables() -> None:
    """The tables of docs/statistics.md about intervals and pairs."""


def outliers(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """One seed of ten is ten standard deviations worse."""
    return rng.normal(size=shape) + 10 * (rng.random(shape) < 0.1)


def real(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Scores of trained cells; the seeds of a table are different cells."""
    pool = np.concatenate(list(real_scores().values()))
    order = rng.random((shape[0], len(pool))).argpartition(shape[1], axis=1)[:, : shape[1]]
    return np.asarray(pool[order])


LAWS: dict[str, Draw] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "t, 3 degrees of freedom": lambda rng, shape: rng.standard_t(3, shape),
    "t, 2 degrees of freedom": lambda rng, shape: rng.standard_t(2, shape),
    "log-normal, σ = 1": lambda rng, shape: rng.lognormal(0, 1, shape),
    "log-normal, σ = 1.5": lambda rng, shape: rng.lognormal(0, 1.5, shape),
    "1 of 10 seeds 10 sd worse": outliers,
}


def student(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The t interval of the mean, as in the reports."""
    n = values.shape[1]
    reach = scipy.stats.t.ppf(1 - ALPHA / 2, n - 1) * values.std(axis=1, ddof=1) / math.sqrt(n)
    mean = values.mean(axis=1)
    return mean - reach, mean + reach


def sign_test(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Order statistics around the median; lowest and highest where 95 % cannot be reached."""
    n, ordered = values.shape[1], np.sort(values, axis=1)
    k = max(1, int(scipy.stats.binom.ppf(ALPHA / 2, n, 0.5)))
    return ordered[:, k - 1], ordered[:, n - k]


def hodges_lehmann(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Order statistics of the means of all pairs, from the signed-rank test of Wilcoxon."""
    n = values.shape[1]
    i, j = np.triu_indices(n)
    means = np.sort((values[:, i] + values[:, j]) / 2, axis=1)
    signs = np.array(np.meshgrid(*[(0, 1)] * n)).reshape(n, -1)
    sums = np.bincount(np.arange(1, n + 1) @ signs)  # how often each sum of ranks appears
    k = max(1, int(np.searchsorted(np.cumsum(sums) / 2**n, ALPHA / 2, "right")))
    return means[:, k - 1], means[:, -k]


def bootstrap_t(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean with quantiles of t over resampled seeds; those that do not vary are left out."""
    n, rng = values.shape[1], np.random.default_rng(0)
    chosen = rng.integers(0, n, (RESAMPLES, n))
    low, high = np.empty(len(values)), np.empty(len(values))
    for k, row in enumerate(values):
        drawn, error = row[chosen], row.std(ddof=1) / math.sqrt(n)
        errors = drawn.std(axis=1, ddof=1) / math.sqrt(n)
        varied = errors > 1e-12 * error
        t = (drawn.mean(axis=1) - row.mean())[varied] / errors[varied]
        first, last = np.quantile(t, [ALPHA / 2, 1 - ALPHA / 2])
        low[k], high[k] = row.mean() - last * error, row.mean() - first * error
    return low, high


METHODS: dict[str, tuple[Method, str]] = {
    "t, of the mean": (student, "mean"),
    "bootstrap-t, of the mean": (bootstrap_t, "mean"),
    "sign test, of the median": (sign_test, "median"),
    "Hodges-Lehmann, of the pseudomedian": (hodges_lehmann, "pseudomedian"),
}


def truths(values: np.ndarray) -> dict[str, float]:
    """What the intervals are intervals of."""
    halves = (values[: len(values) // 2] + values[len(values) // 2 :][: len(values) // 2]) / 2
    return {
        "mean": float(values.mean()),
        "median": float(np.median(values)),
        "pseudomedian": float(np.median(halves)),
    }


@tables.command()
@click.option("--trials", default=1_000)
def intervals(trials: int) -> None:
    """How often a 95 % interval holds what it is an interval of, and how wide it is."""
    exact = {"log-normal, σ = 1": math.exp(0.5), "log-normal, σ = 1.5": math.exp(1.125)}
    for name, law in {**LAWS, "real cells": real}.items():
        large = (
            np.random.default_rng(1).permutation(np.concatenate(list(real_scores().values())))
            if law is real
            else law(np.random.default_rng(1), (LARGE,))
        )
        truth = truths(large) | ({"mean": exact[name]} if name in exact else {})
        if name.startswith("t, "):
            truth = dict.fromkeys(truth, 0.0)
        print(f"\n{name}: share of {trials:,} rows whose interval holds it (width, t = 1)")
        print_head("interval", *(f"{n} seeds" for n in SEEDS))
        drawn = [law(np.random.default_rng(n), (trials, n)) for n in SEEDS]
        for label, (method, what) in METHODS.items():
            print_row(label, *(_coverage(method, values, truth[what]) for values in drawn))
    most = 100 * math.sqrt(0.25 / trials)
    print(f"\nMonte Carlo error of 95 %: {100 * math.sqrt(0.95 * 0.05 / trials):.1f} %", end="")
    print(f", at most {most:.1f} %")


def _coverage(method: Method, values: np.ndarray, truth: float) -> str:
    low, high = method(values)
    usual = np.subtract(*student(values)[::-1])
    held = np.mean((low <= truth) & (truth <= high))
    return f"{100 * held:.0f} % ({np.median((high - low) / usual):.2f})"


@tables.command()
@click.option("--trials", default=10_000)
def pairs(trials: int) -> None:
    """Two rows with correlated seeds: how often each statement finds a difference."""
    for effect, what in ((0.0, "equal rows"), (1.0, "rows one standard deviation apart")):
        print(f"\n{what}: share of {trials:,} tables in which a difference is found")
        print_head("seeds", "correlation", "letters", "paired difference", "P(leader better)")
        for n in (6, 12):
            for correlation in (0.0, 0.5, 0.9, 0.998):
                a, noise = np.random.default_rng(n).normal(size=(2, trials, n))
                b = correlation * a + math.sqrt(1 - correlation**2) * noise + effect
                print_row(n, correlation, *_found(a, b))


def _found(a: np.ndarray, b: np.ndarray) -> list[str]:
    """By the letters, by the paired interval and by that of P(leader better)."""
    apart = np.array(p_values(list(zip(a.tolist(), b.tolist(), strict=True)))) <= ALPHA
    low, high = student(b - a)
    ends = [clopper_pearson(wins, a.shape[1]) for wins in range(a.shape[1] + 1)]
    decided = np.array([lowest > 0.5 or highest < 0.5 for lowest, highest in ends])
    sure = decided[(a < b).sum(axis=1)]
    shares = [float(np.mean(each)) for each in (apart, (low > 0) | (high < 0), sure)]
    return [f"{100 * p:.1f} ± {100 * math.sqrt(p * (1 - p) / len(a)):.1f} %" for p in shares]


if __name__ == "__main__":
    tables()
