"""Print the tables of docs/statistics.md: `python tools/power.py power`, `... equal`, `... real`.

Needs the package (`pip install -e .`). `power` and `equal` take a few minutes of one core, `real`
trains its cells in a fifth of a second each.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import fmean, stdev

import click
import numpy as np
import scipy.stats

from gan_bench.report.statistics import least_seeds, letters, p_value
from markdown_rows import print_row

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS / "train"), str(TESTS)]

SEEDS = (4, 5, 6, 8, 10, 12)
EFFECTS = (0.5, 1.0, 1.5, 2.0, 3.0)  # differences of means, in standard deviations over seeds
ROWS = 6
Law = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
LAWS: dict[str, Law] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "heavy-tailed (t, 3 degrees of freedom)": lambda rng, shape: rng.standard_t(3, shape),
    "skewed (log-normal, σ = 1)": lambda rng, shape: rng.lognormal(0, 1, shape),
}
Table = Sequence[Sequence[float]]  # rows of seeds


@click.group()
def tables() -> None:
    """The tables of docs/statistics.md."""


@tables.command()
@click.option("--trials", default=4_000)
def power(trials: int) -> None:
    """How often a difference that exists is seen: shares of simulated tables."""
    print("seeds needed before any two of so many rows can be told apart:")
    for rows in range(2, 13):
        print(f"  {rows} rows: {least_seeds(rows)} seeds")
    _print_power("2 rows", lambda effect, n: _told_apart(2, effect, n, trials)[0])
    six = {
        (effect, n): _told_apart(ROWS, effect, n, trials // 2) for effect in EFFECTS for n in SEEDS
    }
    _print_power(f"1 of {ROWS} rows, a pair", lambda effect, n: six[effect, n][0])
    _print_power(f"1 of {ROWS} rows, all pairs", lambda effect, n: six[effect, n][1])
    print(f"\nMonte Carlo error at most {_error(0.5, trials)}, and {_error(0.5, trials // 2)}")


def _told_apart(rows: int, effect: float, seeds: int, trials: int) -> tuple[float, float]:
    """Shares of pairs in which the better row is told apart, and of tables in which all are."""
    rng = np.random.default_rng(seeds)
    better = np.array([effect] + [0.0] * (rows - 1))[:, None]
    drawn: list[Table] = (rng.normal(size=(trials, rows, seeds)) - better).tolist()
    apart = [[not set(first) & set(other) for other in others] for first, *others in _each(drawn)]
    return fmean(fmean(pairs) for pairs in apart), fmean(all(pairs) for pairs in apart)


def _each(drawn: Iterable[Table]) -> Iterator[list[str]]:
    return (letters(table) for table in drawn)


def _print_power(title: str, found: Callable[[float, int], float]) -> None:
    print(f"\n{title}\n")
    print_row("difference / sd", *(f"{n} seeds" for n in SEEDS))
    print_row("---:", *["---:"] * len(SEEDS))
    for effect in EFFECTS:
        print_row(f"{effect:g}", *(f"{100 * found(effect, n):.0f} %" for n in SEEDS))


@tables.command()
@click.option("--trials", default=4_000)
def equal(trials: int) -> None:
    """How often a difference is seen that does not exist: shares of simulated tables."""
    for rows, count in ((2, trials), (ROWS, trials // 2)):
        print(f"\n{rows} equal rows, {count:,} tables\n")
        print_row("seeds are", *(f"{n} seeds" for n in SEEDS))
        print_row("---", *["---:"] * len(SEEDS))
        for name, law in LAWS.items():
            print_row(name, *(_rate(*_wrong(law, rows, n, count)) for n in SEEDS))


def _wrong(law: Law, rows: int, seeds: int, trials: int) -> tuple[int, int]:
    drawn: list[Table] = law(np.random.default_rng(seeds), (trials, rows, seeds)).tolist()
    return sum(len(set(row)) > 1 for row in _each(drawn)), trials


def _rate(wrong: int, trials: int) -> str:
    share = wrong / trials
    return f"{100 * share:.1f} ± {_error(share, trials)}"


def _error(share: float, trials: int) -> str:
    """The standard error of a share."""
    return f"{100 * math.sqrt(share * (1 - share) / trials):.1f} %"


@tables.command()
@click.option("--cells", default=600, help="Cells of each of the two names.")
@click.option("--trials", default=4_000)
def real(cells: int, trials: int) -> None:
    """The same with trained cells: how often one architecture under two names is called two."""
    import test_calibration
    import torch

    torch.set_num_threads(1)
    one = test_calibration.scores("one", range(cells))
    other = test_calibration.scores("other", range(cells, 2 * cells))
    for name, row in (("one", one), ("other", other)):
        print(f"{name}: {cells} cells, mean {fmean(row):,.0f}, sd {stdev(row):,.0f}")
    skew, tails = scipy.stats.skew([*one, *other]), scipy.stats.kurtosis([*one, *other])
    print(f"all: skewness {skew:.2f}, excess kurtosis {tails:.2f}; p of {cells} v {cells} cells:")
    print(f"  {p_value(one, other):.3f}\n")
    _print_real(one, other, trials)


def _print_real(one: Sequence[float], other: Sequence[float], trials: int) -> None:
    rng, pool = np.random.default_rng(0), [*one, *other]
    print_row("trials", "count", "called different")
    print_row("---", "---:", "---:")
    for seeds in (4, 6):
        pairs = [[one[k : k + seeds], other[k : k + seeds]] for k in range(0, len(one), seeds)]
        _print_trials(
            f"{seeds} v {seeds}, every cell once", [p for p in pairs if len(p[0]) == seeds]
        )
        drawn = [_draw(rng, [one, other], seeds) for _ in range(trials)]
        _print_trials(f"{seeds} v {seeds}, drawn from each name's cells", drawn)
        dealt = [_deal(rng, pool, 2, seeds) for _ in range(trials)]
        _print_trials(f"{seeds} v {seeds}, dealt from all cells", dealt)
    dealt = [_deal(rng, pool, ROWS, 6) for _ in range(trials)]
    _print_trials(f"{ROWS} rows of 6, dealt from all cells", dealt)


def _draw(rng: np.random.Generator, rows: Iterable[Sequence[float]], seeds: int) -> Table:
    return [rng.choice(row, seeds, replace=False).tolist() for row in rows]


def _deal(rng: np.random.Generator, pool: Sequence[float], rows: int, seeds: int) -> Table:
    table: Table = rng.choice(pool, (rows, seeds), replace=False).tolist()
    return table


def _print_trials(name: str, drawn: Sequence[Table]) -> None:
    wrong = sum(len(set(row)) > 1 for row in _each(drawn))
    print_row(name, f"{len(drawn):,}", f"{wrong:,}, {_rate(wrong, len(drawn))}")


if __name__ == "__main__":
    tables()
