"""What a Python program asks for -> the values that the command has, checked by its options."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import rich_click as click

from gan_bench.base import text
from gan_bench.contract.errors import UsageError

# our name of an argument -> that of the command
NAMES = {"archs": "architectures", "corruptions": "faults", "n": "sizes", "bias_n": "bias_sizes"}
# options that a program has no use for, or another function for
NOT_ASKED = ("dry_run", "as_json", "style", "out")


def checked_by(command: click.Command, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the command has them, with its defaults for what is not asked for.

    What is asked for is typed, as it were: UsageError, with the sentence of the command line, for a
    wrong value.
    """
    parameters = {each.name: each for each in command.params}
    given = {parameters[NAMES.get(name, name)]: asked[name] for name in asked}
    try:
        options = [word for each in given for word in _typed(each, given[each])]
        words = [word for each in given for word in _words_of(each, given[each])]
        values = command.make_context(command.name, [*options, "--", *words]).params
    except click.ClickException as error:
        raise UsageError(error.format_message()) from error
    return {name: value for name, value in values.items() if name not in NOT_ASKED}


def _words_of(parameter: click.Parameter, value: Any) -> list[str]:
    """An argument of the command, which has no name there."""
    return _several(value) if isinstance(parameter, click.Argument) else []


def _typed(option: click.Parameter, value: Any) -> list[str]:
    """An option as it is typed, as often as it is repeated; [] for what is not asked for."""
    if not isinstance(option, click.Option) or value is None:
        return []
    name = option.opts[-1]
    if option.is_flag:
        return [name] if click.BOOL.convert(value, option, None) else []
    if option.name == "size" and not isinstance(value, str | int):
        height, width = value
        return [f"{name}={text.sides(height, width)}"]
    return [f"{name}={each}" for each in (_several(value) if option.multiple else _once(value))]


def _several(value: Any) -> list[str]:
    """One text, or a few: the items of a mapping as NAME=VALUE."""
    if isinstance(value, Mapping):
        return [f"{name}={_word(each)}" for name, each in value.items()]
    return [_word(value)] if isinstance(value, str | os.PathLike) else [*map(_word, value)]


def _once(value: Any) -> list[str]:
    """One text; [] for no items."""
    return [] if value == () else [_word(value)]


def _word(value: Any) -> str:
    if isinstance(value, str | os.PathLike):
        return os.path.expanduser(value)
    return ",".join(map(str, value)) if isinstance(value, Iterable) else str(value)
