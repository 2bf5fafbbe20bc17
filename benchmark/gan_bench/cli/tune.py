"""`gan-bench tune`: the same number of trials for every row, and which row is best then."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import rich_click as click
from rich.console import Console

from gan_bench.cli import options
from gan_bench.cli.data_options import request_of
from gan_bench.cli.output import emit, say
from gan_bench.cli.run_options import tune_options
from gan_bench.cli.values import PATH, Whole

TUNING = "What to tune"


@click.command(
    epilog=options.examples(
        "gan-bench tune --arch dcgan,dense --loss minimax,non-saturating",
        "gan-bench tune --space space.toml --trials 16 --arch dcgan",
    ),
)
@click.option(
    "--trials",
    type=Whole(2, 4096),
    default=8,
    metavar="K",
    panel=TUNING,
    help="Trials of every architecture with every loss. The first one is the default schedule.",
)
@click.option(
    "--space",
    type=PATH,
    metavar="FILE.toml",
    panel=TUNING,
    help="A file that says what is tuned, such as lr_g = { log = [2e-5, 2e-3] }. Default: both "
    "learning rates, betas, batch and D steps.",
)
@click.option(
    "--halve",
    is_flag=True,
    panel=TUNING,
    help="Stop the worse half of the trials of each row after a quarter of the training, and half "
    "of the rest after a half: about half of the work. It favours fast starters.",
)
@tune_options
@options.DEBUG
@options.HELP
def tune(
    trials: int,
    space: Path | None,
    halve: bool,
    results: Path,
    retry_failed: bool,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    **asked: Any,
) -> None:
    """Give every architecture with every loss the same number of trials, and compare them then.

    All rows are trained at the same points of one space of settings. The table shows each row at
    the default schedule and at its best settings, which are chosen on one half of the real images
    and scored on the other half.

    A finished cell is never trained again: the same command continues an interrupted study.
    """
    from gan_bench.cli.run import (
        count_failures,
        count_refused,
        naming_it_after_storage_errors,
        naming_the_resume_command,
        print_dry,
        stopping_gently,
    )

    request = request_of(asked)
    from gan_bench.run.dry_study import dry_study
    from gan_bench.run.folders import done
    from gan_bench.run.names import catalogue_for
    from gan_bench.run.whole_study import begin_study, train_study

    console = Console(stderr=True, quiet=quiet)
    with naming_the_resume_command():
        catalogue = catalogue_for(request)
        if dry_run:
            with Console(stderr=True).status("planning"):
                dry = dry_study(request, space, trials, catalogue, results, halve)
            print_dry(dry, as_json)
            return
        planned, watch = begin_study(request, space, trials, catalogue, results, console)
        with naming_it_after_storage_errors():
            refused = train_study(planned, watch, retry_failed, halve, stopping_gently)
            _show(planned.folder, as_json, console)
        count_refused(refused)
        count_failures([cell for cell in watch.folders if done(cell)])


def _show(folder: Path, as_json: bool, console: Console) -> None:
    """Print the table, and where the figure and the chosen settings are."""
    from gan_bench.cli.report import default_style
    from gan_bench.report.tuning.figure import draw_expected
    from gan_bench.report.tuning.formats import render_study
    from gan_bench.report.tuning.settings import write_settings
    from gan_bench.report.tuning.trials import read_tuned

    tuned = read_tuned(folder)
    picture, files = draw_expected(tuned), write_settings(tuned)
    emit(render_study(tuned, "json" if as_json else default_style(), Path.cwd()))
    if picture:
        say(f"picture: {picture}", console)
    for file in files:
        say(f"best settings, for gan-bench run --schedule: {file}", console)
    say(f"again: gan-bench report {shlex.quote(str(folder))}", console)
