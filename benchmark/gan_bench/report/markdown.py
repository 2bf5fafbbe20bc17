"""Leaderboards in markdown."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from gan_bench.base.escape import markdown
from gan_bench.report.leaderboard import Boards
from gan_bench.report.tables import Chapter, chapters


def to_markdown(boards: Boards, base: Path, by_time: bool = False) -> str:
    """Tables for a README or an issue; pictures are linked relative to `base`."""
    lines = [line for each in chapters(boards, by_time) for line in _chapter_markdown(each, base)]
    lines += [f"- {markdown(text)}" for text in boards.unreadable]
    return "\n".join(lines) + "\n"


def _chapter_markdown(chapter: Chapter, base: Path) -> Iterator[str]:
    yield f"## {markdown(chapter.slug)}\n"
    yield from (f"- {name}: {markdown(text)}" for name, text in chapter.facts)
    yield ""
    for section in chapter.sections:
        if section.title:
            yield f"{markdown(section.title)}:\n"
        yield _markdown_row(map(markdown, section.columns))
        yield _markdown_row("---:" if numeric else "---" for numeric in section.numeric)
        yield from (_markdown_row(map(markdown, row)) for row in section.rows)
        yield ""
    yield from (f"- {markdown(note.removeprefix('! '))}" for note in chapter.notes)
    if chapter.notes:
        yield ""  # or the pictures would belong to the list
    for name, path in chapter.pictures.items():
        target = quote(os.fsencode(Path(os.path.relpath(path, base)).as_posix()))
        yield f"![{name} of {markdown(chapter.slug)}]({target})\n"


def _markdown_row(texts: Iterable[str]) -> str:
    return f"| {' | '.join(texts)} |"
