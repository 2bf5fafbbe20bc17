"""Leaderboards on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gan_bench.base.escape import plain
from gan_bench.report.leaderboard import Boards
from gan_bench.report.tables import chapters
from gan_bench.report.terminal_table import MOST, print_section, shortened


def to_terminal(boards: Boards, console: Console) -> None:
    """Print the best rows of all tables. Names are shown as they are, without markup."""
    for chapter in chapters(boards):
        console.print(Text(plain(chapter.slug), "dim"))
        console.print(Text(plain(chapter.answer), "bold"))
        for section in chapter.tables:
            console.print()
            print_section(section, console)
        under = [f"±: {chapter.claims}" if chapter.claims else "", chapter.cost]
        for line in filter(None, under):
            console.print(Text(plain(line), "dim"))
        _print_notes([f"! {text}" for text in chapter.faults], console)
        for section in chapter.more:
            console.print()
            print_section(section, console)
        console.print()
        _print_notes(chapter.remarks, console)
        console.print()
        console.print(facts_table(chapter.facts))
        console.print()
    for text in boards.unreadable:
        console.print(Text(f"! {plain(text)}"))


def facts_table(facts: list[tuple[str, str]]) -> Table:
    """Names and their texts, which are wrapped."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(2):
        grid.add_column(overflow="fold")
    for name, text in facts:
        grid.add_row(Text(name, "dim"), Text(plain(text), "dim"))
    return grid


def _print_notes(notes: list[str], console: Console) -> None:
    lines = [plain(text) for text in notes[:MOST]]
    if lines:
        console.print(Text("\n".join(lines)))
    if len(notes) > MOST:
        console.print(shortened(MOST, len(notes), "notes", "markdown"))
