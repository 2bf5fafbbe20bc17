"""The formats of a report, and which one a file name asks for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench.contract.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from gan_bench.report.leaderboard import Boards

FORMATS = ("terminal", "markdown", "html", "csv", "json", "latex")
WITH_PICTURES = ("terminal", "markdown")  # as files beside the results
ENDINGS = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".csv": "csv",
    ".json": "json",
    ".tex": "latex",
    ".txt": "terminal",
}


def format_of(out: Path) -> str:
    """The format that the ending of a file name asks for; UsageError if the ending is unknown."""
    style = ENDINGS.get(out.suffix.lower())
    if style is None:
        raise UsageError(
            f"--out {out}: the ending does not name a format. Known endings: {', '.join(ENDINGS)}; "
            "or choose one with --format"
        )
    return style


def render(boards: Boards, style: str, base: Path | None, console: Console | None = None) -> str:
    """The report in one of FORMATS. Pictures are linked relative to `base`; None: there are none.

    `console` says how wide a terminal is and whether it has colours; the default is stdout.
    Imports only what the format needs: a report should not wait for what it does not use.
    """
    if style == "terminal":
        return _terminal(boards, console)
    if style == "markdown":
        from gan_bench.report.markdown import to_markdown

        return to_markdown(boards, base)
    if style == "html":
        from gan_bench.report.page.document import to_html

        return to_html(boards)
    if style == "latex":
        from gan_bench.report.latex import to_latex

        return to_latex(boards)
    from gan_bench.report.documents import to_csv, to_json

    return to_csv(boards) if style == "csv" else to_json(boards)


def _terminal(boards: Boards, console: Console | None) -> str:
    from rich.console import Console

    from gan_bench.report.terminal import to_terminal

    console = console or Console()
    with console.capture() as captured:
        to_terminal(boards, console)
    return captured.get()
