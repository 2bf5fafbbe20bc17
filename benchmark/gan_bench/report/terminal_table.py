"""One table on a terminal, in as many parts as its width requires."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from gan_bench.base.escape import plain
from gan_bench.report.section import RANK, Column, Section

MOST = 50  # rows of a table that are shown
GAP = 2  # spaces between columns
LEAST = 4  # columns of characters for a text that folds


def print_section(section: Section, console: Console, most: int = MOST) -> None:
    """Print one table, in as many parts as the width requires, and at most so many rows of it."""
    if section.title:
        console.print(Text(plain(section.title), "italic"))
    for k, table in enumerate(_parts(replace(section, rows=section.rows[:most]), console)):
        if k:
            console.print()
        console.print(table)
    if section.shared:
        console.print(Text(plain(section.shared), "dim"))
    if len(section.rows) > most:
        console.print(shortened(most, len(section.rows), "rows", "csv"))


def shortened(shown: int, count: int, what: str, style: str) -> Text:
    """What says that there are more than are shown, and which format has all."""
    return Text(f"{shown} of {count:,} {what}; --format {style} has all", "dim")


def _parts(section: Section, console: Console) -> Iterator[Table]:
    """One table, or as many as the width requires, each with the names of the rows."""
    every = range(len(section.columns))
    rows = [*chain(*_bodies(section, every))]
    heads = [_head(column).plain.split("\n") for column in section.columns]
    # as rich measures a table, which takes four times as long
    widths = [max(map(cell_len, [*heads[k], *(row[k] for row in rows)])) for k in every]
    names, others = [*range(section.names)], [*range(section.names, len(section.columns))]

    def fits(chosen: list[int]) -> bool:
        return sum(widths[k] + GAP for k in chosen) - GAP <= console.width

    if not all(fits([*names, k]) for k in others):  # the rows stand in their order anyway
        names = [k for k in names if section.columns[k] != RANK]
    while others:
        chosen = [*names, others.pop(0)]
        while others and fits([*chosen, others[0]]):
            chosen.append(others.pop(0))
        yield _table(section, chosen) if fits(chosen) else _narrow(section, chosen, console.width)


def _table(section: Section, chosen: Sequence[int]) -> Table:
    """Some columns of a section that fit beside each other."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0))
    for column in (section.columns[k] for k in chosen):
        table.add_column(
            _head(column),
            justify="right" if column.numeric else "left",
            no_wrap=column.numeric,
            vertical="bottom",
        )
    scale, rows = _bodies(section, chosen)
    # one cell of many lines: rich takes nearly as long for a cell of one line
    for row in _one_row(scale):
        table.add_row(*map(Text, row), style="italic")
    for row in _one_row(rows):
        table.add_row(*map(Text, row))
    return table


def _narrow(section: Section, chosen: Sequence[int], width: int) -> Table:
    """The names and one column where they do not fit: heads and texts fold onto further lines."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0))
    scale, rows = _bodies(section, chosen)
    columns = [section.columns[k] for k in chosen]
    for column, room in zip(columns, _widths([*scale, *rows], columns, width), strict=True):
        justify: JustifyMethod = "right" if column.numeric else "left"
        head = chain(*(wrap(line, room) for line in _head(column).plain.split("\n")))
        table.add_column(Text("\n".join(head)), justify=justify, overflow="fold", width=room)
    for row in scale:
        table.add_row(*map(Text, row), style="italic")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _widths(rows: Sequence[Sequence[str]], columns: Sequence[Column], width: int) -> list[int]:
    """How wide the columns of a narrow table are: the names, and a last column.

    The last one takes what it needs, up to half of the room, or what the names leave if that is
    more, and its longest word in any case. The names share the rest in proportion to their lengths,
    and no word of a text is broken if all the longest words fit. What is left then makes heads fold
    less.
    """
    *names, last = [max(map(cell_len, texts)) for texts in zip(*rows, strict=True)]
    room = max(width - GAP * len(names), LEAST * (len(names) + 1))
    heads = [
        max(name, cell_len(each.title)) for name, each in zip(names, columns[:-1], strict=True)
    ]
    head = _longest_word(_head(columns[-1]).plain.replace("-", "- "))  # it may fold at a hyphen
    if sum(heads) + max(last, head) <= room:
        return [*heads, room - sum(heads)]
    longest = max(_longest_word(row[-1]) for row in rows)
    words = [
        max(name, _longest_word(each.title)) for name, each in zip(names, columns[:-1], strict=True)
    ]
    most = max(longest, room - sum(words), room // 2)
    least = _longest_words(rows, columns)
    whole = sum(least) + longest <= room
    taken = min(max(last, head), most, room - sum(least)) if whole else min(last, most)
    left = room - taken
    if sum(names) > left and len(names) == 1:
        names = [left]
    elif sum(names) > left:
        low, high = (least[0], left - least[1]) if whole else (LEAST, left - LEAST)
        first = min(max(low, left * names[0] // sum(names)), high)
        names = [first, left - first]
    names = _grown(names, heads, room - max(taken, head))
    return [*names, room - sum(names)]


def _longest_words(rows: Sequence[Sequence[str]], columns: Sequence[Column]) -> list[int]:
    """Of the titles and texts of each column but the last."""
    texts = zip(*([column.title for column in columns], *rows), strict=True)
    return [max(map(_longest_word, column)) for column in [*texts][:-1]]


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _grown(names: Sequence[int], heads: Sequence[int], room: int) -> list[int]:
    """The columns of the names as wide as their heads, as far as there is room."""
    grown = list(names)
    for k, head in enumerate(heads):
        grown[k] = max(grown[k], min(head, grown[k] + room - sum(grown)))
    return grown


def _bodies(section: Section, chosen: Sequence[int]) -> tuple[list[list[str]], list[list[str]]]:
    """The texts of the scale, where it has one in these columns, and of the rows."""
    scores = [k for k in chosen if k >= section.names]
    known = [row for row in section.scale if not scores or any(row[k] for k in scores)]
    return _texts(known, chosen), _texts(section.rows, chosen)


def _texts(rows: list[list[str]], chosen: Sequence[int]) -> list[list[str]]:
    return [[plain(row[k]) for k in chosen] for row in rows]


def _one_row(rows: list[list[str]]) -> list[list[str]]:
    """The same texts in one row at most, each under the other in its cell."""
    return [["\n".join(texts) for texts in zip(*rows, strict=True)]] if rows else []


def _head(column: Column) -> Text:
    detail = f"\n({plain(column.detail)})" if column.detail else ""
    return Text(plain(column.title) + detail)
