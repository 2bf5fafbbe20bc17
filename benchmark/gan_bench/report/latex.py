"""Leaderboards in LaTeX: the first table of each, for a paper that uses booktabs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gan_bench.base.escape import latex, plain
from gan_bench.base.text import percent, plural
from gan_bench.report.leaderboard import Board, Boards
from gan_bench.report.letters import share_one
from gan_bench.report.rulings import ruling_of
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
BOLD = r"\textbf{%s}"


def to_latex(boards: Boards) -> str:
    r"""One table for each leaderboard; it needs \usepackage{booktabs} and nothing else."""
    lines = [r"% needs \usepackage{booktabs}"]
    for board, chapter in zip(boards.boards, chapters(boards), strict=True):
        lines += _chapter(board, chapter)
    lines += [f"% {plain(text)}" for text in boards.unreadable]
    return "\n".join(lines) + "\n"


def _chapter(board: Board, chapter: Chapter) -> Iterator[str]:
    """The notes are comments: a caption has no room for them."""
    yield f"\n% {plain(chapter.slug)}"
    yield f"% {plain(chapter.answer)}"
    yield from (f"% {plain(f'{name}: {text}')}" for name, text in chapter.facts)
    yield from (f"% {plain(note.text)}" for note in chapter.notes)
    for section in chapter.tables[:1]:
        yield from _table(section, board)


def _table(section: Section, board: Board) -> Iterator[str]:
    alignment = "".join("r" if column.numeric else "l" for column in section.columns)
    head = _row(column.text for column in section.columns)
    yield BEGIN % (_caption(section, board), alignment, head)
    for row in section.scale:
        yield f"    {_row(row)}"
        yield r"    \midrule"
    for row in section.rows:
        best = row is section.rows[0] and _stands_alone(board)
        yield f"    {_row(row, BOLD if best else '%s')}"
    yield END


def _caption(section: Section, board: Board) -> str:
    """Data, size, kimg, n and seeds; and what ±, ranges and bold mean, if the table has them."""
    data, evaluation = board.protocol.data, board.protocol.evaluation
    name = board.ranking.name
    intervals = any(row.interval(name) for row in board.trained)
    ranges = any(len(row.values(name)) > 1 and not row.interval(name) for row in board.trained)
    sentences = [
        f"{data.name}, {data.size} px, {board.protocol.schedule.kimg:g} kimg, "
        f"n = {evaluation.tick_samples if board.equal_time else evaluation.samples:,}, "
        f"{_seeds(board)}",
        "Measured against held-out images" if evaluation.reference == "held-out" else "",
        section.title[:1].upper() + section.title[1:],
        section.shared[:1].upper() + section.shared[1:],
        _interval(board) if intervals and not board.by_time else "",
        "Of fewer than four scores: the lowest and the highest" if ranges else "",
        _letters(board) if any(board.ties) else "",
        "Bold: told apart from every other row" if _stands_alone(board) else "",
        f"{name}: {floor}" if (floor := board.trained_floors.get(name)) else "",
    ]
    return " ".join(f"{latex(sentence)}." for sentence in sentences if sentence)


def _interval(board: Board) -> str:
    less = ", which may hold less often: scores decided the number of seeds"
    sequential = board.decision or board.other_test
    return f"±: 95 % interval of the mean over seeds{less if sequential else ''}"


def _letters(board: Board) -> str:
    """What they mean, with the test that made them if it is not the usual one."""
    said = "Rows that share a letter cannot be told apart"
    if board.decision is None:
        return said
    most = f"at most {percent(board.decision.test.alpha)} of tables"
    return f"{said} (a sequential permutation test: a false difference appears in {most})"


def _seeds(board: Board) -> str:
    """How many seeds that have ended a row has, or from how few to how many."""
    counts = [row.counted(board.ranking.name) for row in board.trained] or [0]
    low, high = min(counts), max(counts)
    return plural(high, "seed") if low == high else f"{low} to {high} seeds"


def _stands_alone(board: Board) -> bool:
    """Whether the letters tell the first row apart from every other one, and its lead is proven.

    A row without letters, such as one that was not trained here, is told apart from none. At equal
    time the letters are about other scores than those by which the rows are ordered.
    """
    first, *others = board.ties or [""]
    apart = [bool(tie) and not share_one(first, tie) for tie in others]
    compared = not board.by_time and board.ranking.name not in board.trained_floors
    if not (first and others and all(apart) and compared):
        return False
    made = ruling_of(board.trained, board.ranking, board.apart(board.ranking))
    return made is not None and made.proven


def _row(texts: Iterable[str], form: str = "%s") -> str:
    return f"{' & '.join(form % latex(text) if text else '' for text in texts)} \\\\"
