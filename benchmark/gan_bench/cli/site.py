"""`gan-bench site`: publish the leaderboards of results folders as a static site."""

from __future__ import annotations

from pathlib import Path

import rich_click as click
from rich.console import Console
from rich.text import Text

from gan_bench.base.escape import plain
from gan_bench.cli import options
from gan_bench.cli.options import OUTPUT, RESULTS
from gan_bench.cli.output import emit, say
from gan_bench.cli.values import PATH, Word

CONTENT = "What to publish"


@click.command(
    epilog=options.examples(
        "gan-bench site -o public",
        "gan-bench site faces/results digits/results -o public --title Leaderboards",
    )
)
@click.argument(
    "folders",
    type=PATH,
    nargs=-1,
    metavar="[RESULTS]...",
    panel=CONTENT,
    help="One results folder or more, or a folder that holds some. They stay as they are. "
    f"Default: {RESULTS}.",
)
@click.option(
    "-o",
    "--out",
    type=PATH,
    required=True,
    metavar="DIR",
    panel=OUTPUT,
    help="Required. Folder for the site: a new one, an empty one, or a site that this command made "
    "before, which is replaced.",
)
@click.option(
    "--title",
    type=Word(),
    default="GAN leaderboards",
    metavar="TEXT",
    panel=OUTPUT,
    help="Title of the site.",
)
@options.DEBUG
@options.HELP
def site(folders: tuple[Path, ...], out: Path, title: str) -> None:
    """Write a static site: an index, a page for each protocol and study, and one for each row.

    Every page is one file with its style, pictures and script. The site can be opened from the
    disk, or copied to any folder of any web server. Tables can be downloaded as JSON, CSV and
    markdown, and a badge says who leads. Weights are not copied.
    """
    from gan_bench.base import text
    from gan_bench.report.site.making import make_site

    with Console(stderr=True).status("reading") as status:
        made = make_site(
            folders or (RESULTS,), out, title, lambda page: status.update(Text(plain(page)))
        )
    for note in made.notes:
        say(note)
    counts = [text.plural(made.protocols, "protocol"), text.plural(made.rows, "row")]
    if made.studies:
        counts.append(text.plural(made.studies, "study", "studies"))
    emit(f"{made.index}: {', '.join(counts)}, {text.size(made.size)}\n")
