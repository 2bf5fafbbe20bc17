"""The command line. User errors end here, nowhere else; stdout carries results only."""

from __future__ import annotations

import io
import math
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import rich_click as click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gan_bench.base.escape import plain

if TYPE_CHECKING:
    from gan_bench.contract.protocol import Plan
    from gan_bench.report.leaderboard import Boards

RESULTS = Path("results")
FORMATS = ("terminal", "markdown", "html", "csv", "json", "latex")
SOME_CELLS_FAILED, INTERRUPTED, TERMINATED = 3, 130, 143
RETRY = "--retry-failed"
UNFORESEEN = "not foreseen: `gan-bench doctor` examines this machine, --debug shows where it was"


class Positive(click.FloatRange):
    """A positive number; click itself takes inf and nan."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: D102
        number = super().convert(value, param, ctx)
        return number if math.isfinite(number) else self.fail(f"{value} is no number", param, ctx)


POSITIVE = Positive(0, min_open=True)
NAMES: Any = {"metavar": "NAME", "multiple": True}
PLUGIN = click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="FILE.py",
    type=click.Path(path_type=Path),
    help="Also load the @hookimpl functions of this file.",
)
WEIGHTS = click.option(
    "--feature-weights",
    "weights",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Weights for a features net that brings none.",
)


class Debug:
    """What --debug sets, on whatever command it stands."""

    asked = False


def _debug(context: click.Context, _: click.Parameter, value: bool) -> None:
    context.find_object(Debug).asked |= value  # type: ignore[union-attr]


DEBUG = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    callback=_debug,
    help="Show where an error came from.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gan-bench")
def cli() -> None:
    """Which GAN is better, on my images, for the same work?

    Trains architectures x losses on one schedule, measures them with one ruler, prints a
    leaderboard.
    """


@cli.command()
@click.option("--arch", "architectures", **NAMES, help="What to train; repeat for more.")
@click.option("--loss", "losses", **NAMES, help="What to train it with; repeat for more.")
@click.option("--data", metavar="NAME|FOLDER|ZIP", help="A data set, or your own images.")
@click.option(
    "--data-root",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where the files of a named data set are.",
)
@click.option("--download", is_flag=True, help="Let a named data set be fetched to --data-root.")
@click.option("--size", type=click.IntRange(8, 1024), metavar="PX", help="Side of the images.")
@click.option("--preset", metavar="NAME", help="Schedule, size and metrics that go together.")
@click.option("--kimg", type=POSITIVE, help="Thousand images to show.")
@click.option("--batch", type=click.IntRange(2), help="Images in a batch.")
@click.option("--seeds", type=click.IntRange(1), default=1, help="Cells for each pair of names.")
@click.option("--metric", "metrics", **NAMES, help="What to measure; repeat for more.")
@click.option(
    "--features",
    **NAMES,
    help="The network that images are measured with; repeat for a second opinion.",
)
@WEIGHTS
@click.option("--samples", type=click.IntRange(10), help="Images to generate for the metrics.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto")
@click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "bf16"]),
    default="auto",
    help="Of the training; auto: bf16 where the device computes it itself.",
)
@click.option(
    "--on-collapse",
    type=click.Choice(["continue", "stop", "rollback"]),
    help="What a verdict leads to; rollback: to the last healthy state, at most three times.",
)
@click.option("--engine", metavar="NAME", help="How cells are started.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=1,
    metavar="N",
    help="Cells to train at once; the CPU's threads are divided.",
)
@click.option(
    "--cell-timeout",
    "timeout",
    type=POSITIVE,
    metavar="SECONDS",
    help="End a cell's process that takes longer: the cell has failed.",
)
@click.option(
    "--max-bad",
    type=click.FloatRange(0, 100),
    default=0.1,
    metavar="PERCENT",
    help="Of the images that may be unusable; more: nothing is trained.",
)
@PLUGIN
@click.option(
    "--results",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=RESULTS,
    help="Where all is kept; the same command goes on there.",
)
@click.option(RETRY, is_flag=True, help="Train cells again that have failed.")
@click.option("--dry-run", is_flag=True, help="Say what would be run, and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print the leaderboard as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, only results and errors.")
@DEBUG
def run(
    results: Path,
    jobs: int,
    retry_failed: bool,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    **asked: Any,
) -> None:
    """Train every architecture with every loss on one schedule, measure, print the leaderboard.

    Without options: the preset for this machine, on its data set. `gan-bench plugins` lists all
    names. Cells that are finished are never trained again.
    """
    from gan_bench import catalogue as catalogues
    from gan_bench.results.layout import protocol_dir
    from gan_bench.results.locks import alone_in
    from gan_bench.run.folders import check_writable, failed, folders_of, lay_out, standing
    from gan_bench.run.plan import make_plan
    from gan_bench.run.preflight import preflight
    from gan_bench.run.progress import Watch, data_notes, preparing
    from gan_bench.run.request import Request
    from gan_bench.run.scheduler import run_cells

    request = Request(**asked)
    catalogue = catalogues.load(request.plugins)
    if not dry_run:
        check_writable(results)
    console = Console(stderr=True, quiet=quiet)
    with preparing(console, request.data or "images") as update:
        planned = make_plan(request, catalogue, update)
    protocol = planned.plan.protocol
    watch = Watch(console, protocol, folders_of(planned, results), jobs)
    for note in [*planned.notes, *data_notes(planned.prepared)]:
        watch.say(note)
    if dry_run:
        _print_plan(planned.plan)
        return
    home = protocol_dir(results, protocol)
    with _going_on(), alone_in(home):
        lay_out(planned, results, retry_failed)
        watch.say(f"{standing(watch.folders)} in {home}")
        with console.status("one step of every pair, before the first cell"):
            preflight(watch.folders, home, watch.say, jobs)
        with watch.showing():
            for folder in run_cells(planned.engine, watch.folders, jobs, watch.say):
                watch.ended(folder)
    _show(results, protocol.slug, "json" if as_json else None, console)
    if failures := sum(map(failed, watch.folders)):
        cells = "1 cell has" if failures == 1 else f"{failures} cells have"
        _say(f"{cells} failed, see cell.log; to train again what failed:\n{_command(RETRY)}")
        sys.exit(SOME_CELLS_FAILED)


class Terminated(BaseException):
    """SIGTERM: the same end as Ctrl-C, another exit code."""


@contextmanager
def _going_on() -> Iterator[None]:
    """What stops a run tells how to go on with it. An interrupt is answered before it is obeyed."""
    from gan_bench.contract.errors import StorageError

    answers = iter(("stopping: each cell saves its state at the end of its step; again: at once",))

    def obey(number: int, _: object) -> None:
        os.write(2, f"\n{next(answers, 'stopping at once')}\n".encode())
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    before = {number: signal.signal(number, obey) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except StorageError as error:
        raise StorageError(f"{error}\nto go on:\n{_command()}") from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _command(*more: str) -> str:
    """What was typed, and more."""
    words = sys.argv[1:]
    return shlex.join(["gan-bench", *words, *(word for word in more if word not in words)])


def _print_plan(plan: Plan) -> None:
    from gan_bench.report.facts import protocol_lines

    click.echo(plan.protocol.slug)
    for name, text in protocol_lines(plan.protocol):
        click.echo(f"{name + ':':<12}{plain(text)}")
    for cell in plan.cells:
        click.echo(f"{'cell:':<12}{cell.architecture} / {cell.loss} / seed{cell.seed}")


@cli.command()
@click.argument("results", type=click.Path(path_type=Path), default=RESULTS)
@click.option("--format", "style", type=click.Choice(FORMATS), help="Default: by where it goes.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Instead of stdout.")
@click.option("--sort", metavar="METRIC", help="Rank by this metric.")
@click.option("--protocol", "slug", metavar="SLUG", help="Only this protocol.")
@click.option(
    "--by",
    type=click.Choice(["work", "time"]),
    default="work",
    help="time: all curves where the fastest cell had finished.",
)
@DEBUG
def report(
    results: Path,
    style: str | None,
    out: Path | None,
    sort: str | None,
    slug: str | None,
    by: str,
) -> None:
    """Print the leaderboards of a results folder.

    A rich table on a terminal, markdown when piped or redirected, unless --format says otherwise.
    Different protocols never share a table.
    """
    base = out.absolute().parent if out else Path.cwd()
    text = _reported(results, style or _style(out), base, slug, sort, by == "time")
    if out is None:
        click.echo(text, nl=False)
    else:
        from gan_bench.results.atomic import make_folder, write_bytes

        make_folder(out.absolute().parent)
        write_bytes(out, text.encode())


def _reported(
    results: Path, style: str, base: Path, slug: str | None, sort: str | None, by_time: bool
) -> str:
    from gan_bench.report import leaderboard
    from gan_bench.report.formats import WITH_PICTURES, render

    boards = leaderboard.load(results, slug, sort, by_time)
    if style in WITH_PICTURES:
        _draw(boards, Console(stderr=True))
    return render(boards, style, base)


def _style(out: Path | None) -> str:
    return "terminal" if out is None and sys.stdout.isatty() else "markdown"


def _draw(boards: Boards, console: Console) -> list[Path]:
    from gan_bench.report.figures import refresh

    paths, notes = refresh(boards)
    for note in notes:
        console.print(Text(plain(note)), soft_wrap=True)
    return paths


def _show(results: Path, slug: str, style: str | None, console: Console) -> None:
    """What `run` ends with: the table, the pictures, how to see more."""
    from gan_bench.report import leaderboard
    from gan_bench.report.formats import render

    boards = leaderboard.load(results, slug)
    paths = _draw(boards, console)
    click.echo(render(boards, style or _style(None), Path.cwd()), nl=False)
    for path in paths:
        console.print(Text(plain(f"picture: {path}")), soft_wrap=True)
    where = "" if results == RESULTS else f" {shlex.quote(str(results))}"
    more = f"more: gan-bench report{where} --format markdown|html|csv|json"
    console.print(Text(more), soft_wrap=True)


@cli.group(invoke_without_command=True)
@click.pass_context
def plugins(context: click.Context) -> None:
    """What is installed, from whom, and what failed to load."""
    if context.invoked_subcommand is None:
        context.invoke(list_plugins)


@plugins.command("list")
@PLUGIN
@DEBUG
def list_plugins(plugins: tuple[Path, ...] = ()) -> None:
    """Every offer with its distribution and version, and what failed and why."""
    from gan_bench import catalogue as catalogues

    catalogue = catalogues.load(plugins)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("kind", "name", "from", "source"):
        table.add_column(title, overflow="fold")
    for kind, offers in catalogue.offers.items():
        for name, (offer, plugin) in sorted(offers.items()):
            told = (catalogues.KINDS[kind][0], name, str(plugin), offer.source)
            table.add_row(*(Text(plain(text, keep="\n")) for text in told))
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    for broken in catalogue.broken:
        console.print(Text(plain(f"failed: {broken}", keep="\n")), soft_wrap=True)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@PLUGIN
@WEIGHTS
@click.option(
    "--results",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=RESULTS,
    help="Where there must be room for results.",
)
@DEBUG
def doctor(as_json: bool, plugins: tuple[Path, ...], weights: Path | None, results: Path) -> None:
    """Is this machine fit to measure? Tests the ruler on images whose quality is known.

    Exit code 0 if all is well, 4 if a check failed. Fetches nothing, trains nothing.
    """
    from gan_bench import catalogue as catalogues
    from gan_bench.run import doctor as doctors

    with Console(stderr=True).status("looking around") as status:
        checks = list(
            doctors.examine(
                catalogues.load(plugins),
                results,
                weights,
                lambda what, done, of: status.update(f"{what} {done:,} of {of:,}" if of else what),
            )
        )
    if as_json:
        click.echo(doctors.to_json(checks), nl=False)
        click.echo(doctors.verdict(checks), err=True)
    else:
        doctors.to_terminal(checks, Console())
    sys.exit(doctors.exit_code(checks))


def main() -> NoReturn:
    """Run the command line; every way to end has its exit code."""
    _open_streams()
    signal.signal(signal.SIGTERM, _terminate)
    debug = Debug()
    try:
        code = cli.main(prog_name="gan-bench", standalone_mode=False, obj=debug)
        sys.exit(code or 0)
    except click.ClickException as error:
        where = getattr(error, "ctx", None)
        hint = f"\n{where.command_path} --help has all options" if where else ""
        _fail(f"{error.format_message()}{hint}", error.exit_code)
    except (KeyboardInterrupt, click.Abort, Terminated) as interrupt:
        _say(f"interrupted, nothing is lost; to go on:\n{_command()}")
        sys.exit(TERMINATED if isinstance(interrupt, Terminated) else INTERRUPTED)
    except BrokenPipeError:  # `gan-bench report | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        from gan_bench.contract.errors import (  # here: --help need not load it
            GanBenchError,
            sentence,
        )

        if debug.asked:
            raise
        if isinstance(error, GanBenchError):
            _fail(str(error), error.exit_code)
        _fail(f"{sentence(error)}\n{UNFORESEEN}", 1)


def _terminate(*_: object) -> NoReturn:
    raise Terminated


def _open_streams() -> None:
    """Somewhere to write to, and in UTF-8 where no terminal says otherwise."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the shell: `gan-bench run >&-`
            setattr(sys, name, open(os.devnull, "a", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            # Windows would take its code page, and LANG=C would refuse an arrow
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _say(text: str) -> None:
    Console(stderr=True).print(Text(plain(text, keep="\n")), soft_wrap=True)


def _fail(text: str, code: int) -> NoReturn:
    words = Text.assemble(("error:", "bold red"), " ", plain(text, keep="\n"))
    Console(stderr=True).print(words, soft_wrap=True)
    sys.exit(code)
