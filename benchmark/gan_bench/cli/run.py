"""`gan-bench run`: train, measure, print the leaderboard."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from rich.console import Console

from gan_bench.base.escape import plain
from gan_bench.cli import options
from gan_bench.cli.data_options import request_of
from gan_bench.cli.interrupts import Terminated, exit_code
from gan_bench.cli.options import RESULTS
from gan_bench.cli.output import emit, say, typed
from gan_bench.cli.run_options import RETRY, run_options
from gan_bench.run.names import catalogue_for

if TYPE_CHECKING:
    from gan_bench.catalogue import Catalogue
    from gan_bench.run.dry_run import DryRun
    from gan_bench.run.dry_study import DryStudy
    from gan_bench.run.plan import Planned
    from gan_bench.run.progress import Watch
    from gan_bench.run.request import Request

SOME_CELLS_FAILED = 3
LIKE = 0.75  # how like a name an argument must be: by less, words of three letters are like many


@click.command(
    context_settings={"allow_extra_args": True},
    epilog=options.examples(
        "gan-bench run --arch dcgan,dense --seeds 6",
        "gan-bench run --data faces/ --arch dcgan --loss minimax,non-saturating",
    ),
)
@run_options
@options.DEBUG
@options.HELP
@click.pass_context
def run(
    context: click.RichContext,
    /,
    results: Path,
    retry_failed: bool,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    entries: tuple[str, ...],
    z_dim: int | None,
    trust: bool,
    replace: bool,
    **asked: Any,
) -> None:
    """Train every architecture with every loss on one schedule, and print the leaderboard.

    Without options it runs the preset for this machine. Options that take several names can be
    repeated, or their names separated by commas; `gan-bench plugins` lists all names.

    A finished cell is never trained again: the same command continues an interrupted run.
    """
    _refuse_arguments(context)
    from gan_bench.run.at_the_door import check_entries_there

    request = request_of(asked)
    check_entries_there(entries, request)
    from gan_bench.contract.errors import GanBenchError
    from gan_bench.run.asked_entries import entries_to_score
    from gan_bench.run.trial_cells import check_budget
    from gan_bench.run.whole_run import score_asked

    console = Console(stderr=True, quiet=quiet)
    with naming_the_resume_command():
        catalogue = catalogue_for(request)
        asked_entries = entries_to_score(entries, request)
        if dry_run:
            check_budget(request, dry_run)
            _print_plan(request, catalogue, results, as_json)
            return
        planned, watch, refused = _train(request, catalogue, results, retry_failed, console)
        fault = None
        try:
            score_asked(asked_entries, planned, results, watch, z_dim, trust, replace)
        except GanBenchError as error:  # what was trained is shown before it is raised
            fault = error
        show(results, [planned.board], "json" if as_json else None, console)
        if fault:
            raise fault
        count_refused(refused)
        count_failures(watch.folders)


def _refuse_arguments(context: click.RichContext) -> None:
    """Images and names are given with options; people type them as arguments."""
    if not context.args:
        return
    from gan_bench.contract.names import beside, nearest_name
    from gan_bench.run.names import known_names

    word = context.args[0]
    takers = {
        "dataset": "--data",
        "augmentation": "--augment",
        "loss": "--loss",
        "architecture": "--arch",
    }
    meant = dict.fromkeys(beside(word), "--data")
    meant |= {name: option for kind, option in takers.items() for name in known_names(kind)}
    there = os.path.exists(word)
    name = word if there else nearest_name(word, [*meant], LIKE) or word
    option = "--data" if there else meant.get(name, "--data")
    raise click.UsageError(f"unexpected argument {word}: use {option} {shlex.quote(name)}", context)


def _print_plan(request: Request, catalogue: Catalogue, results: Path, as_json: bool) -> None:
    from gan_bench.report.decided import next_step
    from gan_bench.run.dry_run import dry_run

    with Console(stderr=True).status("planning"):
        plan = dry_run(request, catalogue, results, next_step)
    print_dry(plan, as_json)


def print_dry(plan: DryRun | DryStudy, as_json: bool) -> None:
    """Print what would be done, for people or for a program."""
    if as_json:
        emit(json.dumps(plan.document(), indent=2, allow_nan=False) + "\n")
        return
    lines = plan.lines()
    width = max((len(name) for name, _ in lines), default=0) + 3
    emit("".join(f"{name + ':':<{width}}{plain(text)}\n" for name, text in lines))


def _train(
    request: Request,
    catalogue: Catalogue,
    results: Path,
    retry_failed: bool,
    console: Console,
) -> tuple[Planned, Watch, int]:
    """Plan and run all cells. How many were refused, for their checkpoint is of other code?"""
    from gan_bench.report.decided import next_step
    from gan_bench.run.whole_run import plan_run, train

    planned, watch = plan_run(request, catalogue, results, console, rehearse)
    with naming_it_after_storage_errors():
        refused = train(
            planned, watch, catalogue, results, next_step, retry_failed, stopping_gently
        )
    return planned, watch, refused


@contextmanager
def naming_the_resume_command() -> Iterator[None]:
    """An interrupted run ends with the command that continues it."""
    try:
        yield
    except (KeyboardInterrupt, Terminated) as interrupt:
        say(f"\ninterrupted, nothing is lost; to go on:\n{typed()}")
        sys.exit(exit_code(interrupt))


@contextmanager
def naming_it_after_storage_errors() -> Iterator[None]:
    """A run that cannot write its results ends with the command that continues it."""
    from gan_bench.contract.errors import StorageError

    try:
        yield
    except StorageError as error:
        raise StorageError(f"{error}\nto go on:\n{typed()}") from error


@contextmanager
def stopping_gently(say: Callable[[str], None]) -> Iterator[None]:
    """While cells train, a signal is answered before it is obeyed."""
    answers = iter(("stopping: each cell saves its state at the end of its step; again: at once",))

    def obey(number: int, _: object) -> None:
        say(next(answers, "stopping at once"))  # through the console: a live view may be there
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    before = {number: signal.signal(number, obey) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def show(results: Path, slugs: Sequence[str], style: str | None, console: Console) -> None:
    """Print these boards, where the pictures are, and how to see more."""
    from gan_bench.cli.report import default_style
    from gan_bench.report.figures import refresh
    from gan_bench.report.formats import render
    from gan_bench.report.leaderboard import load

    boards = load(results, slugs=slugs)
    pictures, notes = refresh(boards)
    emit(render(boards, style or default_style(), Path.cwd()))
    for line in [*notes, *(f"picture: {path}" for path in pictures)]:
        say(line, console)
    where = "" if results == RESULTS else f" {shlex.quote(str(results))}"
    say(f"more: gan-bench report{where} --out board.html, or .md, .csv, .json, .tex", console)


def rehearse(results: Path) -> None:
    """Make the report of a folder and show it nowhere, to see how long that takes."""
    from gan_bench.report.figures import refresh
    from gan_bench.report.formats import render
    from gan_bench.report.leaderboard import load

    boards = load(results)
    refresh(boards)
    render(boards, "markdown", Path.cwd())


def count_refused(refused: int) -> None:
    """UsageError if cells were refused: it says how many, and why."""
    from gan_bench.contract.errors import UsageError
    from gan_bench.run.train_cells import refusal

    if words := refusal(refused):
        raise UsageError(words)


def count_failures(folders: Sequence[Path]) -> None:
    """If cells failed, say how many and what trains them again, and exit with 3."""
    from gan_bench.base.text import plural
    from gan_bench.results.layout import LOG
    from gan_bench.run.folders import failed, retriable

    if lost := [each for each in folders if failed(each)]:
        have, its = ("has", "its") if len(lost) == 1 else ("have", "their")
        again = sum(map(retriable, folders))
        what = "what failed" if again == len(lost) else f"{again} of them"
        log = f"{lost[0] / LOG}{' of the first one' if lost[1:] else ''}"
        advice = f", see {log}; to train again {what}:\n{typed(RETRY)}"
        if not again:
            advice = f": {its} architecture and loss do not fit together, see above"
        say(f"{plural(len(lost), 'cell')} {have} failed{advice}")
        sys.exit(SOME_CELLS_FAILED)
