"""`gan-bench reproduce`: train cells again, and compare their scores with those they had."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from rich.console import Console

from gan_bench.cli import options
from gan_bench.cli.engine_options import with_engine
from gan_bench.cli.output import emit, page, say
from gan_bench.cli.values import PATH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gan_bench.report.reproduction import Reproduced

WHAT, RUNNING = "What to reproduce", "Running"
WITHOUT_SCORE, OUTSIDE, UNJUDGED = 3, 6, 7  # exit codes


@click.command(
    epilog=options.examples(
        "gan-bench reproduce dcgan/minimax/seed0",
        "gan-bench reproduce faces-64px --data faces/ --jobs 2",
    )
)
@click.argument(
    "name",
    metavar="PROTOCOL|CELL",
    panel=WHAT,
    help="A protocol by its name or the beginning of it, a cell as architecture/loss/seed0, or "
    "the path of either.",
)
@options.data_now(WHAT)
@options.weights(WHAT)
@click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="FILE.py",
    type=PATH,
    panel=WHAT,
    help="Where the plugin files are now. Can be repeated. Default: where they were.",
)
@options.device(
    RUNNING, "train", None, "Default: that of the cell if there is one here, else auto."
)
@with_engine(RUNNING, "train", "what started them then, if it is here.")
@click.option(
    "-o",
    "--out",
    type=PATH,
    default="reproduced",
    metavar="DIR",
    panel=options.OUTPUT,
    help="Results folder of the new cells. The same command goes on there.",
)
@options.results("Results folder in which the name is looked up.")
@options.as_json("Print one JSON document.")
@options.QUIET
@options.DEBUG
@options.HELP
def reproduce(
    name: str, out: Path, results: Path, as_json: bool, quiet: bool, **asked: Any
) -> None:
    """Train cells again here, and say whether their scores are what they were.

    On the same machine they should be equal to the last bit. Elsewhere each score should lie in
    the 95 % prediction interval of a new seed, which needs four seeds of the row in the original
    table. One in twenty scores of a sound reproduction lies outside.

    The exit code is 0 if every score is equal or inside, 6 if one is outside, 7 if none is but
    some cannot be judged, and 3 if a cell has no score.
    """
    from gan_bench.cli.run import (
        naming_it_after_storage_errors,
        naming_the_resume_command,
        stopping_gently,
    )
    from gan_bench.contract.errors import UsageError
    from gan_bench.results.finding import find_folder

    found = find_folder(results, name)
    from gan_bench.report.reproduction import reproduced
    from gan_bench.run.reproduce import Where, trained_cells
    from gan_bench.run.resources import resources_of
    from gan_bench.run.train_cells import refusal, train_cells
    from gan_bench.run.whole_run import plan_again

    console = Console(stderr=True, quiet=quiet)
    with naming_the_resume_command():
        cells = trained_cells(found)
        where = Where(results=out, resources=resources_of(asked), **asked)
        planned, watch, catalogue = plan_again(cells, where, console)
        with naming_it_after_storage_errors():
            refused = train_cells(planned, watch, catalogue, out, stopping=stopping_gently)
        if words := refusal(refused):
            raise UsageError(words)
        scores = reproduced(cells, watch.folders)
    _print(scores, as_json)
    sys.exit(_exit_code(scores))


def _print(scores: Sequence[Reproduced], as_json: bool) -> None:
    from gan_bench.base.text import plural
    from gan_bench.report.reproduction import WORDS, reproduction_document, reproduction_section
    from gan_bench.report.terminal_table import print_section

    if as_json:
        emit(json.dumps(reproduction_document(scores), indent=2, allow_nan=False) + "\n")
        return
    with page() as console:
        print_section(reproduction_section(scores), console)
    findings = [score.finding for score in scores]
    for finding, words in WORDS.items():
        if finding in findings:
            say(f"{plural(findings.count(finding), 'score')}: {words}")


def _exit_code(scores: Sequence[Reproduced]) -> int:
    findings = {score.finding for score in scores}
    codes = {"missing": WITHOUT_SCORE, "outside": OUTSIDE, "unjudged": UNJUDGED}
    return next((code for finding, code in codes.items() if finding in findings), 0)
