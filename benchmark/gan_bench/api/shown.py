"""What a notebook shows: tables, and the progress of a call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.console import Console


class Table(Protocol):
    """Prints as text, renders in a notebook."""

    def _repr_html_(self) -> str: ...

    def _repr_markdown_(self) -> str: ...


@dataclass(frozen=True)
class Tables:
    """Several of them, one below another."""

    tables: Sequence[Table]

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.tables))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return "\n".join(table._repr_html_() for table in self.tables)

    def _repr_markdown_(self) -> str:
        return "\n\n".join(table._repr_markdown_() for table in self.tables)


class Shown(ABC):
    """An object that prints and renders as its table."""

    @abstractmethod
    def table(self) -> Table:
        """The table; prints as text, renders in a notebook."""

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def _repr_markdown_(self) -> str:
        return self.table()._repr_markdown_()


def progress_console(quiet: bool) -> Console:
    """Where progress is shown: without ipywidgets a notebook can show lines only, no live view."""
    from rich.console import Console

    live = find_spec("ipywidgets") is not None
    options: dict[str, Any] = {} if live else {"force_jupyter": False}
    return Console(stderr=True, quiet=quiet, **options)
