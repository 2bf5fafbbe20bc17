"""One table as text: columns, rows, and other real images above them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gan_bench.results.scale import REAL

if TYPE_CHECKING:
    from gan_bench.report.rows import Row

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


LABELS = [Column("architecture", numeric=False), Column("loss", numeric=False)]
RANK = Column("#")
SHARED = "every row has"


@dataclass(frozen=True)
class Section:
    """One table, as text."""

    title: str
    columns: list[Column]
    rows: list[list[str]]
    scale: list[list[str]] = field(default_factory=list)  # unranked rows above the others
    names: int = 1  # so many columns, the first ones, say which row it is
    shared: str = ""  # what is the same for every row, which has no column for it


@dataclass(frozen=True)
class Filled:
    """A column with its texts: one for each row, and one for other real images."""

    column: Column
    texts: Sequence[str]
    real: str = ""
    always: bool = False  # shown also if it is the same for every row

    @property
    def same(self) -> bool:
        """Whether it says the same of several rows, and has nothing to compare them with."""
        return (
            not self.always
            and len(self.texts) > 1
            and len(set(self.texts)) == 1
            and self.real in ("", NOTHING)
        )


def section_of(
    title: str, rows: Sequence[Row], columns: Sequence[Filled], ranks: Sequence[str] = ()
) -> Section:
    """A table of these rows, with other real images above them where a score of theirs is known.

    A column that is the same for every row is left out and said in a line. `ranks`: one for each
    row, for a first column.
    """
    labels = [Filled(column, [row.labels[k] for row in rows]) for k, column in enumerate(LABELS)]
    names = [each for each in labels if not each.same]
    values = [each for each in columns if not each.same]
    same = [
        f"{each.column.text} = {each.texts[0]}"
        for each in (*labels, *columns)
        if each not in (*names, *values) and each.texts[0] not in ("", NOTHING)
    ]
    head = [Filled(RANK, ranks)] if ranks else []
    shown = [*head, *names, *values]
    known = any(each.real not in ("", NOTHING) for each in values)
    scale = [each.real for each in shown]
    if known:
        scale[len(head)] = REAL
    return Section(
        title,
        [each.column for each in shown],
        [[each.texts[k] for each in shown] for k in range(len(rows))],
        [scale] if known else [],
        len(head) + len(names),
        f"{SHARED} {'; '.join(same)}" if same else "",
    )
