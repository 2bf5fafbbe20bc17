"""The names that installed plugins offer, remembered, so that no plugin is loaded for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gan_bench.catalogue import Catalogue
    from gan_bench.run.request import Request


def known_names(kind: str) -> list[str]:
    """The remembered names of a kind, for completion; none before the first load."""
    return []


def check_spelling(request: Request) -> None:
    """UsageError for a name that is not offered, as far as the names are remembered."""


def remember(catalogue: Catalogue) -> None:
    """Write down the names of a catalogue that was loaded."""
