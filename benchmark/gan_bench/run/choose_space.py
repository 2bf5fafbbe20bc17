"""--space FILE -> the space of a study; what no schedule can have is refused in one sentence."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gan_bench.base.escape import as_written, plain
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.contract.names import nearest
from gan_bench.contract.offers import Optimizer
from gan_bench.contract.schedule import Schedule, strictly
from gan_bench.contract.space import DEFAULT, PARTS, TUNABLE, Axis, Space, whole_fields
from gan_bench.results.reading import read_bytes
from gan_bench.run.choose_schedule import ALLOWED, LARGEST_FILE

RANGE = "LOW and HIGH are finite numbers"
KINDS_OF = {  # what stands in each of KINDS
    "log": RANGE,
    "linear": RANGE,
    "choices": "a VALUE is a finite number, a name in quotes, or two betas in brackets",
}
KINDS = "{ log = [LOW, HIGH] }, { linear = [LOW, HIGH] } or { choices = [VALUE, ...] }"


def choose_space(path: Path | None, default: Schedule, catalogue: Catalogue) -> Space:
    """The space in the file, or the default one, for a study around this schedule."""
    space = DEFAULT if path is None else read_space(path)
    name = "the default space" if path is None else _named(path)
    for field, axis in space.axes.items():
        for value in axis.extremes:
            _check_value(name, field, value, default)
    if "optimizer" not in space.axes:
        return space
    offered = (catalogue.find(Optimizer, str(each)).name for each in _choices(space, "optimizer"))
    return Space(axes=space.axes | {"optimizer": Axis(choices=tuple(dict.fromkeys(offered)))})


def read_space(path: Path) -> Space:
    """The space in a TOML file; UsageError if it declares none."""
    name = _named(path)
    try:
        document = tomllib.loads(read_bytes(path, LARGEST_FILE).decode())
    except StorageError as error:
        raise UsageError(f"--space: {error}") from error
    except (ValueError, RecursionError) as error:  # not UTF-8, or not TOML
        raise UsageError(f"{name} is no TOML file: {error}") from error
    if not document:
        raise UsageError(f"{name} declares nothing to tune: write a line such as lr_g = {KINDS}")
    for field in document:
        _check_field(name, field)
    if "betas" in document and set(PARTS) & document.keys():
        raise UsageError(f"{name}: betas and its parts {', '.join(PARTS)} exclude each other")
    return Space(axes={field: _axis(name, field, each) for field, each in document.items()})


def _named(path: Path) -> str:
    return f"--space {plain(str(path))}"


def _check_field(name: str, field: str) -> None:
    if field in TUNABLE:
        return
    known = ", ".join(TUNABLE)
    if field in Schedule.model_fields:
        raise UsageError(
            f"{name}: {field} must be equal for all trials, so it is not tuned; these are: {known}"
        )
    hint = nearest(field, list(TUNABLE))
    raise UsageError(
        f"{name}: {plain(field)!r} cannot be tuned.{hint} These can: {known}. A weight of a loss "
        "is part of its name: each one is a --loss of its own"
    )


def _axis(name: str, field: str, given: Any) -> Axis:
    """One axis; UsageError with what was written and what is allowed."""
    written = as_written(given)
    if not isinstance(given, dict):
        raise UsageError(f"{name}: {field} = {written}: it must be {KINDS}")
    try:
        return strictly(Axis, given)
    except ValidationError as error:
        raise UsageError(f"{name}: {field} = {written}: {_why(error)}") from error


def _why(error: ValidationError) -> str:
    """What an axis must be; pydantic's own words are about Python."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "value_error":
        return f"{str(first['msg']).removeprefix('Value error, ')}; it must be {KINDS}"
    kind = str(first["loc"][0])
    return f"it must be {KINDS}{f'; {KINDS_OF[kind]}' if kind in KINDS_OF else ''}"


def _check_value(name: str, field: str, value: Any, default: Schedule) -> None:
    """UsageError if no schedule can have this value."""
    fields = whole_fields({field: value}, default)
    ((changed, _),) = fields.items()
    if field not in PARTS and isinstance(value, float) and changed in ("batch", "d_steps"):
        if not value.is_integer():
            raise UsageError(f"{name}: {field} {value:g}: it must be {ALLOWED[field]}")
        fields = {changed: int(value)}
    try:
        strictly(Schedule, default.model_dump(mode="json") | fields)
    except ValidationError as error:
        allowed = "a number from 0 to below 1" if field in PARTS else ALLOWED[field]
        shown = f"{value:g}" if isinstance(value, float) else as_written(value)
        raise UsageError(f"{name}: {field} {shown}: it must be {allowed}") from error


def _choices(space: Space, field: str) -> tuple[Any, ...]:
    """The choices of a field of names; UsageError if it has a range."""
    if (choices := space.axes[field].choices) is None:
        raise UsageError(f"--space: {field} must have choices, since it has no numbers")
    return choices
