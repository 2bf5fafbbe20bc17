"""`gan-bench plugins`: list what is installed, from whom, and what failed to load."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click
from rich.text import Text

from gan_bench.base.escape import plain
from gan_bench.cli import options
from gan_bench.cli.groups import Group
from gan_bench.cli.options import OUTPUT
from gan_bench.cli.output import emit, page, say, stdout_console
from gan_bench.cli.values import PATH

if TYPE_CHECKING:
    from rich.console import Console

    from gan_bench.catalogue import Catalogue

SCHEMA = 1
INPUT, NEW = "Input", "What to write"
INDENT = "    "
FILES = options.plugin(INPUT)
AS_JSON = options.as_json("Print one JSON document.")


@click.group(
    cls=Group,
    invoke_without_command=True,
    epilog=options.examples("gan-bench plugins --plugin examples/my_arch.py"),
)
@FILES
@AS_JSON
@options.DEBUG
@options.HELP
@click.pass_context
def plugins(context: click.Context, plugins: tuple[Path, ...], as_json: bool) -> None:
    """List what is installed, from whom, and what failed to load.

    Everything that has a name in an option, from architectures to trackers, comes from plugins.
    """
    if context.invoked_subcommand is None:
        print_plugins(plugins, as_json)
    else:
        context.default_map = {context.invoked_subcommand: dict(context.params)}


@plugins.command("list")
@FILES
@AS_JSON
@options.DEBUG
@options.HELP
def list_plugins(plugins: tuple[Path, ...], as_json: bool) -> None:
    """The same as `gan-bench plugins`."""
    print_plugins(plugins, as_json)


@plugins.command(
    epilog=options.examples(
        "gan-bench plugins check my_arch.py", "gan-bench plugins check sngan --json"
    )
)
@click.argument(
    "names",
    metavar="NAME|FILE...",
    nargs=-1,
    required=True,
    panel=INPUT,
    help="Names of offers, or Python files whose offers are checked.",
)
@FILES
@AS_JSON
@options.DEBUG
@options.HELP
def check(names: tuple[str, ...], plugins: tuple[Path, ...], as_json: bool) -> None:
    """Check that offers keep the contract: those of a file, or those of a name.

    Shapes, range, gradients, determinism, state, bf16, a CUDA graph where a GPU is, and cost. The
    exit code is 0 if all is well and 4 if a check failed. It takes seconds.
    """
    from gan_bench.run.names import check_offered

    if not plugins:
        check_offered(names)
    from gan_bench import catalogue as catalogues
    from gan_bench.run import check_offers, doctor
    from gan_bench.train.fresh import Fresh

    files = [Path(name) for name in names if Path(name).suffix == ".py"]
    catalogue = catalogues.load((*plugins, *files))
    paths = {str(file) for file in files}
    asked = check_offers.offers_of(catalogue, lambda plugin: plugin.name in paths)
    for name in names:
        if Path(name) not in files:
            asked += check_offers.chosen(catalogue, name)
    with Fresh() as fresh:
        checks = [
            each for offer in asked for each in check_offers.check_offer(*offer, catalogue, fresh)
        ]
    if as_json:
        emit(doctor.to_json(checks))
    else:
        with stdout_console() as console:
            doctor.to_terminal(checks, console)
    sys.exit(doctor.exit_code(checks))


@plugins.command(
    epilog=options.examples("gan-bench plugins new my-pair --kind architecture"),
)
@click.argument("name", metavar="NAME", panel=NEW, help="Name of the package and of its offer.")
@click.option(
    "--kind",
    metavar="KIND",
    panel=NEW,
    help="Required. What it offers: architecture, augmentation, dataset, engine, features, loss, "
    "metric, optimizer, preset, remedy or tracker.",
)
@click.option(
    "--into",
    type=PATH,
    metavar="DIR",
    default=Path(),
    show_default=False,
    panel=OUTPUT,
    help="Folder to write it to. Default: the current one.",
)
@options.DEBUG
@options.HELP
def new(name: str, kind: str | None, into: Path) -> None:
    """Write a package NAME with one small offer, whose tests pass at once.

    Change it to what you want, then `pip install`, `gan-bench plugins check` and `gan-bench run`.
    """
    from gan_bench import catalogue as catalogues
    from gan_bench.run.new_plugin import check_free, check_kind, kinds, write_package

    if kind is None:
        raise click.UsageError(f"--kind is missing: give one of {', '.join(kinds())}")
    check_kind(kind)
    check_free(name, kind, catalogues.load())
    written = write_package(name, kind, into)
    folder = written[0].parent
    emit("".join(f"{path}\n" for path in written))
    say(f"next: pip install -e {folder}; pytest {folder}; gan-bench plugins check {written[0]}")


def print_plugins(files: tuple[Path, ...], as_json: bool) -> None:
    """Print every offer with its distribution and version, and what failed and why."""
    from gan_bench import catalogue as catalogues
    from gan_bench.run.names import remember

    catalogue = catalogues.load(files)
    remember(catalogue)
    offers = _offers(catalogue)
    if as_json:
        failed = [
            {"status": each.status, "plugin": str(each.plugin), "error": each.error}
            for each in catalogue.broken
        ]
        document = {"schema": SCHEMA, "offers": offers, "failed": failed}
        emit(json.dumps(document, indent=2) + "\n")
        return
    with page() as console:
        _print_offers(offers, console)
        for broken in catalogue.broken:
            console.print(Text(plain(f"{broken.status}: {broken}", keep="\n")), soft_wrap=True)


def _offers(catalogue: Catalogue) -> list[dict[str, str]]:
    from gan_bench.catalogue import KINDS

    return [
        {"kind": KINDS[kind][0], "name": name, "from": str(plugin), "source": offer.source}
        for kind, offers in catalogue.offers.items()
        for name, (offer, plugin) in sorted(offers.items())
    ]


def _print_offers(offers: list[dict[str, str]], console: Console) -> None:
    """A line for each offer, and its source below it, which may be long."""
    kinds, names = (
        max((len(offer[key]) for offer in offers), default=0) for key in ("kind", "name")
    )
    for offer in offers:
        line = f"{offer['kind']:<{kinds}}  {plain(offer['name']):<{names}}  {plain(offer['from'])}"
        console.print(Text(line, "bold"))
        source = " ".join(plain(offer["source"], keep="\n").split())
        lines = textwrap.wrap(
            source, console.width, initial_indent=INDENT, subsequent_indent=INDENT
        )
        console.print(Text("\n".join(lines)), soft_wrap=True)
