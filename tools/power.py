"""Print the tables of docs/statistics.md about letters: `python tools/power.py COMMAND`.

Needs the package (`pip install -e .`). Each command takes a few minutes of one core. `real` reads
the scores in tools/equal_cells.csv; `train` trains these cells anew, half a second each.
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import fmean, stdev

import click
import numpy as np
import scipy.stats

from gan_bench.report.comparison import midranks, p_value, p_values
from gan_bench.report.letters import least_seeds, letters
from gan_bench.report.permutation import permutation_p_values
from gan_bench.report.statistics import ALPHA, MIN_SEEDS
from markdown_rows import print_head, print_row

TESTS = Path(__file__).parents[1] / "tests"
CELLS = Path(__file__).with_name("equal_cells.csv")
SEEDS = (4, 5, 6, 8, 10, 12)
EFFECTS = (0.5, 1.0, 1.5, 2.0, 3.0)  # differences of means, in standard deviations over seeds
ROWS = 6
WORST = math.inf  # the cost of a seed without a score
DIVERGING = {"31 %": 0.4959, "50 %": 0.0}  # of normal seeds, those above so many deviations
Law = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
LAWS: dict[str, Law] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "heavy-tailed (t, 3 degrees of freedom)": lambda rng, shape: rng.standard_t(3, shape),
    "skewed (log-normal, σ = 1)": lambda rng, shape: rng.lognormal(0, 1, shape),
    "tied (normal, rounded to whole σ)": lambda rng, shape: rng.normal(size=shape).round(),
}
Table = Sequence[Sequence[float]]  # rows of seeds


@click.group()
def tables() -> None:
    """The tables of docs/statistics.md about letters."""


@tables.command()
@click.option("--trials", default=2_000)
def power(trials: int) -> None:
    """How often a difference that exists is seen: shares of simulated tables."""
    print("seeds needed before any two of so many rows can be told apart:")
    for rows in range(2, 14):
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
    print(f"\n{title}")
    print_head("difference / sd", *(f"{n} seeds" for n in SEEDS))
    for effect in EFFECTS:
        print_row(f"{effect:g}", *(f"{100 * found(effect, n):.0f} %" for n in SEEDS))


@tables.command()
@click.option("--trials", default=4_000)
def equal(trials: int) -> None:
    """How often a difference is seen that does not exist: shares of simulated tables."""
    for rows, count in ((2, trials), (ROWS, trials // 4)):
        print(f"\n{rows} equal rows, {count:,} tables")
        print_head("seeds are", *(f"{n} seeds" for n in SEEDS))
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


def _different(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(trials,) bool: whether two rows of (trials, seeds) costs are called different."""
    return np.array(p_values(list(zip(a.tolist(), b.tolist(), strict=True)))) <= ALPHA


@tables.command()
@click.option("--trials", default=20_000)
def diverging(trials: int) -> None:
    """Two rows of equal scores; in one of them, or in both, the bad seeds diverge."""
    print_head(
        *("diverging", "seeds", "fragile called better", "fragile called worse"),
        *("both fragile, called different", "means of survivors: fragile called better"),
        words=1,
    )
    for share, above in DIVERGING.items():
        for seeds in (6, 12):
            whole, other = np.random.default_rng(seeds).normal(size=(2, trials, seeds))
            fragile = np.where(other > above, WORST, other)
            called = _different(whole, fragile)
            ranks = np.array([midranks(each) for each in np.hstack([whole, fragile])])
            better = ranks[:, seeds:].sum(axis=1) < ranks[:, :seeds].sum(axis=1)
            alike = _different(np.where(whole > above, WORST, whole), fragile)
            survivors = list(map(_survivors_called_better, whole[:4_000], fragile[:4_000]))
            counts = (sum(called & better), sum(called & ~better), sum(alike))
            rates = [_rate(int(count), trials) for count in counts]
            print_row(share, seeds, *rates, _rate(sum(survivors), len(survivors)))


def _survivors_called_better(whole: np.ndarray, fragile: np.ndarray) -> bool:
    """Whether a row is called better if the seeds without a score are left out."""
    left = fragile[np.isfinite(fragile)]
    if len(left) < MIN_SEEDS or left.mean() > whole.mean():
        return False
    return bool(_difference_of_means(left[None], whole[None])[0])


