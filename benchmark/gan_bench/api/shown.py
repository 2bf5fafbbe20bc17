"""What a notebook shows as a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol


class Table(Protocol):
    """Prints as text, renders in a notebook."""

    def _repr_html_(self) -> str: ...

    def _repr_markdown_(self) -> str: ...


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
