"""`run --until-decided`: a look, more cells where rows are not told apart yet, the next look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench.base.text import number, plural
from gan_bench.contract.errors import UsageError
from gan_bench.contract.protocol import Cell, Plan
from gan_bench.results.layout import protocol_dir
from gan_bench.results.plans import RowName, Sequential, Step, read_plans, sequential_in
from gan_bench.run.folders import folders_of
from gan_bench.run.plan import Planned
from gan_bench.run.train_cells import Stopping, train_cells

if TYPE_CHECKING:
    from gan_bench.catalogue import Catalogue
    from gan_bench.run.progress import Watch
    from gan_bench.run.request import Request

MOST_LOOKS = 4  # where --most-seeds is not given


Decide = Callable[[Path, Sequential], Step]  # of the folder of a protocol; it reads its records


def check_seeds(request: Request) -> None:
    """UsageError if the options of the test do not belong together."""
    if request.until_decided is None:
        if request.most_seeds is not None:
            raise UsageError("--most-seeds belongs to --until-decided ALPHA: give both or neither")
        return
    most, between = most_seeds(request), request.first_seeds
    if most % between:
        fewer = most // between * between
        raise UsageError(
            f"--most-seeds {most} is no multiple of --seeds {between}, the seeds between two "
            f"looks: give {f'{fewer} or ' if fewer else ''}{fewer + between}"
        )


def most_seeds(request: Request) -> int:
    """The most seeds of a row."""
    return request.most_seeds or MOST_LOOKS * request.first_seeds


def test_of(request: Request, plan: Plan) -> Sequential | None:
    """The test that adds seeds to these cells, if one was asked for.

    UsageError if there are not two rows.
    """
    if request.until_decided is None:
        return None
    rows = sorted({(cell.architecture, cell.loss) for cell in plan.cells})
    if len(rows) < 2:
        raise UsageError("--until-decided compares rows, and there is one: add --arch or --loss")
    return Sequential(
        alpha=request.until_decided,
        per_look=request.first_seeds,
        most=most_seeds(request),
        rows=tuple(rows),
    )


def with_test(planned: Planned, results: Path) -> Planned:
    """The plan with the test that adds its seeds, if one was asked for.

    UsageError if there are not two rows, or cells here were begun with another test.
    """
    test = test_of(planned.choice.request, planned.plan)
    if test is None:
        return planned
    if planned.evaluation:
        raise UsageError(
            "--until-decided: these cells are trained in a folder that is measured in another "
            "way; give its --metric and --features, or choose another --results"
        )
    check_same(protocol_dir(results, planned.plan.protocol), test)
    return replace(planned, sequential=test)


def check_same(home: Path, test: Sequential) -> None:
    """UsageError for another test: one that changes after scores were seen holds nothing."""
    before = sequential_in(read_plans(home))
    if before is None or before == test:
        return
    what = f"--until-decided {number(before.alpha)} --seeds {before.per_look}"
    raise UsageError(
        f"{home} was begun with {what} --most-seeds {before.most} and "
        f"{plural(len(before.rows), 'row')}, {', '.join(map(' / '.join, before.rows))}: a test "
        "that changes after scores could be seen does not hold; ask for the same, or choose "
        "another --results"
    )


def train_until_decided(
    planned: Planned,
    test: Sequential,
    watch: Watch,
    catalogue: Catalogue,
    results: Path,
    decide: Decide,
    retry_failed: bool = False,
    stopping: Stopping = lambda _: nullcontext(),
) -> int:
    """Train cells look by look until the test needs no more. How many cells were refused?

    All that is known stands in the records, so that a run that was killed goes on as it would have.
    """
    home = protocol_dir(results, planned.plan.protocol)
    step = decide(home, test)
    while True:
        planned = replace(planned, plan=with_seeds(planned.plan, step.seeds))
        watch.folders = folders_of(planned, results)
        refused = train_cells(planned, watch, catalogue, results, retry_failed, stopping)
        before, step, retry_failed = step, decide(home, test), False
        watch.say(f"{step.text}{'' if step.decided else '; going on'}")
        if step.decided or refused or step.seeds == before.seeds:
            return refused


def with_seeds(plan: Plan, seeds: Mapping[RowName, int]) -> Plan:
    """The plan with so many seeds of each row, all rows growing together."""
    rows: dict[RowName, Cell] = {}
    for cell in plan.cells:
        rows.setdefault((cell.architecture, cell.loss), cell)
    cells = tuple(
        cell.model_copy(update={"seed": seed})
        for seed in range(max(seeds.values()))
        for row, cell in rows.items()
        if seed < seeds[row]
    )
    return Plan(protocol=plan.protocol, cells=cells)


def first_look(_: Path, test: Sequential) -> Step:
    """What the test says before any score is there."""
    return Step(seeds=dict.fromkeys(test.rows, test.per_look), decided=False, text="")
