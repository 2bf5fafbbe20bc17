"""Which studies a report shows beside the leaderboards of a results folder."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from gan_bench.contract.errors import UsageError
from gan_bench.report.tuning.figure import draw_expected
from gan_bench.report.tuning.formats import render_study
from gan_bench.report.tuning.trials import read_tuned
from gan_bench.results.finding import is_protocol
from gan_bench.results.layout import is_study, studies_in

TOGETHER = ("terminal", "markdown")  # formats in which studies stand below leaderboards


def studies_of(results: Path, protocol: str | None) -> list[Path]:
    """The folders of the studies that are meant: that of the folder itself, or all in it.

    None if one protocol was asked for: it may be a trial.
    """
    if protocol is not None:
        return []
    return [results] if is_study(results) else studies_in(results)


def has_boards(results: Path, studies: Sequence[Path]) -> bool:
    """Whether leaderboards are to be shown. The protocols of a study are shown as its one table."""
    if not studies:
        return True
    return not is_study(results) and any(map(is_protocol, results.glob("*")))


def render_studies(studies: Sequence[Path], style: str, base: Path) -> str:
    """All of these studies. UsageError for several in a format that holds one."""
    if len(studies) > 1 and style not in TOGETHER:
        raise UsageError(
            f"there are {len(studies)} studies, and {style} holds one: name its folder, as in "
            f"gan-bench report {shlex.quote(str(studies[0]))}"
        )
    tuned = [read_tuned(folder) for folder in studies]
    for each in tuned if style == "markdown" else ():
        draw_expected(each)
    return "\n".join(render_study(each, style, base) for each in tuned)


def left_out(studies: Sequence[Path], style: str) -> list[str]:
    """What to say of studies that a format cannot hold beside leaderboards."""
    if style in TOGETHER:
        return []
    return [
        f"a study is not among it: gan-bench report {shlex.quote(str(folder))} shows it"
        for folder in studies
    ]
