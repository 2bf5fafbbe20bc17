"""The formats of a report: which one a file name asks for, and the text of each."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from gan_bench.contract.errors import UsageError
from gan_bench.report.documents import to_csv, to_json
from gan_bench.report.leaderboard import Boards
from gan_bench.report.markdown import to_markdown
from gan_bench.report.page import to_html
from gan_bench.report.terminal import to_terminal

FORMATS = ("terminal", "markdown", "html", "csv", "json", "latex")
ENDINGS = {
    ".md": "markdown",
    ".html": "html",
    ".csv": "csv",
    ".json": "json",
    ".tex": "latex",
}


def format_of(out: Path) -> str:
    """The format that the ending of a file name asks for; UsageError for an unknown ending."""
    try:
        return ENDINGS[out.suffix.lower()]
    except KeyError:
        raise UsageError(
            f"--out {out}: unknown ending; use one of {', '.join(ENDINGS)}, or add --format"
        ) from None


def render(boards: Boards, style: str, base: Path, console: Console | None = None) -> str:
    """The leaderboards as text; pictures are linked relative to `base`."""
    if style == "terminal":
        console = console or Console()
        with console.capture() as captured:
            to_terminal(boards, console, boards.by_time)
        return captured.get()
    if style == "markdown":
        return to_markdown(boards, base, boards.by_time)
    if style == "html":
        return to_html(boards, boards.by_time)
    if style == "latex":
        raise UsageError("latex is not written yet")
    return to_csv(boards) if style == "csv" else to_json(boards, boards.by_time)
