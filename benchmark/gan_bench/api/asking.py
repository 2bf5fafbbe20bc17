"""What a Python program asks for -> the values that the command has, checked by its options."""

from __future__ import annotations

import operator
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
SIZE = "a side in pixels, as 64, or (height, width)"
PATH = "a path, as text or a Path"
SEVERAL = "one text or path, or a list of them"


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


def path_text(name: str, value: Any) -> str:
    """A path that was given as an argument of this name. UsageError for what is none."""
    if not isinstance(value, str | os.PathLike):
        raise _unfit(name, value, PATH)
    return _word(name, value)


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
        raise _unfit(name, value, SIZE)
    try:
        height, width = map(operator.index, value if isinstance(value, Iterable) else [value] * 2)
    except (TypeError, ValueError):
        raise _unfit(name, value, SIZE) from None
    return text.sides(height, width)


def texts(name: str, value: Any) -> list[str]:
    """One text, or a few: the items of a mapping as NAME=VALUE."""
    if isinstance(value, Mapping):
        return [f"{_word(name, key)}={_word(name, each)}" for key, each in value.items()]
    if isinstance(value, str | os.PathLike):
        return [_word(name, value)]
    if isinstance(value, bytes | bytearray) or not isinstance(value, Iterable):
        raise _unfit(name, value, SEVERAL)
    return [_word(name, each) for each in value]


def _once(name: str, value: Any) -> list[str]:
    """One text; [] for no items."""
    return [] if isinstance(value, tuple) and not value else [_word(name, value)]


def _word(name: str, value: Any) -> str:
    """The value as it is typed. UsageError for bytes, which would be a list of numbers."""
    if isinstance(value, bytes | bytearray):
        raise _unfit(name, value, "text: .decode() makes text of bytes")
    if isinstance(value, str | os.PathLike):
        word = os.path.expanduser(value)
        if not isinstance(word, str) or "\0" in word:  # a PathLike may be of bytes
            raise _unfit(name, value, "text without a null character")
        return word
    if isinstance(value, Iterable):
        return ",".join(_word(name, each) for each in value)
    return str(value)


def _unfit(name: str, value: Any, wanted: str) -> UsageError:
    """What to say of a value that nobody could type."""
    return UsageError(f"{name}={repr(value)[:80]} is of type {type(value).__name__}: give {wanted}")
