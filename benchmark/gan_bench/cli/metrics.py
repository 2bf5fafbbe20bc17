"""`gan-bench metrics`: the metrics themselves. `audit` measures what each of them sees."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from rich.console import Console
from rich.text import Text

from gan_bench.base.escape import plain
from gan_bench.cli import data_options, options
from gan_bench.cli.data_options import request_of
from gan_bench.cli.groups import Group
from gan_bench.cli.options import OUTPUT
from gan_bench.cli.output import emit, instead, say
from gan_bench.cli.values import OUT_FILE, PATH, Name, Whole, Word

if TYPE_CHECKING:
    from gan_bench.run.audit_images import AuditRequest

METRICS, SETS, MEASURE = "Metrics", "Sets of images", "Measuring"
FORMATS = ("terminal", "markdown", "html", "csv", "json")  # as gan_bench.report.audit has them
LEAST_IMAGES, LEAST_SETS = 16, 99  # as audit_images and the statistics of an audit have them
MOST_SETS = 100_000


class Counts(click.ParamType[tuple[int, ...]]):
    """Numbers of images, separated by commas."""

    name = "counts"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: D102
        parts = [part.strip() for part in str(value).split(",")]
        if not all(part.isascii() and part.isdigit() and len(part) < 8 for part in parts):
            self.fail(f"{value!r} is no list of whole numbers, such as 64,128", param, ctx)
        counts = tuple(map(int, parts))
        if min(counts) < LEAST_IMAGES:
            self.fail(f"{min(counts)} is too few: {LEAST_IMAGES} images are the least", param, ctx)
        return counts


@click.group(
    cls=Group,
    epilog=options.examples("gan-bench metrics audit --data faces.zip --out audit.html"),
)
@options.DEBUG
@options.HELP
def metrics() -> None:
    """Measure the metrics themselves."""


def _data_options(command: Any) -> Any:
    """Which images, as `run` takes them."""
    images = data_options.data("Images to draw all sets from")
    for option in reversed((images, *data_options.WHICH[1:], *data_options.HOW)):
        command = option(command)
    return command


@metrics.command(
    epilog=options.examples(
        "gan-bench metrics audit",
        "gan-bench metrics audit --data faces.zip --n 256,1024 --out audit.html",
        "gan-bench metrics audit --plugin examples/my_metric.py --metric shades --only",
    )
)
@options.names(
    "--metric",
    "metrics",
    kind="metric",
    panel=METRICS,
    help="Audit these metrics as well.",
    default="Default: those of the preset, and those of plugins that are not part of gan-bench.",
)
@click.option("--only", is_flag=True, panel=METRICS, help="Audit the metrics of --metric alone.")
@click.option("--all", "every", is_flag=True, panel=METRICS, help="Audit every installed metric.")
@_data_options
@click.option(
    "--corruption",
    "faults",
    multiple=True,
    type=Word(),
    metavar="NAME,...",
    callback=options.split,
    panel=SETS,
    help="Audit with these corruptions only. Default: all of them.",
)
@click.option(
    "--n",
    "sizes",
    type=Counts(),
    metavar="N,...",
    panel=SETS,
    help="Images of a set, to measure power and order with. Default: 64,128.",
)
@click.option(
    "--bias-n",
    "bias_sizes",
    type=Counts(),
    metavar="N,...",
    panel=SETS,
    help="Images of a set, to measure bias and cost with. Default: 64,128,256,512,1024.",
)
@click.option(
    "--real-sets",
    type=Whole(LEAST_SETS, MOST_SETS),
    default=99,
    metavar="N",
    panel=SETS,
    help=f"Sets of real images that say what is an alarm, {LEAST_SETS} or more. "
    "With 99, a set is one if it scores worse than all of them.",
)
@click.option(
    "--repeats",
    type=Whole(5, MOST_SETS),
    default=20,
    metavar="N",
    panel=SETS,
    help="Sets of every strength of every corruption, 5 or more.",
)
@click.option(
    "--seed",
    type=Whole(0, 2**63 - 1),
    default=0,
    metavar="N",
    panel=SETS,
    help="Seed of the division of the images and of all sets.",
)
@click.option(
    "--preset",
    type=Name("preset"),
    metavar="NAME",
    panel=MEASURE,
    help="Preset whose metrics, features, size and data set are taken. Default: as for `run`.",
)
@options.names("--features", kind="features", panel=MEASURE, help="Network to measure images with.")
@options.weights(MEASURE)
@click.option(
    "--judge",
    metavar="FILE",
    type=PATH,
    panel=MEASURE,
    help="Judge that names the mode of an image, made by `gan-bench judge`.",
)
@options.device(MEASURE, "measure")
@options.plugin(MEASURE)
@options.results("Folder of the results, in which the audit is kept.")
@click.option(
    "-o",
    "--out",
    type=OUT_FILE,
    metavar="PATH",
    panel=OUTPUT,
    help="Write to this file instead of stdout. Its ending chooses the format: .md, .html, .csv "
    "or .json.",
)
@options.style(FORMATS)
@options.QUIET
@options.DEBUG
@options.HELP
def audit(results: Path, out: Path | None, style: str | None, quiet: bool, **asked: Any) -> None:
    """Measure what metrics see: the benchmark of the rulers themselves.

    Draws sets of real images, and sets with faults of several strengths, and scores all of them.
    Says for every metric which share of the bad sets stands out from real ones at 1 % false
    alarms, whether the scores follow the strength, how they move with the number of images, and
    what a score costs.

    The same command goes on where it was stopped, and measures a metric again if its code changed.
    """
    from gan_bench.cli.report import default_style
    from gan_bench.cli.run import naming_it_after_storage_errors, naming_the_resume_command
    from gan_bench.report.formats import format_of

    style = style or (format_of(out) if out else default_style())
    if style not in FORMATS:
        raise click.UsageError(f"--out {out}: an audit has the formats {', '.join(FORMATS)}")
    console = Console(stderr=True, quiet=quiet)
    with naming_the_resume_command(), naming_it_after_storage_errors():
        folder = measure_audit(audit_of(asked), results, console)
    from gan_bench.report.audit.findings import findings
    from gan_bench.report.audit.formats import render

    text = render(findings(folder), style)
    if out is None:
        emit(text)
        say(f"kept in {folder}; the same command with --out audit.html makes a page", console)
        return
    from gan_bench.results.atomic import make_folder, write_bytes

    make_folder(out.absolute().parent)
    replaced = instead(out)
    write_bytes(out, text.encode())
    say(f"written: {out}{replaced}", console)


def audit_of(asked: dict[str, Any]) -> AuditRequest:
    """What is to be audited, of these options."""
    from gan_bench.contract.errors import UsageError

    names = ("only", "every", "faults", "sizes", "bias_sizes", "real_sets", "repeats", "seed")
    own = {name: asked.pop(name) for name in names}
    own |= {name: own[name] or () for name in ("sizes", "bias_sizes")}
    own["faults"] = tuple(dict.fromkeys(own["faults"]))
    if own["only"] and own["every"]:
        raise UsageError("--only and --all exclude each other: leave one out")
    request = request_of(asked)
    from gan_bench.run.audit_images import AuditRequest

    return AuditRequest(request=request, **own)


def measure_audit(asked: AuditRequest, results: Path, console: Console) -> Path:
    """Measure what is missing; the folder of the audit."""
    from gan_bench.run.auditing import audit as audit_metrics
    from gan_bench.run.names import catalogue_for
    from gan_bench.run.plan_audit import plan_audit

    catalogue = catalogue_for(asked.request)
    with _showing(console) as progress:
        planned = plan_audit(asked, catalogue, progress)
        for note in planned.notes:
            say(note, console)
        return audit_metrics(planned, results, progress)


@contextmanager
def _showing(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Show on a terminal what is being done, and in a log where one part ends."""
    if console.quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    with console.status("reading the images") as status:

        def progress(what: str, done: int, of: int) -> None:
            status.update(Text(plain(f"{what} {done:,} of {of:,}" if of else what)))

        yield progress
