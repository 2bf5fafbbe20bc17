"""How often the answer calls a lead proven where all rows are alike.

    python tools/answers.py

docs/statistics.md shows what it prints.
"""

from __future__ import annotations

import click
import numpy as np

from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.rows import Row
from gan_bench.report.rulings import rulings
from gan_bench.results.frame import metric_column

FD = MetricSpec(name="fd", higher_is_better=False, features="net")
SIZES = (2, 1, 6, 0), (2, 3, 6, 0.7), (2, 2, 4, 0), (2, 2, 12, 0), (3, 2, 6, 0)


@click.command()
@click.option("--trials", default=1_500)
def main(trials: int) -> None:
    """The share of tables of rows that are alike, for some sizes of a table."""
    random = np.random.default_rng(0)
    print("architectures  losses  seeds  shared  architecture   loss  either")
    for count, losses, seeds, shared in SIZES:
        proven = {"architecture": 0, "loss": 0, "either": 0}
        for _ in range(trials):
            common = np.sqrt(shared) * random.normal(size=(1, 1, seeds))
            own = np.sqrt(1 - shared) * random.normal(size=(count, losses, seeds))
            scores = 100 + common + own
            rows = [_row(a, b, scores[a, b]) for a in range(count) for b in range(losses)]
            kinds = {made.kind for made in rulings(rows, FD) if made.proven}
            for kind in [*kinds, *(["either"] if kinds else [])]:
                proven[kind] += 1
        shares = [f"{each / trials:.1%}" for each in proven.values()]
        sizes = f"{count:13}  {losses:6}  {seeds:5}  {shared:6}"
        print(f"{sizes}  {shares[0]:>12}  {shares[1]:>5}  {shares[2]:>6}")


def _row(architecture: int, loss: int, scores: np.ndarray) -> Row:
    names = f"a{architecture}", f"l{loss}"
    seeds = np.arange(len(scores))
    cells = {
        "status": np.full(len(scores), "finished"),
        "seed": seeds.astype(object),
        metric_column(FD.name): scores,
    }
    return Row(*names, "", names, cells, seeds)


if __name__ == "__main__":
    main()
