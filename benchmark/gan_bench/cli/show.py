"""`gan-bench show`: everything about one cell."""

from __future__ import annotations

import json
from pathlib import Path

import rich_click as click
from rich.text import Text

from gan_bench.base.escape import plain
from gan_bench.cli import options
from gan_bench.cli.output import emit, page, print_titled

CONTENT = "What to show"


@click.command(
    epilog=options.examples(
        "gan-bench show dcgan/minimax/seed0", "gan-bench show dcgan/minimax/seed0 --json"
    )
)
@click.argument(
    "cell",
    metavar="CELL",
    panel=CONTENT,
    help="The cell as architecture/loss/seed0, or the path of its folder. If several protocols "
    "have it, write the name of one before it.",
)
@options.results("Results folder in which the cell is looked up.")
@options.as_json("Print one JSON document, with the whole curve.")
@options.DEBUG
@options.HELP
def show(cell: str, results: Path, as_json: bool) -> None:
    """Show everything about one cell.

    How it is trained, its curve and scores, its verdicts with their reasons, what it took, on
    which code and machine, and its files.
    """
    from gan_bench.report.cell_facts import read_cell
    from gan_bench.report.cell_page import cell_page
    from gan_bench.results.finding import find_cell

    facts = read_cell(find_cell(results, cell))
    if as_json:
        emit(json.dumps(facts.document(), indent=2, allow_nan=False) + "\n")
        return
    with page() as console:
        for k, (title, lines) in enumerate(cell_page(facts)):
            console.print(Text(("\n" if k else "") + plain(title), "bold"), soft_wrap=True)
            print_titled(lines, console)
