"""How often the answer calls a lead proven where no architecture is better.

    python tools/answers.py

docs/statistics.md shows what it prints.
"""

from __future__ import annotations

import click
import numpy as np

from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.rulings import Side, ruling

FD = MetricSpec(name="fd", higher_is_better=False, features="net")


@click.command()
@click.option("--trials", default=1_500)
def main(trials: int) -> None:
    """The share of tables of equal architectures, for some sizes of a table."""
    random = np.random.default_rng(0)
    print("architectures  losses  seeds  shared  proven")
    for count, losses, seeds, shared in ((2, 1, 6, 0), (2, 3, 6, 0.7), (2, 2, 4, 0), (3, 2, 6, 0)):
        proven = 0
        for _ in range(trials):
            common = np.sqrt(shared) * random.normal(size=(1, seeds, 1))
            own = np.sqrt(1 - shared) * random.normal(size=(count, seeds, losses))
            means = (common + own).mean(2)  # over the losses
            sides = [
                Side(str(k), dict(enumerate(costs.tolist())), losses)
                for k, costs in enumerate(100 + means)
            ]
            made = ruling(sides, FD, "architecture")
            proven += made is not None and made.lead is not None and made.lead.proven
        print(f"{count:13}  {losses:6}  {seeds:5}  {shared:6}  {proven / trials:6.1%}")


if __name__ == "__main__":
    main()
