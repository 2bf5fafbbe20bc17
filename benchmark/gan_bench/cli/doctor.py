"""`gan-bench doctor`: is this machine fit to measure?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import rich_click as click
from rich.console import Console

from gan_bench.cli import options
from gan_bench.cli.data_options import DATA, DATA_ROOT, SIZE
from gan_bench.cli.output import emit, say, stdout_console
from gan_bench.cli.values import Name
from gan_bench.run.names import catalogue_for

TESTED = "What to test"
IN_A_FILE = 10_000  # columns: there, no address of a file of weights is broken


@click.command(
    epilog=options.examples(
        "gan-bench doctor --data faces.zip --size 64",
        "gan-bench doctor --feature-weights weights-inception-2015-12-05-6726825d.pth",
    )
)
@click.option(
    "--data",
    type=Name("dataset", or_path=True),
    metavar="NAME|FOLDER|ZIP",
    panel=DATA,
    help="Images to test the metrics on: a named data set, or your own in a folder or a zip. "
    "Default: those of `run` without --data.",
)
@DATA_ROOT
@SIZE
@options.weights(TESTED)
@options.plugin(TESTED)
@options.results("Folder for the results: its disk is checked for room.")
@options.as_json("Print one JSON document.")
@options.DEBUG
@options.HELP
def doctor(as_json: bool, results: Path, **asked: Any) -> None:
    """Check that this machine measures correctly, on images whose quality is known.

    Sets of images with known faults are made of real images, and every installed metric must rank
    them as it claims. The exit code is 0 if all is well and 4 if a check failed. Nothing is
    downloaded or trained.
    """
    from gan_bench.run import doctor as doctors
    from gan_bench.run.request import Request

    request = Request(**asked)
    with Console(stderr=True).status("loading the plugins") as status:

        def progress(what: str, done: int, of: int) -> None:
            status.update(f"{what} {done:,} of {of:,}" if of else what)

        catalogue = catalogue_for(request)
        checks = list(doctors.examine(catalogue, results, request, progress))
    if as_json:
        emit(doctors.to_json(checks))
        say(doctors.verdict(checks))
    else:
        with stdout_console(None if sys.stdout.isatty() else IN_A_FILE) as console:
            doctors.to_terminal(checks, console)
    sys.exit(doctors.exit_code(checks))
