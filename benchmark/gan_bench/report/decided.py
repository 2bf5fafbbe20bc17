"""The sequential test of a table: read from its plans and scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from gan_bench.base.text import number, percent, plural
from gan_bench.contract.errors import UsageError
from gan_bench.contract.protocol import MetricSpec, Protocol
from gan_bench.report.rows import Row, rows_of
from gan_bench.report.sequential import MOST_ROWS, Decision, can_decide, decide, in_order
from gan_bench.results.frame import read_frame
from gan_bench.results.layout import PROTOCOL
from gan_bench.results.plans import SeedPlan, Sequential, Step, sequential_in
from gan_bench.results.reading import read_model

MORE = 6  # looks that are tried for a number of seeds that is enough


def decision_of(
    metric: MetricSpec, rows: Sequence[Row], plans: Iterable[SeedPlan]
) -> Decision | None:
    """What the test in the plans decides; None if there is none, or it compares other rows."""
    test = sequential_in(plans)
    names = sorted((row.architecture, row.loss) for row in rows)
    if test is None or names != sorted(test.rows):
        return None
    return decide(_costs(rows, metric, test), test)


def next_step(home: Path, test: Sequential) -> Step:
    """How many seeds each row of the test is to have by now, from the scores in this folder.

    UsageError if the test could never tell two of its rows apart.
    """
    _check(test)
    metric, rows = None, list[Row]()
    if (home / PROTOCOL).exists():
        metric = read_model(home / PROTOCOL, Protocol).evaluation.metrics[0]
        rows = rows_of(read_frame(home))
    decision = decide(_costs(rows, metric, test), test)
    return Step(seeds=decision.seeds, decided=decision.decided, text=step_text(decision))


def _costs(
    rows: Sequence[Row], metric: MetricSpec | None, test: Sequential
) -> dict[tuple[str, str], list[float]]:
    """The costs of each row in order of seeds, up to the first seed that has not ended."""
    by_seed: dict[tuple[str, str], dict[int, float]] = {row: {} for row in test.rows}
    for row in rows:
        name = row.architecture, row.loss
        if metric and name in by_seed:
            by_seed[name] |= row.cost_by_seed(metric)
    return {name: in_order(costs) for name, costs in by_seed.items()}


def _check(test: Sequential) -> None:
    count = len(test.rows)
    if count > MOST_ROWS:
        raise UsageError(
            f"--until-decided compares {MOST_ROWS} rows at most, and these are {count}: "
            "choose fewer with --arch and --loss"
        )
    if not can_decide(count, test):
        raise UsageError(
            f"--until-decided {number(test.alpha)}: no two of {count} rows can be told apart with "
            f"{plural(test.per_look, 'seed')} a look and {test.most} at most, however different "
            f"they are: {_enough(count, test)}"
        )


def _enough(rows: int, test: Sequential) -> str:
    """How many seeds are the fewest that could tell rows apart, if a few more looks are enough."""
    for looks in range(test.looks + 1, test.looks + MORE + 1):
        most = looks * test.per_look
        if can_decide(rows, test.model_copy(update={"most": most})):
            return f"with --most-seeds {most} they can"
    return "raise --most-seeds or --seeds"


def step_text(decision: Decision) -> str:
    """How the test stands, for people."""
    pairs = len(decision.used) * (len(decision.used) - 1) // 2
    looked = max(decision.used.values(), default=0)
    found = f"{len(decision.apart)} of {plural(pairs, 'pair')} of rows told apart"
    return f"after {plural(looked, 'seed')} a row at most: {found}"


def claims_of(decision: Decision, rows: Sequence[Row], metric: str) -> list[str]:
    """What the letters of a sequential test mean, and why each row has its seeds."""
    test = decision.test
    seeds = [
        f"{row.name} {decision.used[row.architecture, row.loss]} "
        f"({decision.reason((row.architecture, row.loss))})"
        for row in rows
    ]
    return [
        "rows that share a letter cannot be told apart (a sequential permutation test by "
        f"{metric} after every {plural(test.per_look, 'seed')}, {test.most} at most: if rows are "
        f"alike, a false difference appears in at most {percent(test.alpha)} of tables)",
        f"seeds that the test has looked at: {', '.join(seeds)}",
        "± may hold less often than in 95 % of tables: it is made for a number of seeds that is "
        "fixed beforehand, and here the scores decided it",
    ]
