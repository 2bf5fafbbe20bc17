"""What a Python program asks for -> the values that the command has, checked by its options."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any

import rich_click as click

from gan_bench.base import text
from gan_bench.contract.errors import UsageError
from gan_bench.contract.texts import texts, unfit, word

# our name of an argument -> that of the command
NAMES = {"archs": "architectures", "corruptions": "faults", "n": "sizes", "bias_n": "bias_sizes"}
# options that a program has no use for, or another function for
NOT_ASKED = ("dry_run", "as_json", "style", "out")
SIZE = "a side in pixels, as 64, or (height, width)"


def checked_by(command: click.Command, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the command has them, with its defaults for what is not asked for.

    What is asked for is typed, as it were: UsageError, with the sentence of the command line, for a
    wrong value, and for one that nobody could type.
    """
    parameters = {each.name: each for each in command.params}
    given = [(name, parameters[NAMES.get(name, name)], asked[name]) for name in asked]
    try:
        options = [word for each in given for word in _typed(*each)]
        words = [word for each in given for word in _words_of(*each)]
        values = command.make_context(command.name, [*options, "--", *words]).params
    except click.ClickException as error:
        raise UsageError(error.format_message()) from error
    return {name: value for name, value in values.items() if name not in NOT_ASKED}


def _words_of(name: str, parameter: click.Parameter, value: Any) -> list[str]:
    """An argument of the command, which has no name there."""
    return texts(name, value) if isinstance(parameter, click.Argument) else []


def _typed(name: str, option: click.Parameter, value: Any) -> list[str]:
    """An option as it is typed, as often as it is repeated; [] for what is not asked for."""
    if not isinstance(option, click.Option) or value is None:
        return []
    typed = option.opts[-1]
    if option.is_flag:
        return [typed] if click.BOOL.convert(value, option, None) else []
    if option.name == "size" and not isinstance(value, str):
        return [f"{typed}={_size(name, value)}"]
    words = texts(name, value) if option.multiple else _once(name, value)
    return [f"{typed}={each}" for each in words]


def _size(name: str, value: Any) -> str:
    """A side, or (height, width), as it is typed: width first."""
    if isinstance(value, bytes | bytearray):
        raise unfit(name, value, SIZE)
    try:
        height, width = map(operator.index, value if isinstance(value, Iterable) else [value] * 2)
    except (TypeError, ValueError):
        raise unfit(name, value, SIZE) from None
    return text.sides(height, width)


def _once(name: str, value: Any) -> list[str]:
    """One text; [] for no items."""
    return [] if isinstance(value, tuple) and not value else [word(name, value)]
