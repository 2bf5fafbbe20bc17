"""Leaderboards in LaTeX: the first table of each, for a paper that uses booktabs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gan_bench.base.escape import latex, plain
from gan_bench.report.leaderboard import Boards
from gan_bench.report.section import Section
from gan_bench.report.tables import Chapter, chapters

BEGIN = r"""\begin{table}
  \centering
  \caption{%s}
  \begin{tabular}{%s}
    \toprule
    %s
    \midrule"""
END = r"""    \bottomrule
  \end{tabular}
\end{table}
"""


def to_latex(boards: Boards) -> str:
    r"""One table for each protocol; it needs \usepackage{booktabs}."""
    lines = [r"% needs \usepackage{booktabs}"]
    lines += [line for chapter in chapters(boards) for line in _chapter(chapter)]
    lines += [f"% {plain(text)}" for text in boards.unreadable]
    return "\n".join(lines) + "\n"


def _chapter(chapter: Chapter) -> Iterator[str]:
    """The notes are comments: a caption has no room for them."""
    yield f"\n% {plain(chapter.slug)}"
    yield from (f"% {plain(f'{name}: {text}')}" for name, text in chapter.facts)
    yield from (f"% {plain(note.text)}" for note in chapter.notes)
    for section in chapter.sections[:1]:
        yield from _table(section, chapter)


def _table(section: Section, chapter: Chapter) -> Iterator[str]:
    facts = dict(chapter.facts)
    parts = [facts["data"], facts["schedule"], section.title]
    caption = ". ".join(latex(part) for part in parts if part)
    alignment = "".join("r" if column.numeric else "l" for column in section.columns)
    yield BEGIN % (f"{caption}.", alignment, _row(column.text for column in section.columns))
    for row in section.scale:
        yield f"    {_row(row)}"
        yield r"    \midrule"
    yield from (f"    {_row(row)}" for row in section.rows)
    yield END


def _row(texts: Iterable[str]) -> str:
    return f"{' & '.join(map(latex, texts))} \\\\"
