"""A request -> a plan -> cells in processes of their own.

The package can be called: `from gan_bench import run` gives it, and `run(archs=[...])` trains.
See `gan_bench.api.running`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

TYPE_CHECKING = False  # as typing's, which takes longer to import than all that is here
if TYPE_CHECKING:
    from inspect import Signature
    from typing import Any


class _Callable(ModuleType):
    """A package and a function have one name, and Python gives the package to who imports it."""

    def __call__(self, **asked: Any) -> Any:
        """Train, measure, and return the leaderboard."""
        return _function()(**asked)

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        """That of the function, for `help(run)`."""
        return str(_function().__doc__)

    @property
    def __signature__(self) -> Signature:
        """The arguments, as a notebook completes them."""
        from inspect import signature

        return signature(_function())


def _function() -> Any:
    """By name: it lies above this floor, which may not import it."""
    return import_module("gan_bench.api.running").run


sys.modules[__name__].__class__ = _Callable
