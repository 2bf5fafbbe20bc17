"""`gan-bench remove`: delete cells, entries, evaluations or whole protocols of a results folder."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from gan_bench.base import text
from gan_bench.base.escape import plain
from gan_bench.cli import options
from gan_bench.cli.output import emit, say

if TYPE_CHECKING:
    from gan_bench.results.finding import Kind
    from gan_bench.results.removing import Target

CONTENT = "What to remove"
KEPT = "nothing was removed"
OF_A_CELL: tuple[Kind, ...] = ("branches", "ticks")


@click.command(
    epilog=options.examples(
        "gan-bench remove dcgan/minimax/seed0",
        "gan-bench remove results/toonfaces-32px-48kimg-6911e7e0 --yes",
    )
)
@click.argument(
    "names",
    metavar="NAME...",
    nargs=-1,
    required=True,
    panel=CONTENT,
    help="Cells as architecture/loss/seed0, entries and added evaluations as `gan-bench list` "
    "prints them, kept ticks and branches of a cell as architecture/loss/seed0/ticks and "
    ".../branches, protocols by their names or the beginning of one, or paths of any. If several "
    "protocols have it, write the name of one and a slash before it.",
)
@click.option("-y", "--yes", is_flag=True, panel=CONTENT, help="Remove without a question.")
@options.results("Results folder in which the names are looked up.")
@options.DEBUG
@options.HELP
def remove(names: tuple[str, ...], yes: bool, results: Path) -> None:
    """Delete cells, entries, evaluations or whole protocols, after a question.

    An evaluation is one that `gan-bench measure` added: its scores go, the cells stay. What another
    command is using stays, and so does everything behind a link. `gan-bench run` trains a removed
    cell again if it is asked for.
    """
    from gan_bench.results import removing

    removing.empty_bin(results)
    chosen = removing.targets(results, names)
    for each in chosen:
        click.echo(plain(f"{each.name}: {_contents(each)}{text.size(each.bytes)}"), err=True)
    total = sum(each.bytes for each in chosen)
    if not yes and not _agreed(text.size(total)):
        say(KEPT)
        return
    for each in chosen:
        removing.remove(each)
    emit(f"removed {_removed(chosen)}: {text.size(total)}\n")


def _agreed(size: str) -> bool:
    """Whether the user says yes. UsageError if there is nobody to ask."""
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to answer a question: add --yes to remove")
    try:
        return click.confirm(f"Remove {size} for good?", err=True)
    except click.Abort:  # Ctrl-C, or the end of the input
        say(f"\n{KEPT}")
        raise


def _contents(target: Target) -> str:
    """What goes with it, and a comma: `3 cells, 1 entry, `."""
    kind, contents = target.place.kind, target.contents
    if kind == "protocol":
        return f"{_listed(contents, ('cell', 'entry', 'evaluation'))}, "
    if kind == "evaluation":
        return f"the scores of {text.plural(contents['cell'], 'cell')} by this evaluation, "
    return "".join(f"{words}, " for words in _of_cell(contents))


def _of_cell(contents: Mapping[Kind, int]) -> list[str]:
    """`12 branches`, `8 kept ticks`, as far as there are any."""
    branches, ticks = (contents.get(kind, 0) for kind in OF_A_CELL)
    words = [_branches(branches)] if branches else []
    return [*words, text.plural(ticks, "kept tick")] if ticks else words


def _branches(count: int) -> str:
    return f"{count} {'branch' if count == 1 else 'branches'}"


def _removed(chosen: list[Target]) -> str:
    counts: Counter[Kind] = Counter()
    for each in chosen:
        kind = each.place.kind
        counts.update(each.contents if kind in ("protocol", *OF_A_CELL) else {kind: 1})
    kinds: tuple[Kind, ...] = ("cell", "entry", "evaluation")
    return _listed(counts, kinds)


def _listed(counts: Mapping[Kind, int], kinds: tuple[Kind, ...]) -> str:
    words = [_plural(counts[kind], kind) for kind in kinds if counts.get(kind)]
    return ", ".join([*words, *_of_cell(counts)]) or text.plural(0, "cell")


def _plural(count: int, kind: Kind) -> str:
    return text.plural(count, kind) if kind != "entry" or count == 1 else f"{count} entries"
