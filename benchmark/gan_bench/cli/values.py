"""What can be typed after an option: paths, numbers in a range, names."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.types import StringParamType

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def _given(value: Any, param: Any, ctx: Any) -> None:
    """Fail for what an unset shell variable gives: nothing, or the option that comes next."""
    if value == "":
        raise click.BadParameter("the value is empty", ctx, param)
    options = [each for each in ctx.command.params if isinstance(each, click.Option)] if ctx else []
    if any(value in each.opts for each in options):
        raise click.BadParameter(f"the value is missing: {value} is the next option", ctx, param)


class _Path(click.Path):
    """A path; an empty one is not the current folder.

    ~ is the home folder: the shell leaves it as it is in --results=~/here.
    """

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        _given(value, param, ctx)
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


UNITS = {"DAYS", "HOURS", "KIMG", "SECONDS"}  # metavars that say what a number counts


class Number(click.FloatRange):
    """A number in a range; click itself takes nan as in any range."""

    name = "number"  # in a message: `x` is not a valid number

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: D102
        try:
            float(value)
        except ValueError:
            unit = f" of {param.metavar.lower()}" if param and param.metavar in UNITS else ""
            self.fail(f"{value!r} is not a valid number{unit}.", param, ctx)
        number = super().convert(value, param, ctx)
        return number if math.isfinite(number) else self.fail(f"{value} is no number", param, ctx)

    def _describe_range(self) -> str:
        return _in_words(self)


class Whole(click.IntRange):
    """A whole number in a range."""

    name = "whole number"

    def _describe_range(self) -> str:
        return _in_words(self)


def _in_words(limits: Number | Whole) -> str:
    """The range as a message says it: `from 1 to 10,000`, `above 0 to 0.5`, `from 1 up`."""
    low = "above" if limits.min_open else "from"
    high = "to below" if limits.max_open else "to"
    least, most = (None if end is None else _bound(end) for end in (limits.min, limits.max))
    return f"{low} {least} up" if most is None else f"{low} {least} {high} {most}"


def _bound(end: float) -> str:
    return f"{int(end):,}" if end == int(end) else f"{end:g}"


# A million images are 20 times what papers measure, and their features fit into memory.
IMAGES = Whole(10, 1_000_000)
# Every cell of a plan is written down before the first is trained.
SEEDS = Whole(1, 10_000)


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
    """A text that is not empty."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: D102
        _given(value, param, ctx)
        return super().convert(value, param, ctx)


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


class NetFile(_Path):
    """FILE, or NET=FILE; gives the name of the net, or None, and the path of the file."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: D102
        given = str(value)
        named = re.fullmatch(r"([\w.:-]+)=(.*)", given, re.DOTALL)
        if not named or os.path.exists(os.path.expanduser(given)):
            return None, super().convert(value, param, ctx)
        return named[1], super().convert(named[2], param, ctx)
