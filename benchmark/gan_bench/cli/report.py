"""`gan-bench report`: print the leaderboards of a results folder."""

from __future__ import annotations

import sys
from pathlib import Path

import rich_click as click

from gan_bench.cli import options
from gan_bench.cli.options import OUT, OUTPUT
from gan_bench.cli.output import emit, say

FORMATS = ("terminal", "markdown", "html", "csv", "json", "latex")  # as gan_bench.report has them
WITH_PICTURES = ("terminal", "markdown")  # a page has its own, the others are for programs
CONTENT = "What to show"


def default_style() -> str:
    """The format of a report on stdout."""
    return "terminal" if sys.stdout.isatty() else "markdown"


@click.command(
    epilog=options.examples(
        "gan-bench report --out board.html",
        "gan-bench report results --sort precision --format markdown",
    )
)
@options.folder_of_boards(CONTENT, "Show only this protocol.")
@click.option(
    "--sort",
    metavar="METRIC",
    panel=CONTENT,
    help="Rank by this metric. Default: the first metric of each protocol.",
)
@click.option(
    "--by",
    type=click.Choice(["work", "time"]),
    default="work",
    panel=CONTENT,
    help="work: compare finished cells. time: compare all cells at the moment when the fastest "
    "had finished.",
)
@click.option(
    "--out",
    type=OUT,
    metavar="FILE",
    panel=OUTPUT,
    help="Write to this file instead of stdout. Its ending chooses the format: .md, .html, .csv, "
    ".json or .tex.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    metavar="FORMAT",
    panel=OUTPUT,
    help=f"One of {', '.join(FORMATS)}. Overrides the ending of --out. "
    "Default: terminal on a TTY, else markdown.",
)
@options.DEBUG
@options.HELP
def report(
    results: Path,
    style: str | None,
    out: Path | None,
    sort: str | None,
    protocol: str | None,
    by: str,
) -> None:
    """Print the leaderboards of a results folder.

    Every protocol has a table of its own, for numbers of different protocols cannot be compared.
    """
    from gan_bench.report.figures import refresh
    from gan_bench.report.formats import format_of, render
    from gan_bench.report.leaderboard import load

    style = style or (format_of(out) if out else default_style())
    boards = load(results, protocol, sort, by == "time")
    if style in WITH_PICTURES:
        for note in refresh(boards)[1]:
            say(note)
    text = render(boards, style, out.absolute().parent if out else Path.cwd())
    if out is None:
        emit(text)
        return
    from gan_bench.results.atomic import make_folder, write_bytes

    make_folder(out.absolute().parent)
    write_bytes(out, text.encode())
