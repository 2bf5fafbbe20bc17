"""A summary as an object that prints as text and renders in a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rich.console import Console

from gan_bench.report.shown_table import (
    WIDTH,
    folded_html,
    listed_html,
    section_html,
    text_html,
)
from gan_bench.report.summary import Summary, print_summary, summary_lines


@dataclass(frozen=True)
class ShownSummary:
    """What a command prints: an answer, tables and notes."""

    summary: Summary

    def __str__(self) -> str:
        console = Console(width=WIDTH, force_jupyter=False)
        with console.capture() as captured:
            print_summary(self.summary, console)
        return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines())

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return "\n".join(summary_lines(self.summary))

    def _repr_html_(self) -> str:
        return "\n".join(_lines(self.summary))


def _lines(summary: Summary) -> Iterator[str]:
    if summary.title:
        yield f"<h4>{text_html(summary.title)}</h4>"
    if summary.answer:
        yield f"<p><b>{text_html(summary.answer)}</b></p>"
    for section in summary.tables:
        yield from section_html(section)
    if summary.legend:
        yield f"<p>{text_html(summary.legend)}</p>"
    yield from listed_html(summary.notes)
    for section in summary.more:
        yield from folded_html(section.title, section_html(replace(section, title="")))
