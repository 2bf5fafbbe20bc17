"""`gan-bench draw`: the pictures of the page for cells that were trained without them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import rich_click as click
from rich.console import Console

from gan_bench.base.text import plural
from gan_bench.cli import options
from gan_bench.cli.values import PATH

NOTHING_TO_DRAW = "no cell lacks its pictures; --again draws them anew"
CELLS = "Cells"


@click.command(
    epilog=options.examples(
        "gan-bench draw",
        "gan-bench draw results --protocol toonfaces-32px --again",
    )
)
@options.folder_of_boards(CELLS, "Draw the cells of this protocol only.")
@click.option("--again", is_flag=True, panel=CELLS, help="Draw again what has pictures.")
@options.data_now(CELLS)
@options.weights(CELLS)
@click.option(
    "--judge",
    metavar="FILE",
    type=PATH,
    panel=CELLS,
    help="Judge that names the mode of an image, if it has moved since the training.",
)
@options.plugin(CELLS)
@options.device(CELLS, "draw")
@click.option(
    "-q",
    "--quiet",
    is_flag=True,
    panel=options.OUTPUT,
    help="Print errors, and nothing else.",
)
@options.DEBUG
@options.HELP
def draw(results: Path, protocol: str | None, again: bool, quiet: bool, **asked: Any) -> None:
    """Draw the pictures of the page for cells that were trained without them.

    These are a walk through z and the images that scores are made of. `gan-bench run` draws them
    at the end of each cell; this command does it for cells of older versions that have kept their
    weights. Nothing is trained, and no score changes.
    """
    from gan_bench.cli.output import say
    from gan_bench.cli.run import (
        SOME_CELLS_FAILED,
        naming_it_after_storage_errors,
        naming_the_resume_command,
    )
    from gan_bench.report.chosen import protocols_in

    folders = protocols_in(results, protocol)
    from gan_bench.run.plan_measuring import MeasureRequest
    from gan_bench.run.whole_drawing import draw_cells, to_draw

    console = Console(stderr=True, quiet=quiet)
    request = MeasureRequest(**asked)
    cells = {folder: to_draw(folder, again) for folder in folders}
    done = failed = 0
    with naming_the_resume_command(), naming_it_after_storage_errors():
        for folder, chosen in cells.items():
            what = f"{plural(len(chosen), 'cell')} to draw"
            say(f"{folder}: {what if chosen else NOTHING_TO_DRAW}", console)
            for each in draw_cells(folder, chosen, request):
                done, failed = done + (not each.failed), failed + each.failed
                state = "not drawn" if each.failed else "drawn"
                say(": ".join([each.label, "; ".join([state, *each.notes])]), console)
    if failed:
        say(f"{plural(failed, 'cell')} could not be drawn; {done} drawn")
        sys.exit(SOME_CELLS_FAILED)
