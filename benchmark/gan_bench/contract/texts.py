"""Values of a Python program as texts and numbers, or one sentence on why they are none."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

from gan_bench.contract.errors import UsageError

PATH = "a path, as text or a Path"
SEVERAL = "one text or path, or a list of them"


def path_text(name: str, value: Any) -> str:
    """A path that was given as an argument of this name. UsageError for what is none."""
    if not isinstance(value, str | os.PathLike):
        raise unfit(name, value, PATH)
    return word(name, value)


def number_of(name: str, value: Any) -> float:
    """A number that was given as an argument of this name. UsageError for what is none."""
    if not isinstance(value, Real):
        raise unfit(name, value, "a number")
    return float(value)


def texts(name: str, value: Any) -> list[str]:
    """One text, or a few: the items of a mapping as NAME=VALUE."""
    if isinstance(value, Mapping):
        return [f"{word(name, key)}={word(name, each)}" for key, each in value.items()]
    if isinstance(value, str | os.PathLike):
        return [word(name, value)]
    if isinstance(value, bytes | bytearray) or not isinstance(value, Iterable):
        raise unfit(name, value, SEVERAL)
    return [word(name, each) for each in value]


def word(name: str, value: Any) -> str:
    """The value as it is typed. UsageError for bytes, which would be a list of numbers."""
    if isinstance(value, bytes | bytearray):
        raise unfit(name, value, "text: .decode() makes text of bytes")
    if isinstance(value, str | os.PathLike):
        typed = os.path.expanduser(value)
        if not isinstance(typed, str) or "\0" in typed:  # a PathLike may be of bytes
            raise unfit(name, value, "text without a null character")
        return typed
    if isinstance(value, Iterable):
        return ",".join(word(name, each) for each in value)
    return str(value)


def unfit(name: str, value: Any, wanted: str) -> UsageError:
    """What to say of a value that nobody could type."""
    return UsageError(f"{name}={repr(value)[:80]} is of type {type(value).__name__}: give {wanted}")
