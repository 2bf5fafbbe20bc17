"""What the fixtures of conftest.py give, for the annotations of tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Draw = Callable[..., Path]
Command = Callable[..., "Said"]


@dataclass(frozen=True)
class Said:
    """What a command left: its exit code and what it printed where."""

    code: int
    out: str
    err: str
