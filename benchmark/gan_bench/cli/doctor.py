"""`gan-bench doctor`: is this machine fit to measure?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click
from rich.console import Console

from gan_bench.cli import options
from gan_bench.cli.output import emit, say, stdout_console

if TYPE_CHECKING:
    from gan_bench.measure.weights import Weights

TESTED = "What to test"


@click.command(
    epilog=options.examples(
        "gan-bench doctor --feature-weights weights-inception-2015-12-05-6726825d.pth"
    )
)
@options.weights(TESTED)
@options.plugin(TESTED)
@options.results("Folder for the results: its disk is checked for room.")
@options.as_json("Print one JSON document.")
@options.DEBUG
@options.HELP
def doctor(
    as_json: bool, plugins: tuple[Path, ...], weights: Weights | None, results: Path
) -> None:
    """Check that this machine measures correctly, on images whose quality is known.

    The exit code is 0 if all is well and 4 if a check failed. Nothing is downloaded or trained.
    """
    from gan_bench import catalogue as catalogues
    from gan_bench.measure.weights import NO_WEIGHTS
    from gan_bench.run import doctor as doctors
    from gan_bench.run.names import remember

    with Console(stderr=True).status("loading the plugins") as status:

        def progress(what: str, done: int, of: int) -> None:
            status.update(f"{what} {done:,} of {of:,}" if of else what)

        catalogue = catalogues.load(plugins)
        remember(catalogue)
        checks = list(doctors.examine(catalogue, results, weights or NO_WEIGHTS, progress))
    if as_json:
        emit(doctors.to_json(checks))
        say(doctors.verdict(checks))
    else:
        with stdout_console() as console:
            doctors.to_terminal(checks, console)
    sys.exit(doctors.exit_code(checks))
