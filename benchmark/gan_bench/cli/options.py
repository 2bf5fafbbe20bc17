"""Options that several commands share, and the types of what is typed."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.types import StringParamType

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

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


class _Path(click.Path):
    """A path; an empty one, as an unset shell variable gives, is not the current folder.

    ~ is the home folder: the shell leaves it as it is in --results=~/here.
    """

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if value == "":
            self.fail("the value is empty", param, ctx)
        home = os.path.expanduser(value) if isinstance(value, str) else value
        return super().convert(home, param, ctx)


PATH, FOLDER = _Path(path_type=Path), _Path(path_type=Path, file_okay=False)


class _Out(_Path):
    """A path to write to. UsageError if it is one of a results folder's own files."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        path = super().convert(value, param, ctx)
        from gan_bench.results.own_files import check_not_own

        check_not_own(path)
        return path


class _OutFile(_Out):
    """A file to write. UsageError for a folder."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        path = super().convert(value, param, ctx)
        if os.path.isdir(path):
            self.fail(f"{path} is a folder: give the name of a file to write", param, ctx)
        return path


OUT = _Out(path_type=Path)
OUT_FILE = _OutFile(path_type=Path)


class Number(click.FloatRange):
    """A number in a range; click itself takes nan as in any range."""

    name = "number"  # in a message: `x` is not a valid number

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: D102
        number = super().convert(value, param, ctx)
        return number if math.isfinite(number) else self.fail(f"{value} is no number", param, ctx)

    def _describe_range(self) -> str:
        """As click writes it, but 1,000,000,000 in place of 1000000000.0."""
        return re.sub(r"(\d+)\.0\b", lambda each: f"{int(each[1]):,}", super()._describe_range())


class Betas(click.ParamType[tuple[float, ...]]):
    """Two numbers, such as 0.5,0.999, each from 0 to below 1."""

    name = "betas"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: D102
        try:
            betas = tuple(float(part) for part in str(value).split(","))
        except ValueError:
            betas = ()
        if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
            self.fail(f"{value!r} is not two numbers from 0 to below 1, such as 0.5,0.999", param)
        return betas


class Word(StringParamType):
    """A text that is not empty, as that of an unset shell variable is."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: D102
        return super().convert(value, param, ctx) or self.fail("the value is empty", param, ctx)


class Name(Word):
    """A name that a plugin offers, completed from those that were seen when it was last loaded.

    `kind` is a kind of `gan_bench.run.names`; a path may stand in place of a name with `or_path`.
    """

    def __init__(self, kind: str, or_path: bool = False) -> None:
        self.kind = kind
        self.or_path = or_path

    def shell_complete(  # noqa: D102
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from gan_bench.run.names import known_names

        before, comma, last = incomplete.rpartition(",") if param.multiple else ("", "", incomplete)
        names = [name for name in known_names(self.kind) if name.startswith(last.lower())]
        # bash drops what stands before a path, so paths come first
        paths = [CompletionItem(incomplete, type="file")] if self.or_path else []
        return [*paths, *(CompletionItem(before + comma + name) for name in names)]


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


class NetFile(_Path):
    """FILE, or NET=FILE; gives the name of the net, or None, and the path of the file."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: D102
        given = str(value)
        named = re.fullmatch(r"([\w.:-]+)=(.*)", given, re.DOTALL)
        if not named or os.path.exists(os.path.expanduser(given)):
            return None, super().convert(value, param, ctx)
        return named[1], super().convert(named[2], param, ctx)


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


def results(help: str) -> Decorator:
    """--results: a folder."""
    return click.option(
        "--results", metavar="DIR", type=FOLDER, default=RESULTS, panel=OUTPUT, help=help
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
