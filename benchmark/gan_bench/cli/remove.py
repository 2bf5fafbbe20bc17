"""`gan-bench remove`: delete cells or whole protocols from a results folder."""

from __future__ import annotations

import sys
from pathlib import Path

import rich_click as click

from gan_bench.base import text
from gan_bench.base.escape import plain
from gan_bench.cli import options
from gan_bench.cli.output import emit

CONTENT = "What to remove"


@click.command(
    epilog=options.examples(
        "gan-bench remove dcgan/minimax/seed0",
        "gan-bench remove results/toonfaces-32px-48kimg-6911e7e0 --yes",
    )
)
@click.argument(
    "names",
    metavar="CELL|PROTOCOL...",
    nargs=-1,
    required=True,
    panel=CONTENT,
    help="Cells as architecture/loss/seed0, protocols by their names or the beginning of one, or "
    "paths of either.",
)
@click.option("-y", "--yes", is_flag=True, panel=CONTENT, help="Remove without a question.")
@options.results("Results folder in which the names are looked up.")
@options.DEBUG
@options.HELP
def remove(names: tuple[str, ...], yes: bool, results: Path) -> None:
    """Delete cells or whole protocols, after a question.

    What a run is using stays, and so does everything behind a link. `gan-bench run` trains a
    removed cell again if it is asked for.
    """
    from gan_bench.results import removing

    chosen = removing.targets(results, names)
    for each in chosen:
        content = text.size(each.bytes)
        if each.is_protocol:
            content = f"{text.plural(each.cells, 'cell')}, {content}"
        click.echo(plain(f"{each.name}: {content}"), err=True)
    total = sum(each.bytes for each in chosen)
    if not yes:
        _ask(text.size(total))
    for each in chosen:
        removing.remove(each)
    emit(f"removed {text.plural(sum(e.cells for e in chosen), 'cell')}: {text.size(total)}\n")


def _ask(size: str) -> None:
    """End here unless the user says yes."""
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to answer a question: add --yes to remove")
    click.confirm(f"Remove {size} for good?", abort=True, err=True)
