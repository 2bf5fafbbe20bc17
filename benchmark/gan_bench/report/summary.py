"""An answer with its tables and notes: what is said of a study, of branches and of an autopsy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from rich.console import Console
from rich.text import Text

from gan_bench.base.escape import markdown, plain
from gan_bench.report.markdown import folded, listed, section_lines
from gan_bench.report.section import Section
from gan_bench.report.terminal_table import print_section


@dataclass(frozen=True)
class Summary:
    """The same in every format. What is empty is left out."""

    tables: list[Section]
    title: str = ""
    answer: str = ""
    legend: str = ""  # what the words of the tables mean
    notes: list[str] = field(default_factory=list)
    more: list[Section] = field(default_factory=list)  # tables that a reader opens


def print_summary(summary: Summary, console: Console) -> None:
    """Print it, with an empty line between two parts."""
    heading = [(summary.title, "dim"), (summary.answer, "bold")]
    parts: list[list[Text | Section]]
    parts = [[Text(plain(words), style) for words, style in heading if words]]
    parts += [[section] for section in summary.tables]
    parts += [[Text(plain(summary.legend), "dim")] if summary.legend else []]
    parts += [[Text(f"- {plain(note)}") for note in summary.notes]]
    parts += [[section] for section in summary.more]
    for k, part in enumerate(filter(None, parts)):
        if k:
            console.print()
        for each in part:
            if isinstance(each, Section):
                print_section(each, console)
            else:
                console.print(each)


def summary_lines(summary: Summary) -> Iterator[str]:
    """It in GitHub's markdown."""
    if summary.title:
        yield f"## {markdown(summary.title)}\n"
    if summary.answer:
        yield f"**{markdown(summary.answer)}**\n"
    for section in summary.tables:
        yield from section_lines(section)
    if summary.legend:
        yield f"{markdown(summary.legend)}\n"
    yield from listed(summary.notes)
    for section in summary.more:
        yield from folded(section.title, section_lines(replace(section, title="")))
