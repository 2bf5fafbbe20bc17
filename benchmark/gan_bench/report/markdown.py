"""Leaderboards in GitHub's markdown."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from html import escape
from pathlib import Path
from urllib.parse import quote

from gan_bench.base.escape import markdown, plain
from gan_bench.report.again import AGAIN, Again
from gan_bench.report.leaderboard import Boards
from gan_bench.report.section import Section
from gan_bench.report.tables import Chapter, chapters


def to_markdown(boards: Boards, base: Path | None) -> str:
    """Tables for a README or an issue; pictures are linked relative to `base`, None for none."""
    every = chapters(boards)
    if base is None:
        every, base = (replace(each, pictures={}) for each in every), Path()
    lines = [line for chapter in every for line in _chapter(chapter, base)]
    lines += [f"- {markdown(text)}" for text in boards.unreadable]
    return "\n".join(lines) + "\n"


def _chapter(chapter: Chapter, base: Path) -> Iterator[str]:
    yield f"## {markdown(chapter.slug)}\n"
    yield f"**{markdown(chapter.answer)}**\n"
    for section in chapter.tables:
        yield from section_lines(section)
    if chapter.claims:
        yield f"±: {markdown(chapter.claims)}\n"
    if chapter.cost:
        yield f"{markdown(chapter.cost)}\n"
    yield from listed(chapter.faults)
    for section in chapter.more:
        yield from folded(section.title, section_lines(replace(section, title="")))
    if chapter.remarks:
        yield from folded("remarks", listed(chapter.remarks))
    facts = [f"{name}: {text}" for name, text in chapter.facts]
    yield from folded("protocol", listed(facts))
    yield from folded(AGAIN, _again(chapter.again))
    for name, path in chapter.pictures.items():
        target = quote(os.fsencode(Path(os.path.relpath(path, base)).as_posix()))
        yield f"![{name} of {markdown(chapter.slug)}]({target})\n"


def _again(again: Again) -> Iterator[str]:
    """Commands as blocks, which can be copied, and the facts as a list."""
    for what, command in again.commands:
        yield f"{what}:\n\n{_block(plain(command))}\n"
    yield from listed([*again.notes, *(f"{name}: {text}" for name, text in again.facts)])


def _block(text: str) -> str:
    """A block of code that ends after the text, whatever is in it."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}sh\n{text}\n{fence}"


def section_lines(section: Section) -> Iterator[str]:
    """The lines of one table, with an empty one at the end."""
    if section.title:
        yield f"{markdown(section.title)}:\n"
    yield _row(markdown(column.text) for column in section.columns)
    yield _row("---:" if column.numeric else "---" for column in section.columns)
    yield from (_row(map(_italic, row)) for row in section.scale)
    yield from (_row(map(markdown, row)) for row in section.rows)
    yield ""
    if section.shared:
        yield f"{markdown(section.shared)}\n"


def listed(texts: Iterable[str]) -> Iterator[str]:
    """A list, and an empty line, or what follows would belong to it."""
    lines = [f"- {markdown(text)}" for text in texts]
    yield from [*lines, ""] if lines else []


def folded(summary: str, lines: Iterable[str]) -> Iterator[str]:
    """Lines that a reader opens. Inside, markdown begins after an empty line."""
    yield f"<details><summary>{escape(plain(summary))}</summary>\n"
    yield from lines
    yield "</details>\n"


def _italic(text: str) -> str:
    return f"*{markdown(text)}*" if text else ""


def _row(texts: Iterable[str]) -> str:
    return f"| {' | '.join(texts)} |"
