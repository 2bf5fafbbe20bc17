"""Leaderboards on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gan_bench.base.escape import plain
from gan_bench.report.leaderboard import Boards
from gan_bench.report.tables import Section, chapters

GAP = 2  # spaces between the columns of a terminal


# For people
def to_terminal(boards: Boards, console: Console, by_time: bool = False) -> None:
    """Rich tables for each protocol. Names are shown as they are, without markup."""
    for chapter in chapters(boards, by_time):
        console.print(_text(chapter.slug, style="bold"))
        console.print(
            _text(*(f"{name + ':':<12}{text}" for name, text in chapter.facts), style="dim")
        )
        for section in chapter.sections:
            if section.title:
                console.print(_text("", section.title, style="italic"))
            for k, columns in enumerate(_fitting(section, console.width)):
                if k or not section.title:
                    console.print()
                _print_table(columns, console)
        console.print()
        if chapter.notes:
            console.print(_text(*chapter.notes))
        console.print()
    for text in boards.unreadable:
        console.print(_text(f"! {text}"))


def _text(*lines: str, style: str = "") -> Text:
    return Text("\n".join(map(plain, lines)), style)


@dataclass(frozen=True)
class _Column:
    """A column as a terminal shows it."""

    title: list[str]  # its lines
    texts: list[str]
    numeric: bool
    width: int

    @classmethod
    def of(cls, section: Section, k: int) -> _Column:
        name = plain(section.columns[k])
        title = name.replace("-", "-\n").replace(" (", "\n(") if k > 1 else name
        lines, texts = title.split("\n"), [plain(row[k]) for row in section.rows]
        return cls(lines, texts, section.numeric[k], max(map(cell_len, [*lines, *texts])))

    def padded(self, text: str) -> str:
        """As wide as the column; rich's own justification takes ten times as long."""
        room = " " * (self.width - cell_len(text))
        return room + text if self.numeric else text + room


def _fitting(section: Section, width: int) -> Iterator[list[_Column]]:
    """One table, or as many as the width takes, each with the names of the rows."""
    columns = [_Column.of(section, k) for k in range(len(section.columns))]
    named, rest = columns[:2], columns[2:]
    while rest:
        fitting = 1
        while fitting < len(rest) and _width(named + rest[: fitting + 1]) <= width:
            fitting += 1
        yield named + rest[:fitting]
        rest = rest[fitting:]


def _width(columns: list[_Column]) -> int:
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)


def _print_table(columns: list[_Column], console: Console) -> None:
    if _width(columns) > console.width:
        console.print(_folded(columns))
        return
    height = max(len(column.title) for column in columns)
    titles = [[""] * (height - len(column.title)) + column.title for column in columns]
    texts = [column.texts for column in columns]
    text = Text.assemble((_lines(columns, titles), "bold"), "\n", _lines(columns, texts))
    console.print(text, soft_wrap=True)


def _lines(columns: list[_Column], texts: list[list[str]]) -> str:
    rows = (map(_Column.padded, columns, row) for row in zip(*texts, strict=True))
    return "\n".join((" " * GAP).join(row).rstrip() for row in rows)


def _folded(columns: list[_Column]) -> Table:
    """Names and numbers over as many lines as it takes, where not even one column fits."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0))
    for column in columns:
        justify: Any = "right" if column.numeric else "left"
        title = Text("\n".join(column.title))
        table.add_column(title, justify=justify, overflow="fold", vertical="bottom")
    for row in zip(*(column.texts for column in columns), strict=True):
        table.add_row(*map(Text, row))
    return table
