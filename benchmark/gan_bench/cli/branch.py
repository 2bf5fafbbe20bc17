"""`gan-bench branch`: fork a cell from a kept tick, with one thing changed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from rich.console import Console
from rich.text import Text

from gan_bench.cli import options
from gan_bench.cli.engine_options import with_engine
from gan_bench.cli.options import Number

if TYPE_CHECKING:
    from gan_bench.run.branching import Fork

CELL, RUNNING = "What to fork", "Running"


@click.command(
    epilog=options.examples(
        "gan-bench branch dcgan/minimax/seed0 --at 12 --set lr_d=1e-4",
        "gan-bench branch dcgan/minimax/seed0 --at 12 --set loss=r1 --set d_steps=2 --seeds 4",
    )
)
@click.argument(
    "cell",
    metavar="CELL",
    panel=CELL,
    help="The cell as architecture/loss/seed0, or the path of its folder.",
)
@click.option(
    "--at",
    "kimg",
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
    type=click.IntRange(1, 1000),
    default=1,
    metavar="N",
    panel=CELL,
    help="Branches with the changes, and as many without. The first one sees the images and z of "
    "the cell itself, each other one sees others.",
)
@options.data_now(CELL)
@options.weights(CELL)
@options.plugin(CELL)
@options.device(RUNNING, "train")
@with_engine(RUNNING, "train", "what started the cell.")
@options.results("Results folder in which the cell is looked up.")
@options.as_json("Print one JSON document.")
@options.QUIET
@options.DEBUG
@options.HELP
def branch(
    cell: str,
    kimg: float,
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
    from gan_bench.cli.run import (
        naming_it_after_storage_errors,
        naming_the_resume_command,
        stopping_gently,
    )
    from gan_bench.results.finding import find_cell
    from gan_bench.run.branch_changes import typed_changes
    from gan_bench.run.branching import train_forks
    from gan_bench.run.plan_measuring import MeasureRequest
    from gan_bench.run.resources import resources_of
    from gan_bench.run.whole_branching import fork_from, keepers_of, origins_of, ticks_of, watch_of

    request = MeasureRequest(resources=resources_of(asked), **asked)
    console = Console(stderr=True, quiet=quiet)
    with naming_the_resume_command(), naming_it_after_storage_errors():
        origins = origins_of([find_cell(results, cell)], request, console)
        asked_for = typed_changes(changes, origins[0].parent, origins[0].catalogue)
        keepers = keepers_of(origins, request, console, stopping_gently)
        (tick,), notes = ticks_of(origins, keepers, [kimg])
        every = [{}, asked_for] if asked_for else [{}]
        forks = [fork_from(origins[0], tick, each, range(seeds)) for each in every]
        watch = watch_of(forks, request, console)
        for note in notes:
            watch.say(note)
        watch.say(f"forked at {tick.kimg:g} kimg, the nearest kept tick")
        train_forks(forks, watch, request, stopping_gently)
    sys.exit(_show(forks, as_json))


def _show(forks: list[Fork], as_json: bool) -> int:
    """Print the table; the exit code."""
    from gan_bench.cli.output import emit, page
    from gan_bench.cli.run import SOME_CELLS_FAILED
    from gan_bench.report.branches import Forked, branch_section, document, ended, warning
    from gan_bench.report.terminal import print_section
    from gan_bench.results.layout import label_of
    from gan_bench.run.branching import same_bytes

    origin, tick = forks[0].origin, forks[0].tick
    rows = [Forked(origin.folder, None, 0, ended(origin.folder))]
    for fork in forks:
        for index, folder in zip(fork.indices, fork.folders, strict=True):
            is_copy = not fork.changes and index == 0 and rows[0].record is not None
            same = same_bytes(origin.folder, folder) if is_copy else None
            rows.append(Forked(folder, fork.changes, index, ended(folder), same))
    label, metric = label_of(origin.folder), origin.protocol.evaluation.metrics[0]
    if as_json:
        emit(json.dumps(document(label, tick.kimg, metric, rows), indent=2, allow_nan=False) + "\n")
    else:
        with page() as console:
            title = f"branches of {label} from {tick.kimg:g} kimg"
            print_section(branch_section(title, metric, rows), console)
            if words := warning(rows):
                console.print(Text(words))
    failed = any(row.record is None or row.record.status == "failed" for row in rows[1:])
    return SOME_CELLS_FAILED if failed else 0
