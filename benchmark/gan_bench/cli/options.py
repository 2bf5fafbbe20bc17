"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from gan_bench.cli.values import FOLDER, PATH, Name, NetFile

if TYPE_CHECKING:
    from gan_bench.measure.weights import Weights

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

RESULTS = Path("results")
OUTPUT = "Output"


def paragraphs(*lines: str) -> str:
    """Text for the end of a help page, where rich-click joins single lines."""
    return "\n\n".join(lines)


def examples(*commands: str) -> str:
    """Commands to show at the end of a help page."""
    return paragraphs("Examples:" if len(commands) > 1 else "Example:", *commands)


def names(
    *declared: str, kind: str, panel: str, help: str, default: str = "Default: the preset's."
) -> Decorator:
    """An option that takes names: repeated, separated by commas, or both."""
    return click.option(
        *declared,
        type=Name(kind),
        metavar="NAME,...",
        multiple=True,
        callback=split,
        panel=panel,
        help=f"{help} {default}",
    )


def split(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """Names that are separated by commas, or by repeating the option."""
    parts = [part.strip() for text in given for part in text.split(",")]
    if not all(parts):
        raise click.BadParameter("a name is empty", ctx, param)
    return tuple(parts)


def plugin(panel: str) -> Decorator:
    """--plugin: a file of the user's own."""
    return click.option(
        "--plugin",
        "plugins",
        multiple=True,
        metavar="FILE.py",
        type=PATH,
        panel=panel,
        help="Also load the plugin in this Python file. Can be repeated.",
    )


def weights(panel: str) -> Decorator:
    """--feature-weights: files for features networks without weights."""
    return click.option(
        "--feature-weights",
        "weights",
        metavar="[NET=]FILE",
        multiple=True,
        type=NetFile(path_type=Path),
        callback=_weights,
        panel=panel,
        help="Weights for a features network that comes without any. NET=FILE is for the network "
        "of that name alone, and can be repeated.",
    )


def _weights(
    ctx: click.Context, param: click.Parameter, given: tuple[tuple[str | None, Path], ...]
) -> Weights | None:
    """What was given, or None; one file for each net."""
    if not given:
        return None
    from gan_bench.measure.weights import Weights

    files = dict(given)
    if len(files) < len(given):
        raise click.BadParameter("give one FILE for all networks, or one for each", ctx, param)
    every = files.pop(None, None)
    return Weights(every, {net: path for net, path in files.items() if net})


def data_now(panel: str, whose: str = "the images") -> Decorator:
    """--data of trained cells: their images may have moved."""
    return click.option(
        "--data",
        type=PATH,
        metavar="PATH",
        panel=panel,
        help=f"Where {whose} are now: the folder or zip, or the --data-root of a named data set. "
        "Default: where they were.",
    )


def replace(panel: str) -> Decorator:
    """--replace: what was scored before may be lost."""
    return click.option(
        "--replace",
        is_flag=True,
        panel=panel,
        help="Replace an entry that was scored before with other images under this name.",
    )


DEVICES = ("auto", "cpu", "cuda", "mps")


def device(panel: str, verb: str, default: str | None = "auto", rule: str = "") -> Decorator:
    """--device: the verb is what is done there; `rule` describes another default than auto."""
    return click.option(
        "--device",
        type=click.Choice(DEVICES),
        default=default,
        panel=panel,
        help=f"Device to {verb} on. {rule or 'auto: cuda or mps if there is one, else cpu.'}",
    )


def results(help: str, panel: str = OUTPUT) -> Decorator:
    """--results: a folder."""
    return click.option(
        "--results", metavar="DIR", type=FOLDER, default=RESULTS, panel=panel, help=help
    )


def folder_of_boards(panel: str, what: str) -> Decorator:
    """[FOLDER] and --protocol: the results that a command is about; `what` it does with them."""

    def declare(command: Any) -> Any:
        which = click.option(
            "--protocol",
            type=str,
            metavar="SLUG",
            panel=panel,
            help=f"{what} The beginning of its name is enough.",
        )
        folder = click.argument(
            "results",
            type=PATH,
            default=RESULTS,
            metavar="[FOLDER]",
            panel=panel,
            help="Results folder, or the folder of one protocol in it. Default: results.",
        )
        return folder(which(command))

    return declare


def as_json(help: str) -> Decorator:
    """--json: the result for a program."""
    return click.option("--json", "as_json", is_flag=True, panel=OUTPUT, help=help)


class Debug:
    """Set by --debug, whichever command it belongs to."""

    wanted = False


def _debug(context: click.Context, _: click.Parameter, value: bool) -> None:
    context.ensure_object(Debug).wanted |= value


def style(formats: Sequence[str]) -> Decorator:
    """--format: how to write what --out does not name by its ending."""
    return click.option(
        "--format",
        "style",
        type=click.Choice(formats),
        metavar="FORMAT",
        panel=OUTPUT,
        help=f"One of {', '.join(formats)}. Overrides the ending of --out. "
        "Default: terminal on a TTY, else markdown.",
    )


QUIET = click.option(
    "-q", "--quiet", is_flag=True, panel=OUTPUT, help="Print results and errors, no progress."
)
DEBUG = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    callback=_debug,
    panel=OUTPUT,
    help="Show the traceback of an error.",
)
HELP = click.help_option("-h", "--help", panel=OUTPUT, help="Show this help.")
