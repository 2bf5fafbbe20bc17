"""The scores of one comparison as text, and as an object that renders in a notebook."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from gan_bench.base.escape import markdown, plain
from gan_bench.report.markdown import section_lines
from gan_bench.report.score_sheet import score_facts, score_notes, score_section
from gan_bench.report.shown_table import WIDTH, listed_html, section_html
from gan_bench.report.terminal_table import print_section

if TYPE_CHECKING:
    from gan_bench.run.compare import Comparison


def print_scores(compared: Comparison, console: Console) -> None:
    """Print what was compared, and the table."""
    for title, words in score_facts(compared):
        console.print(Text(f"{title:<13}{plain(words)}"), soft_wrap=True)
    console.print()
    print_section(score_section(compared), console)


@dataclass(frozen=True)
class ShownScores:
    """What `gan-bench score REAL GENERATED` prints, with its notes below the table."""

    compared: Comparison

    def __str__(self) -> str:
        text = io.StringIO()
        print_scores(self.compared, Console(file=text, width=WIDTH, force_jupyter=False))
        lines = [line.rstrip() for line in text.getvalue().rstrip().splitlines()]
        return "\n".join([*lines, *(plain(note) for note in score_notes(self.compared))])

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        facts = [f"- {title}: {markdown(words)}" for title, words in score_facts(self.compared)]
        notes = [f"- {markdown(note)}" for note in score_notes(self.compared)]
        return "\n".join([*facts, "", *section_lines(score_section(self.compared)), *notes])

    def _repr_html_(self) -> str:
        facts = [f"{title}: {words}" for title, words in score_facts(self.compared)]
        table = "\n".join(section_html(score_section(self.compared)))
        notes = listed_html(score_notes(self.compared))
        return "\n".join([*listed_html(facts), table, *notes])
