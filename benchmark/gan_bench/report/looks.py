"""Whether a table got more seeds after its letters could be seen."""

from __future__ import annotations

from dataclasses import dataclass

from gan_bench.report.statistics import ALPHA, MIN_SEEDS
from gan_bench.results.plans import SeedPlan

# Of tables of two equal rows, called different at one of nine looks, after each seed from 4 to 12:
# `python tools/power.py peeking`, docs/statistics.md
NINE_LOOKS = 0.13


@dataclass(frozen=True)
class Looks:
    """How often the letters of a table could be seen, each time with more seeds."""

    planned: int | None  # seeds of a row before any letter could be seen; None: not known
    seeds: int  # of a row, in the end
    looks: int = 1

    @property
    def false_letters(self) -> float:
        """The most tables of equal rows in which a false letter appears at one of the looks.

        The union bound: with k looks of 5 % each, at most k x 5 % of the tables.
        """
        return min(1.0, self.looks * ALPHA)


def looks_of(plans: list[SeedPlan]) -> Looks | None:
    """What the plans of a protocol tell; None if none was written, as by older versions.

    Letters need four seeds: a plan that extends a row of fewer follows no look. A plan may be of
    some rows only, with fewer seeds than others have.
    """
    if not plans:
        return None
    extensions = [k for k, plan in enumerate(plans) if plan.compared >= MIN_SEEDS]
    before = plans[: extensions[0]] if extensions else plans
    planned = max((plan.seeds for plan in before), default=None)
    return Looks(planned, max(plan.seeds for plan in plans), 1 + len(extensions))