def _difference_of_means(a: np.ndarray, b: np.ndarray, splits: int = 2_000) -> np.ndarray:
    """(trials,) bool: whether the permutation test of the difference of means tells them apart."""
    pooled, n = np.hstack([a, b]), a.shape[1]
    chosen = np.random.default_rng(0).random((splits, pooled.shape[1])).argsort(axis=1)[:, :n]
    first = np.zeros((pooled.shape[1], splits))
    np.put_along_axis(first, chosen.T, 1.0, axis=0)
    centred = pooled - pooled.mean(axis=1, keepdims=True)
    as_far = np.abs(centred @ first) >= np.abs(centred[:, :n].sum(axis=1, keepdims=True)) - 1e-9
    return np.asarray((as_far.sum(axis=1) + 1) / (splits + 1) <= ALPHA)


@tables.command()
@click.option("--trials", default=40_000)
def uneven(trials: int) -> None:
    """Two rows of equal means, with other numbers of seeds and other spreads."""
    laws = list(LAWS.items())[:3]
    print_head(
        *("seeds", "sd", *(name for name, _ in laws)),
        *("normal: permutation of t alone", "normal: permutation of the difference of means"),
    )
    for n_a, n_b, spread in UNEVEN:
        rates = []
        for name, law in laws:
            rng = np.random.default_rng(n_a + n_b)
            a, b = (law(rng, (trials, n)) - MEANS.get(name, 0.0) for n in (n_a, n_b))
            rates.append(_rate(int(_different(a, spread * b).sum()), trials))
        rng = np.random.default_rng(n_a + n_b)
        a, b = rng.normal(size=(trials, n_a)), spread * rng.normal(size=(trials, n_b))
        pairs = list(zip(a.tolist(), b.tolist(), strict=True))
        permuted = sum(p <= ALPHA for p in permutation_p_values(pairs))
        means = int(_difference_of_means(a[:4_000], b[:4_000]).sum())
        print_row(
            f"{n_a} v {n_b}",
            f"1 : {spread}",
            *(*rates, _rate(permuted, trials), _rate(means, min(trials, 4_000))),
        )


UNEVEN = ((4, 4, 3), (6, 6, 3), (12, 12, 5), (6, 4, 3), (8, 4, 3), (12, 4, 5), (4, 12, 5))


@tables.command()
@click.option("--trials", default=40_000)
def freedom(trials: int) -> None:
    """Normal scores, by degrees of freedom: Welch's, one less, those of the smaller row.

    The highest share of false differences over SPREADS, and how often 1.5 sd are found.
    """
    print_head(
        "seeds",
        *(f"false: {name}" for name in FREEDOMS),
        *(f"found: {name}" for name in FREEDOMS),
    )
    for sizes in SIZES:
        false = np.max([_called(sizes, spread, 0.0, trials) for spread in SPREADS], axis=0)
        found = _called(sizes, 1.0, 1.5, trials)
        rates = (_rate(int(count), trials) for count in (*false, *found))
        print_row(f"{sizes[0]} v {sizes[1]}", *rates)


SIZES = ((4, 4), (6, 6), (8, 8), (12, 12), (5, 4), (6, 4), (8, 4), (12, 4), (8, 6), (12, 6))
SPREADS = (1 / 3, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 8.0)
FREEDOMS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "Welch's": lambda welch, least: welch,
    "one less": lambda welch, least: np.maximum(welch - 1, least),
    "smaller row": lambda welch, least: np.full_like(welch, least),
}


def _called(sizes: tuple[int, int], spread: float, apart: float, trials: int) -> list[int]:
    """How many of these pairs are called different with each choice of degrees of freedom."""
    rng = np.random.default_rng(sum(sizes))
    a, b = rng.normal(size=(trials, sizes[0])), rng.normal(apart, spread, (trials, sizes[1]))
    welch = scipy.stats.ttest_ind(a, b, axis=1, equal_var=False)
    near = np.flatnonzero(welch.pvalue <= ALPHA)  # the others are called equal in any case
    pairs = list(zip(a[near].tolist(), b[near].tolist(), strict=True))
    near = near[np.array(permutation_p_values(pairs)) <= ALPHA]
    t, df = np.abs(welch.statistic[near]), welch.df[near]
    chosen = (freedom(df, min(sizes) - 1) for freedom in FREEDOMS.values())
    return [int((2 * scipy.stats.t.sf(t, each) <= ALPHA).sum()) for each in chosen]


