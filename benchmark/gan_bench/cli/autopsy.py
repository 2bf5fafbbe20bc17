"""`gan-bench autopsy`: what would have saved a training that failed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import rich_click as click
from rich.console import Console

from gan_bench.cli import options
from gan_bench.cli.engine_options import training_on
from gan_bench.cli.values import Number, Whole

CELLS = "What to examine"
STYLES = "terminal", "markdown", "json"


@click.command(
    epilog=options.examples(
        "gan-bench autopsy dcgan/minimax/seed0",
        "gan-bench autopsy dcgan/minimax/seed0 dense/minimax/seed2 --remedy slower-d --seeds 8",
    )
)
@click.argument(
    "cells",
    metavar="CELL...",
    nargs=-1,
    required=True,
    panel=CELLS,
    help="Cells that collapsed, degraded or diverged, as architecture/loss/seed0, or the paths of "
    "their folders.",
)
@options.names(
    "--remedy",
    "remedies",
    kind="remedy",
    panel=CELLS,
    help="Remedies to try.",
    default="Default: all that are installed; `gan-bench plugins` lists them.",
)
@click.option(
    "--seeds",
    type=Whole(1, 1000),
    default=4,
    metavar="N",
    panel=CELLS,
    help="Branches for each remedy and each cell, each in another order of the images and z.",
)
@click.option(
    "--at",
    type=Number(0, 1e9, min_open=True),
    metavar="KIMG",
    panel=CELLS,
    help="Begin at the kept tick that is nearest at or before this. Default: at the last healthy "
    "tick before the verdict.",
)
@training_on(CELLS)
@options.results("Results folder in which the cells are looked up.")
@click.option(
    "--format",
    "style",
    type=click.Choice(STYLES),
    default="terminal",
    panel=options.OUTPUT,
    help="How to print the tables.",
)
@options.QUIET
@options.DEBUG
@options.HELP
def autopsy(
    cells: tuple[str, ...],
    remedies: tuple[str, ...],
    seeds: int,
    at: float | None,
    results: Path,
    style: str,
    quiet: bool,
    **asked: Any,
) -> None:
    """Ask what would have saved a training that failed.

    Each remedy is tried on branches from the tick before the verdict, beside branches in which
    nothing is changed but the order of the images. Prints which share of them each one saved, and
    makes a picture of each cell. The same command goes on where it was stopped.
    """
    from gan_bench.cli.output import emit, page, say
    from gan_bench.cli.run import (
        SOME_CELLS_FAILED,
        naming_it_after_storage_errors,
        naming_the_resume_command,
        stopping_gently,
    )
    from gan_bench.results.finding import find_cell

    folders = list(dict.fromkeys(find_cell(results, cell) for cell in cells))
    from gan_bench.report.autopsy import autopsy_of, document, summary
    from gan_bench.report.autopsy_sheet import write_sheets
    from gan_bench.report.branches import damage
    from gan_bench.report.summary import print_summary, summary_lines
    from gan_bench.run.plan_measuring import MeasureRequest
    from gan_bench.run.resources import resources_of
    from gan_bench.run.whole_autopsy import examine

    request = MeasureRequest(resources=resources_of(asked), **asked)
    console = Console(stderr=True, quiet=quiet)
    with naming_the_resume_command(), naming_it_after_storage_errors():
        examined = examine(folders, remedies, seeds, at, request, console, stopping_gently)
    found = autopsy_of(examined)
    if style == "json":
        emit(json.dumps(document(found), indent=2, allow_nan=False) + "\n")
    elif style == "markdown":
        emit("\n".join(summary_lines(summary(found))))
    else:
        with page() as printed:
            print_summary(summary(found), printed)
    for why in filter(None, (damage(each.folder) for each in found.tried)):
        say(why)
    for path in write_sheets(found):
        say(f"picture: {_from_here(path)}", console)
    sys.exit(SOME_CELLS_FAILED if found.failed else 0)


def _from_here(path: Path) -> Path:
    """The path from the current folder, as the command was typed, if it leads down."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
