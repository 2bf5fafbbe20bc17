"""What a Python program asks for -> a Request, checked by the options of the command line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import rich_click as click

from gan_bench.base import text
from gan_bench.cli.data_options import preparation_of
from gan_bench.cli.run_options import run_options
from gan_bench.contract.errors import UsageError
from gan_bench.run.request import Request
from gan_bench.run.resources import resources_of

ARCHS = {"archs": "architectures"}  # our name of an argument -> that of the request


# options that a program has no use for, or another function for
NOT_ASKED = ("dry_run", "as_json")


@dataclass(frozen=True)
class Way:
    """How a run is carried out. No score depends on it."""

    results: Path
    retry_failed: bool
    entries: tuple[str, ...]
    z_dim: int | None
    replace: bool
    quiet: bool


def read_arguments(asked: Mapping[str, Any]) -> tuple[Request, Way]:
    """What is asked for; UsageError, with the sentence of the command line, for a wrong value."""
    command = click.command("run")(run_options(lambda: None))
    checked = checked_by(command, [], {ARCHS.get(name, name): asked[name] for name in asked})
    way = Way(**{field.name: checked.pop(field.name) for field in fields(Way)})
    for name in NOT_ASKED:
        del checked[name]
    resources, preparation = resources_of(checked), preparation_of(checked)
    return Request(preparation=preparation, resources=resources, **checked), way


def checked_by(
    command: click.Command, words: list[str], asked: Mapping[str, Any]
) -> dict[str, Any]:
    """The values as the command has them, with its defaults for what is not asked for.

    `words` are the command's arguments. UsageError, with its sentence, for a wrong value.
    """
    options = {option.name: option for option in command.params}
    try:
        context = command.make_context(command.name, [*words])  # its params are the defaults
        checked = dict(context.params)
        for name, value in asked.items():
            if value is not None and value != ():
                checked[name] = options[name].process_value(context, _typed(options[name], value))
    except click.ClickException as error:
        raise UsageError(error.format_message()) from error
    return checked


def _typed(option: click.Parameter, value: Any) -> Any:
    """The value in the form in which it is typed: numbers as text, so that 2.5 is no whole one."""
    if isinstance(value, bool):
        return value
    if option.name == "size" and not isinstance(value, str | int):
        height, width = value
        return text.sides(height, width)
    if option.name == "weights" and isinstance(value, Mapping):
        return [f"{net}={os.fspath(path)}" for net, path in value.items()]
    if option.name == "entries" and isinstance(value, Mapping):
        return [f"{name}={os.fspath(path)}" for name, path in value.items()]
    if option.multiple:
        several = [value] if isinstance(value, str | os.PathLike) else value
        return [_word(each) for each in several]
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ",".join(map(str, value))
    return _word(value)


def _word(value: Any) -> str:
    return os.path.expanduser(value) if isinstance(value, str | os.PathLike) else str(value)
