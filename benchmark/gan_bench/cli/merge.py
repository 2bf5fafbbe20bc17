"""`gan-bench merge`: several results folders as one new folder."""

from __future__ import annotations

from pathlib import Path

import rich_click as click
from rich.console import Console

from gan_bench.base import text
from gan_bench.cli import options
from gan_bench.cli.options import OUTPUT
from gan_bench.cli.output import emit, say
from gan_bench.cli.values import PATH

CONTENT = "What to merge"


@click.command(
    epilog=options.examples(
        "gan-bench merge laptop/results server/results -o all",
        "gan-bench report all",
    )
)
@click.argument(
    "folders",
    type=PATH,
    nargs=-1,
    required=True,
    metavar="RESULTS RESULTS...",
    panel=CONTENT,
    help="Two results folders or more. They stay as they are.",
)
@click.option(
    "-o",
    "--out",
    type=PATH,
    required=True,
    metavar="DIR",
    panel=OUTPUT,
    help="New folder for the merged results. It may exist if it is empty.",
)
@options.DEBUG
@options.HELP
def merge(folders: tuple[Path, ...], out: Path) -> None:
    """Copy several results folders into a new one.

    Cells of the same protocol then stand in one table. If two folders have the same cell with
    equal results, one of them is kept. If their results differ, the command names every such cell
    and writes nothing. The same holds for entries and for evaluations that `measure` added. A
    study of `tune` is copied as a whole.
    """
    from gan_bench.contract.errors import UsageError
    from gan_bench.results.merging import held, plan_merge
    from gan_bench.results.write_merge import check_new, write_merge

    if len({folder.resolve() for folder in folders}) < 2:
        raise click.UsageError("name two different results folders or more")
    check_new(out)
    with held(folders):
        plan = plan_merge(folders)
        if plan.conflicts:
            listed = "\n".join(plan.conflicts)
            count = text.plural(len(plan.conflicts), "conflict")
            raise UsageError(
                f"{count}, and nothing is written:\n{listed}\n"
                "take away one of each, such as with `gan-bench remove`"
            )
        for note in plan.notes:
            say(note)
        with Console(stderr=True).status("copying"):
            size = write_merge(plan, out)
    counts = text.plural(plan.cells, "cell"), text.plural(plan.protocols, "protocol")
    more = [
        text.plural(plan.entries, "entry", "entries") * (plan.entries > 0),
        text.plural(plan.evaluations, "added evaluation") * (plan.evaluations > 0),
        text.plural(plan.studies, "study", "studies") * (plan.studies > 0),
    ]
    emit(", ".join([f"{out}: {' of '.join(counts)}", *filter(None, more), text.size(size)]) + "\n")
