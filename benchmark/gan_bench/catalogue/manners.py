"""What belongs to the whole process: a plugin that changes it would spoil the next pair."""

from __future__ import annotations

import operator
import os
import random
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any

State = dict[str, Any]  # by name


@dataclass(frozen=True)
class Shared:
    """Something that all code of a process shares."""

    name: str
    read: Callable[[], Any]
    restore: Callable[[Any], object]
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


def _search(path: list[str]) -> None:
    sys.path[:] = path


def _late(function: str) -> Callable[..., Any]:
    """A function of a library that is slow to import: it is imported when it is called."""
    module, _, name = function.rpartition(".")
    return lambda *given: getattr(import_module(module), name)(*given)


def _if_loaded(function: str, otherwise: str) -> Callable[[], str]:
    """What this function of torch gives, as text; `otherwise` where torch is not imported."""
    return lambda: str(_late(f"torch.{function}")() if "torch" in sys.modules else otherwise)


def _set_dtype(name: str) -> None:
    _late("torch.set_default_dtype")(getattr(sys.modules["torch"], name.removeprefix("torch.")))


def _set_device(name: str) -> None:
    _late("torch.set_default_device")(None if name == "cpu" else name)


# what the import of a plugin leaves alone; gan-bench sets the rest itself after all imports
AT_IMPORT = (
    Shared("torch's default dtype", _if_loaded("get_default_dtype", "torch.float32"), _set_dtype),
    Shared("torch's default device", _if_loaded("get_default_device", "cpu"), _set_device),
    Shared(
        "torch's grad mode",
        _if_loaded("is_grad_enabled", "True"),
        lambda text: _late("torch.set_grad_enabled")(text == "True"),
    ),
    Shared("the working folder", _folder, _go_to),
    Shared("the umask", _umask, os.umask),
    Shared("the handlers of SIGINT and SIGTERM", _handlers, _handle),
    Shared(
        "sys.path",
        lambda: list(sys.path),
        _search,
        lambda before, now: {*before} <= {*now},  # a plugin may add a folder of its own
    ),
    # some libraries raise it
    Shared("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit, operator.le),
)
SHARED = (
    *AT_IMPORT,
    Shared("random's state", random.getstate, random.setstate),
    Shared(
        "numpy's global random state",
        _late("numpy.random.get_state"),
        _late("numpy.random.set_state"),
        lambda before, now: repr(before) == repr(now),  # there is an array in it
    ),
    Shared(
        "torch's number of threads", _late("torch.get_num_threads"), _late("torch.set_num_threads")
    ),
    Shared(
        "torch's deterministic algorithms",
        _late("torch.are_deterministic_algorithms_enabled"),
        _late("torch.use_deterministic_algorithms"),
    ),
    Shared("environment variables", lambda: dict(os.environ), os.environ.update, _all_there),
)


def process_wide(shared: Sequence[Shared] = SHARED) -> State:
    """What it is now."""
    return {each.name: each.read() for each in shared}


def changed_since(before: State) -> list[str]:
    """The names of what is another now."""
    now = [each for each in SHARED if each.name in before]
    return [each.name for each in now if not each.same(before[each.name], each.read())]


def restore(before: State) -> None:
    """Put back what was changed."""
    changed = changed_since(before)
    for each in SHARED:
        if each.name in changed:
            each.restore(before[each.name])
