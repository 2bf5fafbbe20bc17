"""`gan-bench report`: print the leaderboards of a results folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from gan_bench.base.text import plural
from gan_bench.cli import options
from gan_bench.cli.options import OUTPUT
from gan_bench.cli.output import emit, instead, say
from gan_bench.cli.values import OUT
from gan_bench.contract.errors import StorageError

if TYPE_CHECKING:
    from gan_bench.report.paper.style import Kind

FORMATS = ("terminal", "markdown", "html", "csv", "json", "latex")  # as gan_bench.report has them
FIGURES = ("pdf", "svg", "png")  # as gan_bench.report.paper has them
WITH_PICTURES = ("terminal", "markdown")  # a page has its own, the others are for programs
CONTENT = "What to show"


def default_style() -> str:
    """The format of a report on stdout."""
    return "terminal" if sys.stdout.isatty() else "markdown"


@click.command(
    epilog=options.examples(
        "gan-bench report --out board.html",
        "gan-bench report results --sort precision --format markdown",
        "gan-bench report results --figures pdf --out figures/",
    )
)
@options.folder_of_boards(CONTENT, "Show only this protocol.")
@click.option(
    "--sort",
    metavar="METRIC",
    panel=CONTENT,
    help="Rank by this metric; with --by time, at the end of the schedule. Default: the first "
    "metric of each protocol.",
)
@click.option(
    "--by",
    type=click.Choice(["work", "time"]),
    default="work",
    panel=CONTENT,
    help="work: compare finished cells. time: compare all cells at the moment when the fastest "
    "had finished, by the metric of the ticks; the rows of all tables then stand in that order.",
)
@click.option(
    "-o",
    "--out",
    type=OUT,
    metavar="PATH",
    panel=OUTPUT,
    help="Write to this file instead of stdout. Its ending chooses the format: .md, .html, .csv, "
    ".json or .tex. With --figures: the folder to write them to.",
)
@options.style(FORMATS)
@click.option(
    "--figures",
    "kind",
    type=click.Choice(FIGURES),
    panel=OUTPUT,
    help="Draw figures for a paper instead, in the widths of one and of two columns, with their "
    "captions. --out names the folder.",
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
    kind: Kind | None,
) -> None:
    """Print the leaderboards of a results folder.

    Every protocol has a table of its own, for numbers of different protocols cannot be compared.
    A study of `gan-bench tune` is one table.
    """
    if kind:
        _figures(results, protocol, sort, kind, out, {"--format": style, "--by": by == "time"})
        return
    from gan_bench.report.chosen import has_boards, studies_of
    from gan_bench.report.figures import refresh
    from gan_bench.report.formats import format_of
    from gan_bench.report.leaderboard import load
    from gan_bench.report.tuning.shown import left_out, render_all
    from gan_bench.report.tuning.trials import read_tuned
    from gan_bench.results.reading import readable

    style = style or (format_of(out) if out else default_style())
    base = out.absolute().parent if out else Path.cwd()
    folders, boards = studies_of(results, protocol), None
    studies, notes = readable(read_tuned, folders)
    if has_boards(results, folders):
        boards = load(results, protocol, sort, by == "time")
        notes += refresh(boards)[1] if style in WITH_PICTURES else []
        notes += left_out(studies, style)
    elif not studies:
        raise StorageError("; ".join(notes))
    else:
        _check_alone(results, {"--by time": by == "time", "--sort": sort is not None})
    for note in notes:
        say(note)
    _write(render_all(boards, studies, style, base), out)
    if boards and boards.unreadable and not boards.boards and not studies:
        raise StorageError(f"no leaderboard of {results} can be read; the report says why")


def _check_alone(results: Path, unsuited: dict[str, bool]) -> None:
    """UsageError for an option that a table of a study does not have."""
    from gan_bench.contract.errors import UsageError

    for option, given in unsuited.items():
        if given:
            raise UsageError(
                f"{results} has no leaderboard, and the table of a study has no {option}: leave it "
                "out, or name a trial with --protocol"
            )


def _write(text: str, out: Path | None) -> None:
    """Print the report, or write it into this file."""
    if out is None:
        emit(text)
        return
    from gan_bench.results.atomic import make_folder, write_bytes

    make_folder(out.absolute().parent)
    replaced = instead(out)
    write_bytes(out, text.encode())
    say(f"written: {out}{replaced}")


def _figures(
    results: Path,
    protocol: str | None,
    sort: str | None,
    kind: Kind,
    out: Path | None,
    unsuited: dict[str, object],
) -> None:
    """Draw the figures for a paper. UsageError for an option that they do not have."""
    from gan_bench.contract.errors import UsageError

    if out is None:
        raise UsageError(f"--figures {kind} needs --out DIR: the folder to write the figures to")
    for option, given in unsuited.items():
        if given:
            raise UsageError(f"--figures and {option} exclude each other: leave one out")
    from gan_bench.report.leaderboard import load
    from gan_bench.report.paper.files import draw_all

    for folder, files in draw_all(load(results, protocol, sort), kind, out).items():
        say(f"{plural(len(files), 'file')}: {folder}")
