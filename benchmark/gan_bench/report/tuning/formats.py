"""A study in the formats of a report: terminal, markdown, json, csv."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from rich.console import Console
from rich.text import Text

from gan_bench.base.escape import markdown, plain
from gan_bench.contract.errors import UsageError
from gan_bench.report.markdown import folded, listed, section_lines
from gan_bench.report.terminal import print_section
from gan_bench.report.tuning.chapter import StudyChapter, chapter_of
from gan_bench.report.tuning.documents import study_document, trials_frame
from gan_bench.report.tuning.trials import Tuned
from gan_bench.results.layout import EXPECTED_BEST, figure_path

STYLES = ("terminal", "markdown", "json", "csv")


def render_study(tuned: Tuned, style: str, base: Path, console: Console | None = None) -> str:
    """The study in one of STYLES; UsageError for another one. Pictures are relative to `base`."""
    if style == "json":
        return json.dumps(study_document(tuned), indent=2, allow_nan=False) + "\n"
    if style == "csv":
        return str(trials_frame(tuned).to_csv(index=False, lineterminator="\n"))
    if style == "markdown":
        picture = figure_path(tuned.folder, EXPECTED_BEST)
        lines = _markdown(chapter_of(tuned), picture if picture.is_file() else None, base)
        return "\n".join(lines) + "\n"
    if style != "terminal":
        raise UsageError(
            f"a study cannot be shown as {style}; it can as {', '.join(STYLES)}: give --format, or "
            "another ending to --out"
        )
    console = console or Console()
    with console.capture() as captured:
        _print(chapter_of(tuned), console)
    return captured.get()


def _print(chapter: StudyChapter, console: Console) -> None:
    console.print(Text(plain(chapter.slug), "dim"))
    console.print(Text(plain(chapter.answer), "bold"))
    for section in chapter.tables:
        console.print()
        print_section(section, console)
    console.print()
    for note in chapter.notes:
        console.print(Text(f"- {plain(note)}"))
    for section in chapter.more:
        console.print()
        print_section(section, console)


def _markdown(chapter: StudyChapter, picture: Path | None, base: Path) -> Iterator[str]:
    yield f"## {markdown(chapter.slug)}\n"
    yield f"**{markdown(chapter.answer)}**\n"
    for section in chapter.tables:
        yield from section_lines(section)
    yield from listed(chapter.notes)
    for section in chapter.more:
        yield from folded(section.title, section_lines(replace(section, title="")))
    if picture:
        target = quote(os.fsencode(Path(os.path.relpath(picture, base)).as_posix()))
        yield f"![expected best of k trials]({target})\n"
