"""What a report shows of a results folder: its leaderboards, and the studies beside them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from gan_bench.contract.errors import UsageError
from gan_bench.report.formats import render
from gan_bench.report.leaderboard import Boards
from gan_bench.report.tuning.figure import draw_expected
from gan_bench.report.tuning.formats import render_study
from gan_bench.report.tuning.trials import Tuned

TOGETHER = ("terminal", "markdown", "html")  # formats in which studies stand below leaderboards


def render_all(boards: Boards | None, studies: Sequence[Tuned], style: str, base: Path) -> str:
    """Leaderboards, and studies below them. UsageError for several in a format that holds one.

    Beside leaderboards, such a format leaves studies out.
    """
    if style == "html":
        from gan_bench.report.page.document import to_html

        return to_html(boards or Boards([], []), studies)
    texts = [] if boards is None else [render(boards, style, base)]
    if boards is None or style in TOGETHER:
        texts += _studies(studies, style, base)
    return "\n".join(texts)


def _studies(studies: Sequence[Tuned], style: str, base: Path) -> Iterator[str]:
    if len(studies) > 1 and style not in TOGETHER:
        raise UsageError(
            f"there are {len(studies)} studies, and {style} holds one: name its folder, as in "
            f"gan-bench report {shlex.quote(str(studies[0].folder))}"
        )
    for each in studies:
        if style == "markdown":
            draw_expected(each)
        yield render_study(each, style, base)


def left_out(studies: Sequence[Tuned], style: str) -> list[str]:
    """What to say of studies that a format cannot hold beside leaderboards."""
    if style in TOGETHER:
        return []
    return [
        f"a study is not among it: gan-bench report {shlex.quote(str(each.folder))} shows it"
        for each in studies
    ]
