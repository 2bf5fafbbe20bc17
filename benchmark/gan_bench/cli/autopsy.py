"""`gan-bench autopsy`: what would have saved a training that failed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from rich.console import Console
from rich.text import Text

from gan_bench.cli import options
from gan_bench.cli.engine_options import with_engine
from gan_bench.cli.options import Number

if TYPE_CHECKING:
    from gan_bench.report.autopsy import Autopsy
    from gan_bench.run.branching import Origin

CELLS, RUNNING = "What to examine", "Running"
STYLES = "terminal", "markdown", "json"


@click.command(
    epilog=options.examples(
        "gan-bench autopsy dcgan/minimax/seed0",
        "gan-bench autopsy dcgan/minimax/seed0 dense/minimax/seed2 --remedy slower-d --seeds 8",
    )
)
@click.argument(
    "cells",
    metavar="CELL...",
    nargs=-1,
    required=True,
    panel=CELLS,
    help="Cells that collapsed, degraded or diverged, as architecture/loss/seed0, or the paths of "
    "their folders.",
)
@options.names(
    "--remedy",
    "remedies",
    kind="remedy",
    panel=CELLS,
    help="Remedies to try.",
    default="Default: all that are installed; `gan-bench plugins` lists them.",
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 1000),
    default=4,
    metavar="N",
    panel=CELLS,
    help="Branches for each remedy and each cell, each in another order of the images and z.",
)
@click.option(
    "--at",
    "kimg",
    type=Number(0, 1e9, min_open=True),
    metavar="KIMG",
    panel=CELLS,
    help="Begin at the kept tick that is nearest at or before this. Default: at the last healthy "
    "tick before the verdict.",
)
@options.data_now(CELLS)
@options.weights(CELLS)
@options.plugin(CELLS)
@options.device(RUNNING, "train")
@with_engine(RUNNING, "train", "what started the cell.")
@options.results("Results folder in which the cells are looked up.")
@click.option(
    "--format",
    "style",
    type=click.Choice(STYLES),
    default="terminal",
    panel=options.OUTPUT,
    help="How to print the tables.",
)
@options.QUIET
@options.DEBUG
@options.HELP
def autopsy(
    cells: tuple[str, ...],
    remedies: tuple[str, ...],
    seeds: int,
    kimg: float | None,
    results: Path,
    style: str,
    quiet: bool,
    **asked: Any,
) -> None:
    """Ask what would have saved a training that failed.

    Each remedy is tried on branches from the tick before the verdict, beside branches in which
    nothing is changed but the order of the images. Prints which share of them each one saved, and
    makes a picture of each cell. The same command goes on where it was stopped.
    """
    from gan_bench.cli.run import (
        naming_it_after_storage_errors,
        naming_the_resume_command,
        stopping_gently,
    )
    from gan_bench.results.finding import find_cell
    from gan_bench.run.autopsy import case_of, trials_of
    from gan_bench.run.branching import train_forks
    from gan_bench.run.plan_measuring import MeasureRequest
    from gan_bench.run.resources import resources_of
    from gan_bench.run.whole_branching import keepers_of, origins_of, ticks_of, watch_of

    request = MeasureRequest(resources=resources_of(asked), **asked)
    console = Console(stderr=True, quiet=quiet)
    folders = list(dict.fromkeys(find_cell(results, cell) for cell in cells))
    with naming_the_resume_command(), naming_it_after_storage_errors():
        origins = origins_of(folders, request, console)
        cases = [case_of(origin) for origin in origins]
        check_names(origins, remedies)
        keepers = keepers_of(origins, request, console, stopping_gently)
        kimgs = [case.kimg if kimg is None else kimg for case in cases]
        ticks, damaged = ticks_of(origins, keepers, kimgs)
        trials = trials_of(origins, ticks, remedies, seeds)
        watch = watch_of(trials.forks, request, console)
        for note in [*damaged, *(case.note for case in cases), *trials.notes]:
            watch.say(note)
        train_forks(trials.forks, watch, request, stopping_gently)
    from gan_bench.report.autopsy import Autopsy, Patient, tried
    from gan_bench.run.autopsy import CONTROL

    patients = [
        Patient(case.folder, case.verdict, tick.kimg, case.healthy_kimg is not None)
        for case, tick in zip(cases, ticks, strict=True)
    ]
    branches = [
        tried(trial.remedy, trial.fork.origin.folder, index, folder)
        for trial in trials.trials
        for index, folder in zip(trial.fork.indices, trial.fork.folders, strict=True)
    ]
    found = Autopsy(patients, branches, CONTROL, [*damaged, *trials.notes])
    _show(found, origins, style, console)
    sys.exit(_exit_code(found))


def check_names(origins: list[Origin], remedies: tuple[str, ...]) -> None:
    """UsageError for an unknown remedy, before a cell is trained again."""
    from gan_bench.run.autopsy import chosen

    for origin in origins:
        chosen(origin, remedies)


def _show(found: Autopsy, origins: list[Origin], style: str, console: Console) -> None:
    from gan_bench.cli.output import emit, page, say
    from gan_bench.report.autopsy import LEGEND, answer, document, sections
    from gan_bench.report.markdown import section_lines
    from gan_bench.report.terminal import print_section

    if style == "json":
        emit(json.dumps(document(found), indent=2, allow_nan=False) + "\n")
    elif style == "markdown":
        tables = [line for section in sections(found) for line in section_lines(section)]
        emit("\n".join([f"**{answer(found)}**", "", *tables, LEGEND]) + "\n")
    else:
        with page() as printed:
            printed.print(Text(answer(found), "bold"))
            for section in sections(found):
                printed.print()
                print_section(section, printed)
            printed.print()
            printed.print(Text(LEGEND, "dim"))
    for path in _sheets(found, origins):
        say(f"picture: {path}", console)


def _sheets(found: Autopsy, origins: list[Origin]) -> list[Path]:
    """Make the picture of each cell; their paths."""
    from gan_bench.report.autopsy_sheet import autopsy_sheet
    from gan_bench.results.atomic import write_bytes
    from gan_bench.results.layout import autopsy_path

    paths = []
    for patient, origin in zip(found.patients, origins, strict=True):
        sheet = autopsy_sheet(found, patient, origin.protocol.data.shape[1:])
        if sheet is not None:
            write_bytes(path := autopsy_path(patient.folder), sheet)
            paths.append(path)
    return paths


def _exit_code(found: Autopsy) -> int:
    from gan_bench.cli.run import SOME_CELLS_FAILED

    records = [each.record for each in found.tried]
    failed = any(record is None or record.status == "failed" for record in records)
    return SOME_CELLS_FAILED if failed else 0
