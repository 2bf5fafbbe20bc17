"""`gan-bench score`: measure images that were not made by a run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from rich.console import Console
from rich.text import Text

from gan_bench.base.escape import plain
from gan_bench.cli import options
from gan_bench.cli.data_options import DATA, MAX_BAD, Size
from gan_bench.cli.options import PATH, Name
from gan_bench.cli.output import emit, say, stdout_console
from gan_bench.cli.run import catalogue_for

if TYPE_CHECKING:
    from gan_bench.run.compare import Comparison

MEASURE = "Measuring"
PIPE_WIDTH = 100  # columns, where no terminal says how many there are


@click.command(
    epilog=options.examples(
        "gan-bench score real/ generated/",
        "gan-bench score real.zip generated.npz --size 64 --samples 2000 --json",
    )
)
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=PATH,
    metavar="REAL GENERATED",
    panel=DATA,
    help="Two sets of images, each a folder, a zip, a .npy or a .npz file: the real ones, and "
    "those to score.",
)
@click.option(
    "--size",
    type=Size(),
    metavar="PX|WxH",
    panel=DATA,
    help="Size at which the images are compared. Larger ones are made smaller, by the rule of "
    "`run`; none is enlarged. Default: the size of the images.",
)
@MAX_BAD
@options.names(
    "--features",
    kind="features",
    panel=MEASURE,
    help="Networks to measure images with. The second one gives a second opinion.",
)
@options.names("--metric", "metrics", kind="metric", panel=MEASURE, help="Metrics to compute.")
@click.option(
    "--samples",
    type=click.IntRange(10),
    metavar="N",
    panel=MEASURE,
    help="Compare so many images of each set, evenly spread over it. Default: all.",
)
@click.option(
    "--preset",
    type=Name("preset"),
    metavar="NAME",
    panel=MEASURE,
    help="Preset whose features and metrics are taken. Default: the one that is meant for this.",
)
@options.weights(MEASURE)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    panel=MEASURE,
    help="Device to measure on. auto: cuda or mps if there is one, else cpu.",
)
@options.plugin(MEASURE)
@options.as_json("Print one JSON document.")
@options.DEBUG
@options.HELP
def score(paths: tuple[Path, ...], as_json: bool, **asked: Any) -> None:
    """Score images that were made elsewhere.

    Compares two sets of images and prints FID, KID, precision, recall, diversity and the share of
    copies, with standard errors. FID needs the original Inception-v3 weights: they are downloaded,
    or given with --feature-weights. Without them the distances are measured on other features and
    have other names, since they cannot be compared with FID.
    """
    if len(paths) != 2:
        raise click.UsageError("give two sets of images: the real ones, and those to score")
    from gan_bench.run.compare import compare
    from gan_bench.run.request import Request

    request = Request(**asked)
    with Console(stderr=True).status("reading the images") as status:

        def progress(what: str, done: int, of: int) -> None:
            status.update(f"{what} {done:,} of {of:,}" if of else what)

        compared = compare(*paths, request, catalogue_for(request), progress)
    if as_json:
        emit(json.dumps(compared.document(), indent=2, allow_nan=False) + "\n")
    else:
        _print(compared)


def _print(compared: Comparison) -> None:
    """The sets, the table on stdout; remarks on stderr."""
    from gan_bench.report.score_sheet import score_facts, score_notes, score_section
    from gan_bench.report.terminal import print_section

    with stdout_console(None if sys.stdout.isatty() else PIPE_WIDTH) as console:
        for title, words in score_facts(compared):
            console.print(Text(f"{title:<13}{plain(words)}"))
        console.print()
        print_section(score_section(compared), console)
    for note in score_notes(compared):
        say(note)
