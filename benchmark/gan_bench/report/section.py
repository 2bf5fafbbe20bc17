"""One table as text: columns, rows, and other real images above them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gan_bench.report.rows import Row
from gan_bench.results.scale import REAL

NOTHING = "–"  # where a cell has no number: never an imputed one


@dataclass(frozen=True)
class Column:
    """The head of a column; numbers are aligned on the right."""

    title: str
    numeric: bool = True
    detail: str = ""  # a second line where there is room for one

    @property
    def text(self) -> str:
        """Title and detail in one line."""
        return f"{self.title} ({self.detail})" if self.detail else self.title


NAMES = [Column("architecture", numeric=False), Column("loss", numeric=False)]


@dataclass(frozen=True)
class Section:
    """One table, as text. The first two columns are the names of the rows."""

    title: str
    columns: list[Column]
    rows: list[list[str]]
    scale: list[list[str]] = field(default_factory=list)  # unranked rows above the others


@dataclass(frozen=True)
class Filled:
    """A column with its texts: one for each row, and one for other real images."""

    column: Column
    texts: Sequence[str]
    real: str = ""


def section_of(title: str, rows: Sequence[Row], columns: Sequence[Filled]) -> Section:
    """A table of these rows, with other real images above them where a score of theirs is known."""
    real = [column.real for column in columns]
    return Section(
        title,
        [*NAMES, *(filled.column for filled in columns)],
        [[*row.labels, *(filled.texts[k] for filled in columns)] for k, row in enumerate(rows)],
        [[REAL, "", *real]] if any(text not in ("", NOTHING) for text in real) else [],
    )