MEANS = {"skewed (log-normal, σ = 1)": math.exp(0.5)}  # of the laws whose mean is not 0


@tables.command()
@click.option("--trials", default=20_000)
def peeking(trials: int) -> None:
    """Two equal rows, looked at after each seed until they are called different."""
    print_head("looks after", "looks", "called different at one of them", "at most", words=1)
    for ends in ((6,), (4, 6), (6, 8), (6, 9, 12), (4, 6, 8, 10, 12), tuple(range(4, 13))):
        a, b = np.random.default_rng(len(ends)).normal(size=(2, trials, max(ends)))
        seen = np.any([_different(a[:, :n], b[:, :n]) for n in ends], axis=0)
        bound = f"{100 * min(1.0, len(ends) * ALPHA):.0f} %"
        listed = ", ".join(map(str, ends)) if len(ends) < 9 else "each seed from 4 to 12"
        print_row(listed, len(ends), _rate(int(seen.sum()), trials), bound)


@tables.command()
@click.option("--cells", default=600, help="Cells of each of the two names.")
def train(cells: int) -> None:
    """Train cells of one architecture under two names, and write their scores."""
    sys.path[:0] = [str(TESTS / "train"), str(TESTS)]
    import test_calibration
    import torch

    torch.set_num_threads(1)
    with CELLS.open("w", encoding="utf-8", newline="") as file:
        print("name,seed,score", file=file)
        for seed in range(cells):
            for name, own in (("one", seed), ("other", cells + seed)):  # no seed under both names
                (score,) = test_calibration.scores(name, range(own, own + 1))
                print(f"{name},{own},{score:.1f}", file=file, flush=True)


def real_scores() -> dict[str, list[float]]:
    """The scores of the trained cells, by the name under which they were trained."""
    scores: dict[str, list[float]] = {"one": [], "other": []}
    with CELLS.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            scores[line["name"]].append(float(line["score"]))
    return scores


@tables.command()
@click.option("--trials", default=4_000)
def real(trials: int) -> None:
    """With trained cells: how often one architecture under two names is called two."""
    one, other = real_scores().values()
    for name, row in (("one", one), ("other", other)):
        print(f"{name}: {len(row)} cells, mean {fmean(row):,.0f}, sd {stdev(row):,.0f}")
    skew, tails = scipy.stats.skew([*one, *other]), scipy.stats.kurtosis([*one, *other])
    print(f"all: skewness {skew:.2f}, excess kurtosis {tails:.2f}; p of all against all:")
    print(f"  {p_value(one, other):.3f}")
    rng, pool = np.random.default_rng(0), [*one, *other]
    print_head("trials", "count", "called different")
    for a, b in ((4, 4), (6, 6), (6, 4), (12, 4)):
        most = range(min(len(one) // a, len(other) // b))
        _print_trials(
            f"{a} v {b}, every cell once",
            [[one[k * a : (k + 1) * a], other[k * b : (k + 1) * b]] for k in most],
        )
        dealt = [_deal(rng, pool, (a, b)) for _ in range(trials)]
        _print_trials(f"{a} v {b}, dealt from all cells", dealt)
    dealt = [_deal(rng, pool, (6,) * ROWS) for _ in range(trials)]
    _print_trials(f"{ROWS} rows of 6, dealt from all cells", dealt)
    worst = float(np.quantile(pool, 0.69))
    diverging = [
        [[WORST if cost > worst else cost for cost in row] for row in table] for table in dealt
    ]
    _print_trials(f"{ROWS} rows of 6, whose worst 31 % diverge", diverging)


def _deal(rng: np.random.Generator, pool: Sequence[float], sizes: Sequence[int]) -> Table:
    dealt = rng.choice(pool, sum(sizes), replace=False)
    return [row.tolist() for row in np.split(dealt, np.cumsum(sizes)[:-1])]


def _print_trials(name: str, drawn: Sequence[Table]) -> None:
    wrong = sum(len(set(row)) > 1 for row in _each(drawn))
    print_row(name, f"{len(drawn):,}", f"{wrong:,}, {_rate(wrong, len(drawn))}")


if __name__ == "__main__":
    tables()
