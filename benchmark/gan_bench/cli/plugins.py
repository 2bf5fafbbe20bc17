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
from gan_bench.cli.output import emit, stdout_console

if TYPE_CHECKING:
    from rich.console import Console

    from gan_bench.catalogue import Catalogue

SCHEMA = 1
PIPE_WIDTH = 100  # columns, where no terminal says how many there are
INPUT = "Input"
INDENT = "    "
FILES = options.plugin(INPUT)
AS_JSON = options.as_json("Print one JSON document.")


@click.group(
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

    Architectures, losses, augmentations, data sets, features, metrics, presets and engines come
    from plugins.
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
    with stdout_console(None if sys.stdout.isatty() else PIPE_WIDTH) as console:
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
