"""A study in the formats of a report: terminal, markdown, json, csv."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import quote

from rich.console import Console

from gan_bench.base.escape import spreadsheet
from gan_bench.contract.errors import UsageError
from gan_bench.report.leaderboard import Boards
from gan_bench.report.summary import print_summary, summary_lines
from gan_bench.report.tuning.chapter import chapter_of
from gan_bench.report.tuning.documents import study_document, trials_frame
from gan_bench.report.tuning.trials import Tuned
from gan_bench.results.layout import EXPECTED_BEST, figure_path

STYLES = ("terminal", "markdown", "html", "json", "csv")


def render_study(tuned: Tuned, style: str, base: Path, console: Console | None = None) -> str:
    """The study in one of STYLES; UsageError for another one. Pictures are relative to `base`."""
    if style == "json":
        return json.dumps(study_document(tuned), indent=2, allow_nan=False) + "\n"
    if style == "csv":
        return _csv(tuned)
    if style == "html":
        from gan_bench.report.page.document import to_html

        return to_html(Boards([], []), [tuned])
    if style == "markdown":
        picture = figure_path(tuned.folder, EXPECTED_BEST)
        lines = [*summary_lines(chapter_of(tuned))]
        if picture.is_file():
            target = quote(os.fsencode(Path(os.path.relpath(picture, base)).as_posix()))
            lines.append(f"![expected best of k trials]({target})\n")
        return "\n".join(lines) + "\n"
    if style != "terminal":
        raise UsageError(
            f"a study cannot be shown as {style}; it can as {', '.join(STYLES)}: give --format, or "
            "another ending to --out"
        )
    console = console or Console()
    with console.capture() as captured:
        print_summary(chapter_of(tuned), console)
    return captured.get()


def _csv(tuned: Tuned) -> str:
    """The frame of the trials, as a spreadsheet may open it."""
    table = trials_frame(tuned)
    for name in [name for name in table if table[name].dtype.kind == "O"]:
        table[name] = table[name].map(_text, na_action="ignore")
    return str(table.rename(columns=spreadsheet).to_csv(index=False, lineterminator="\n"))


def _text(value: object) -> object:
    words = " ".join(map(str, value)) if isinstance(value, tuple) else value
    return spreadsheet(words) if isinstance(words, str) else words
