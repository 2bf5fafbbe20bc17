"""Leaderboards as an object that prints as text and renders in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path

from gan_bench.base.escape import plain
from gan_bench.report.formats import render
from gan_bench.report.leaderboard import Board, Boards
from gan_bench.report.section import Column, Section
from gan_bench.report.tables import Chapter, chapters

WIDTH = 100  # columns, where it is printed


@dataclass(frozen=True)
class ShownTable:
    """The tables of one or more protocols, without their pictures."""

    boards: list[Board]
    unreadable: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        from rich.console import Console

        text = render(self._all, "terminal", Path(), Console(width=WIDTH, force_jupyter=False))
        return "\n".join(line.rstrip() for line in text.rstrip().splitlines())

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        lines = render(self._all, "markdown", Path()).split("\n")
        return "\n".join(line for line in lines if not line.startswith("!["))

    def _repr_html_(self) -> str:
        faults = (f"<p>{text_html(fault)}</p>" for fault in self.unreadable)
        parts = (part for chapter in chapters(self._all) for part in _chapter(chapter))
        return "\n".join([*parts, *faults])

    @property
    def _all(self) -> Boards:
        return Boards(self.boards, self.unreadable)


def _chapter(chapter: Chapter) -> Iterator[str]:
    """Answer, table and faults; all other tables, remarks and the protocol are folded away."""
    yield f"<h4>{text_html(chapter.slug)}</h4>"
    yield f"<p><b>{text_html(chapter.answer)}</b></p>"
    for section in chapter.tables:
        yield from section_html(section)
    if chapter.claims:
        yield f"<p>±: {text_html(chapter.claims)}</p>"
    yield from listed_html(chapter.faults)
    for section in chapter.more:
        yield from folded_html(section.title, section_html(replace(section, title="")))
    if chapter.remarks:
        yield from folded_html("remarks", listed_html(chapter.remarks))
    yield from folded_html(
        "protocol", listed_html(f"{name}: {text}" for name, text in chapter.facts)
    )


def section_html(section: Section) -> Iterator[str]:
    """The lines of one table."""
    if section.title:
        yield f"<p>{text_html(section.title)}</p>"
    yield "<table><thead>"
    yield _row("th", section.columns, [column.text for column in section.columns])
    yield "</thead><tbody>"
    yield from (_row("td", section.columns, row, "<i>{}</i>") for row in section.scale)
    yield from (_row("td", section.columns, row) for row in section.rows)
    yield "</tbody></table>"
    if section.shared:
        yield f"<p>{text_html(section.shared)}</p>"


def listed_html(texts: Iterable[str]) -> Iterator[str]:
    """A list; nothing of no texts."""
    items = "".join(f"<li>{text_html(text)}</li>" for text in texts)
    yield from [f"<ul>{items}</ul>"] if items else []


def folded_html(summary: str, lines: Iterable[str]) -> Iterator[str]:
    """Lines that a reader opens."""
    yield f"<details><summary>{text_html(summary)}</summary>"
    yield from lines
    yield "</details>"


def _row(tag: str, columns: Iterable[Column], texts: Iterable[str], form: str = "{}") -> str:
    cells = (
        f'<{tag} style="text-align:{"right" if column.numeric else "left"}">'
        f"{form.format(text_html(words))}</{tag}>"
        for column, words in zip(columns, texts, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"


def text_html(words: str) -> str:
    """A text that no browser takes for code."""
    return escape(plain(words))
