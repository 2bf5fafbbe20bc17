"""`gan-bench branch`: fork a cell from a kept tick, with one thing changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import rich_click as click
from rich.console import Console

from gan_bench.base.escape import plain
from gan_bench.cli import options
from gan_bench.cli.engine_options import training_on
from gan_bench.cli.values import Number, Whole

CELL = "What to fork"


class Branch(click.RichCommand):
    """The command, with an answer to options of `run` that are fields for --set here."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments as click reads them."""
        typed = [*args]  # click takes them away one by one
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            refuse_field(error, typed)
            raise


def refuse_field(error: click.NoSuchOption, typed: Sequence[str]) -> None:
    """UsageError for an option that is the name of a field: how that is changed, or why not."""
    from gan_bench.run.branch_changes import BOTH, CHANGEABLE, ELSEWHERE, FIXED, check_field

    option, field = error.option_name, error.option_name.lstrip("-").replace("-", "_")
    if field not in {*CHANGEABLE, BOTH, *ELSEWHERE, *FIXED}:
        return
    message = f"No such option {option}"
    check_field(field, message)
    value = next(iter(_values(option, typed)), "VALUE")
    each = " for both rates, or lr_g= or lr_d= for one" if field == BOTH else ""
    raise click.UsageError(f"{message}: write --set {field}={value}{each}", error.ctx)


def _values(option: str, typed: Sequence[str]) -> Iterator[str]:
    """What was typed after the option."""
    for word, following in zip(typed, [*typed[1:], "-"], strict=True):
        name, equals, value = word.partition("=")
        if name == option and (equals or not following.startswith("-")):
            yield plain(value if equals else following)


@click.command(
    cls=Branch,
    epilog=options.examples(
        "gan-bench branch dcgan/minimax/seed0 --at 12 --set lr_d=1e-4",
        "gan-bench branch dcgan/minimax/seed0 --at 12 --set loss=r1 --set d_steps=2 --seeds 4",
    ),
)
@click.argument(
    "cell",
    metavar="CELL",
    panel=CELL,
    help="The cell as architecture/loss/seed0, or the path of its folder.",
)
@click.option(
    "--at",
    type=Number(0, 1e9, min_open=True),
    metavar="KIMG",
    required=True,
    panel=CELL,
    help="Begin at the kept tick that is nearest at or before this.",
)
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="FIELD=VALUE",
    panel=CELL,
    help="Change this field of the schedule, or the loss. Can be repeated: all changes are made "
    "in each branch. Default: nothing is changed.",
)
@click.option(
    "--seeds",
    type=Whole(1, 1000),
    default=1,
    metavar="N",
    panel=CELL,
    help="Branches with the changes, and as many without. The first one sees the images and z of "
    "the cell itself, each other one sees others.",
)
@training_on(CELL)
@options.results("Results folder in which the cell is looked up.")
@options.as_json("Print one JSON document.")
@options.QUIET
@options.DEBUG
@options.HELP
def branch(
    cell: str,
    at: float,
    changes: tuple[str, ...],
    seeds: int,
    results: Path,
    as_json: bool,
    quiet: bool,
    **asked: Any,
) -> None:
    """Train a cell on from one of its ticks, with something changed.

    The branches stand beside as many unchanged ones from the same tick. They are kept in the folder
    of the cell, and no leaderboard ever ranks them. `gan-bench run --keep-ticks` keeps the state at
    every tick; a cell that kept none is trained again first. The same command goes on where it was
    stopped.
    """
    from gan_bench.cli.output import emit, page, say
    from gan_bench.cli.run import (
        SOME_CELLS_FAILED,
        naming_it_after_storage_errors,
        naming_the_resume_command,
        stopping_gently,
    )
    from gan_bench.results.finding import find_cell

    found = find_cell(results, cell)
    from gan_bench.report.branches import branches_of, damage
    from gan_bench.report.summary import print_summary
    from gan_bench.run.plan_measuring import MeasureRequest
    from gan_bench.run.resources import resources_of
    from gan_bench.run.whole_branching import branch as train_branches

    request = MeasureRequest(resources=resources_of(asked), **asked)
    console = Console(stderr=True, quiet=quiet)
    with naming_the_resume_command(), naming_it_after_storage_errors():
        forks = train_branches(found, at, changes, seeds, request, console, stopping_gently)
    branches = branches_of(forks)
    if as_json:
        emit(json.dumps(branches.document(), indent=2, allow_nan=False) + "\n")
    else:
        with page() as printed:
            print_summary(branches.summary(), printed)
    for why in filter(None, (damage(row.folder) for row in branches.rows)):
        say(why)
    sys.exit(SOME_CELLS_FAILED if branches.failed else 0)
