"""What belongs to the whole process: a plugin that changes it would spoil the next pair."""

from __future__ import annotations

import operator
import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

State = dict[str, Any]  # by name


@dataclass(frozen=True)
class Shared:
    """Something that all code of a process shares."""

    name: str
    read: Callable[[], Any]
    restore: Callable[[Any], object] = lambda _: None  # random states: nobody reads them
    same: Callable[[Any, Any], bool] = operator.eq  # (before, now)


def _folder() -> str | None:
    """The working folder; None if it was deleted."""
    try:
        return os.getcwd()
    except OSError:
        return None


def _go_to(folder: str | None) -> None:
    with suppress(OSError):
        if folder is not None:
            os.chdir(folder)


def _umask() -> int:
    os.umask(mask := os.umask(0o077))
    return mask


def _all_there(before: dict[str, str], now: dict[str, str]) -> bool:
    """Libraries set variables of their own when they are imported: these are no fault."""
    return before.items() <= now.items()


def _handlers() -> list[Any]:
    return [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


def _handle(handlers: list[Any]) -> None:
    for number, handler in zip((signal.SIGINT, signal.SIGTERM), handlers, strict=True):
        if handler is not None:  # None: it was not set by Python
            signal.signal(number, handler)


SHARED = (
    Shared("random's state", random.getstate),
    Shared("numpy's global random state", lambda: repr(np.random.get_state())),
    Shared("torch's number of threads", torch.get_num_threads, torch.set_num_threads),
    Shared("torch's default dtype", torch.get_default_dtype, torch.set_default_dtype),
    Shared("torch's grad mode", torch.is_grad_enabled, torch.set_grad_enabled),
    Shared(
        "torch's deterministic algorithms",
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    Shared("the working folder", _folder, _go_to),
    Shared("the umask", _umask, os.umask),
    Shared("environment variables", lambda: dict(os.environ), os.environ.update, _all_there),
    Shared("the handlers of SIGINT and SIGTERM", _handlers, _handle),
)


def process_wide() -> State:
    """What it is now."""
    return {each.name: each.read() for each in SHARED}


def changed_since(before: State) -> list[str]:
    """The names of what is another now."""
    now = process_wide()
    return [each.name for each in SHARED if not each.same(before[each.name], now[each.name])]


def restore(before: State) -> None:
    """Put back what was changed."""
    changed = changed_since(before)
    for each in SHARED:
        if each.name in changed:
            each.restore(before[each.name])
