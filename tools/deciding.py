"""Print the tables of docs/deciding.md: `python tools/deciding.py COMMAND`.

Needs the package (`pip install -e .`). `equal` and `power` take minutes of one core; `real` reads
the scores of trained cells in tools/equal_cells.csv, and `folder` those of a results folder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean, stdev

import click
import numpy as np

from gan_bench.report.comparison import p_values
from gan_bench.report.leaderboard import load
from gan_bench.report.letters import letters
from gan_bench.report.sequential import first_crossings, level_of, sets_of
from markdown_rows import print_head, print_row
from power import LAWS, real_scores

ALPHA, LOOKS, PER_LOOK = 0.05, 4, 5
PERMUTATIONS = 2_000  # fewer than a report takes, for time: the test is exact with any number
CHUNK = 64
EFFECTS = (0.5, 1.0, 2.0)  # differences of means, in standard deviations over seeds


@click.group()
def tables() -> None:
    """The tables of docs/deciding.md."""


def decided(scores: np.ndarray) -> np.ndarray:
    """(tables, rows, looks, N) -> (tables, pairs): the look that tells each pair apart, or 0."""
    count, rows = scores.shape[:2]
    pairs = list(combinations(range(rows), 2))
    look, lasting = np.zeros((count, len(pairs)), int), np.zeros((count, len(pairs)), bool)
    for each in sets_of(list(range(rows))):
        level = level_of(len(each), rows, ALPHA)
        chosen = scores[:, each]
        parts = (chosen[k : k + CHUNK] for k in range(0, count, CHUNK))
        found = np.concatenate(
            [first_crossings(part, LOOKS, level, PERMUTATIONS) for part in parts]
        )
        for place, pair in enumerate(pairs):
            if set(pair) <= set(each):
                look[:, place] = np.maximum(look[:, place], found)
                lasting[:, place] |= found == 0
    return np.where(lasting, 0, look)


def seeds_spent(look: np.ndarray, rows: int) -> float:
    """Seeds of a table, on average: a row stops when it is told apart from all others."""
    pairs = list(combinations(range(rows), 2))
    until = np.where(look == 0, LOOKS, look)
    by_row = [
        until[:, [k for k, pair in enumerate(pairs) if row in pair]].max(axis=1)
        for row in range(rows)
    ]
    return float(PER_LOOK * np.mean(by_row))


def rate(wrong: int, trials: int) -> str:
    """A share in percent with its standard error."""
    share = wrong / trials
    return f"{100 * share:.1f} ± {100 * math.sqrt(share * (1 - share) / trials):.1f} %"


@tables.command()
@click.option("--trials", default=2_000)
def equal(trials: int) -> None:
    """How often a difference is seen that does not exist: shares of simulated tables."""
    print_head("seeds are", "2 equal rows", "4 equal rows", "6 equal rows")
    for name in list(LAWS)[:3]:
        rates = []
        for rows in (2, 4, 6):
            shape = trials, rows, LOOKS, PER_LOOK
            look = decided(LAWS[name](np.random.default_rng(rows), shape))
            rates.append(rate(int(look.any(axis=1).sum()), trials))
        print_row(name, *rates)
    mixed = np.random.default_rng(3).normal(size=(trials, 4, LOOKS, PER_LOOK))
    mixed[:, 2:] += 3
    look = decided(mixed)  # the pairs in order: 01 02 03 12 13 23
    wrong = int((look[:, [0, 5]] > 0).any(axis=1).sum())
    print(f"\n4 rows, two of them 3 sd worse: a false difference in {rate(wrong, trials)}")
    spread = np.random.default_rng(4).normal(size=(trials, 2, LOOKS, PER_LOOK))
    spread[:, 1] *= 3
    wrong = int((decided(spread) > 0).sum())
    print(f"2 rows of equal mean, of sd 1 and 3: called different in {rate(wrong, trials)}")


@tables.command()
@click.option("--trials", default=2_000)
def power(trials: int) -> None:
    """One better row: how often it is told apart, and the seeds spent, against a fixed number."""
    most = LOOKS * PER_LOOK
    print_head(
        *("rows", "difference / sd", "told apart", "seeds of a row"),
        *(f"told apart with {most} seeds", "with as many seeds as were spent"),
    )
    for rows in (2, 4):
        for effect in EFFECTS:
            drawn = np.random.default_rng(rows).normal(size=(trials, rows, LOOKS, PER_LOOK))
            drawn[:, 0] -= effect
            look = decided(drawn)
            first = [k for k, pair in enumerate(combinations(range(rows), 2)) if 0 in pair]
            found = int((look[:, first] > 0).sum())
            spent = seeds_spent(look, rows)
            flat = drawn.reshape(trials, rows, most)[: trials // 2]
            fixed = [_fixed(flat[:, :, :n]) for n in (most, round(spent))]
            print_row(
                *(rows, f"{effect:g}", rate(found, trials * len(first)), f"{spent:.1f}"),
                *(f"{100 * share:.0f} %" for share in fixed),
            )


def _fixed(tables_: np.ndarray) -> float:
    """How often the letters of a fixed number of seeds tell the first row from another."""
    shown = (letters(table) for table in tables_.tolist())
    return fmean(not set(first) & set(other) for first, *others in shown for other in others)


@tables.command()
@click.option("--trials", default=4_000)
def real(trials: int) -> None:
    """Peeking at trained cells of one architecture, dealt into rows: false differences."""
    one, other = real_scores().values()
    _peek([*one, *other], trials)


@tables.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--trials", default=2_000)
def folder(results: Path, trials: int) -> None:
    """The same with the cells of one row of a results folder."""
    (board,) = load(results).boards
    _peek(board.rows[0].values(board.ranking.name), trials)


def _peek(pool: Sequence[float], trials: int) -> None:
    print(f"{len(pool)} cells, mean {fmean(pool):.4g}, sd {stdev(pool):.4g}")
    rng, most = np.random.default_rng(0), LOOKS * PER_LOOK
    print_head("rows", "tables", "sequential test", "plain test after each of 4 looks")
    for rows in (2, 3, 4, 6):
        if rows * most > len(pool):
            continue
        count = trials if rows == 2 else trials // 2
        dealt = np.array([rng.choice(pool, rows * most, replace=False) for _ in range(count)])
        scores = dealt.reshape(count, rows, LOOKS, PER_LOOK)
        wrong = int((decided(scores) > 0).any(axis=1).sum())
        flat = dealt.reshape(count, rows, most)
        plain = np.zeros(count, bool)
        for n in range(PER_LOOK, most + 1, PER_LOOK):
            plain |= _called(flat[:, :, :n])
        print_row(rows, f"{count:,}", rate(wrong, count), rate(int(plain.sum()), count))
    pairs = np.array([rng.choice(pool, 24, replace=False) for _ in range(trials)])
    a, b = pairs[:, :12], pairs[:, 12:]
    seen = np.zeros(trials, bool)
    for n in range(4, 13):
        both = list(zip(a[:, :n].tolist(), b[:, :n].tolist(), strict=True))
        seen |= np.array(p_values(both)) <= ALPHA
    print(f"\nplain test of 2 rows after each of 4 to 12 seeds: {rate(int(seen.sum()), trials)}")


def _called(tables_: np.ndarray) -> np.ndarray:
    """(tables,) bool: whether the letters of a fixed number of seeds tell any two rows apart."""
    return np.array([len(set(letters(table))) > 1 for table in tables_.tolist()])


if __name__ == "__main__":
    tables()
