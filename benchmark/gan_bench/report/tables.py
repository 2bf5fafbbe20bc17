"""All that a report says about one protocol, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.again import Again, again
from gan_bench.report.answer import parts, sentence
from gan_bench.report.costs import cost_section, total_cost
from gan_bench.report.facts import claims, protocol_lines, with_images
from gan_bench.report.findings import findings
from gan_bench.report.first_table import equal_time_table, metrics_beside, ranking_table
from gan_bench.report.leaderboard import Board, Boards, nearest
from gan_bench.report.notes import Note, notes
from gan_bench.report.score_columns import scores
from gan_bench.report.section import NOTHING, Filled, Section, section_of
from gan_bench.report.seed_tables import best_ticks, pairs_table, seeds_table
from gan_bench.report.selection import captions, figure_paths


@dataclass(frozen=True)
class Chapter:
    """All that a report says about one protocol, in order."""

    slug: str
    answer: str  # in one sentence
    headline: tuple[str, str]  # its two parts: who leads, and what ended badly
    tables: list[Section]  # what the rows are ordered by
    claims: str  # what ± and the letters mean
    notes: list[Note]
    more: list[Section]  # all other tables
    facts: list[tuple[str, str]]  # about the protocol
    cost: str  # of all cells together, "" if it is not known
    again: Again  # where the cells ran, and what trains them again
    pictures: dict[str, Path]  # those that are drawn
    captions: dict[str, str]  # of all pictures

    @property
    def faults(self) -> list[str]:
        """The notes about what went wrong."""
        return [note.text for note in self.notes if note.severity == "fault"]

    @property
    def remarks(self) -> list[str]:
        """All other notes."""
        return [note.text for note in self.notes if note.severity == "remark"]


def chapters(boards: Boards) -> Iterator[Chapter]:
    """One for each leaderboard."""
    for board, neighbour in zip(boards.boards, nearest(boards.boards), strict=True):
        found = findings(board)
        yield Chapter(
            slug=board.slug,
            answer=sentence(found),
            headline=parts(found),
            tables=tables(board),
            claims=claims(board),
            notes=notes(board, neighbour),
            more=more_tables(board),
            facts=with_images(protocol_lines(board), board.folder),
            cost=total_cost(board.trained),
            again=again(board),
            pictures={name: path for name, path in figure_paths(board).items() if path.is_file()},
            captions=captions(board),
        )


def tables(board: Board) -> list[Section]:
    """What the rows are ordered by: at equal time, if asked for, and at the end of the schedule."""
    first = [equal_time_table(board, board.equal_time)] if board.equal_time else []
    return _filled([*first, ranking_table(board)])


def more_tables(board: Board) -> list[Section]:
    """Further metrics, best ticks, seeds, pairs of rows, cost."""
    beside = metrics_beside(board)
    others = [metric for metric in board.others if metric not in beside]
    return _filled(
        [
            section_of("other metrics", board.rows, _scored(board, others)),
            section_of("best tick", board.rows, list(best_ticks(board))),
            seeds_table(board),
            pairs_table(board),
            cost_section(board.trained),
        ]
    )


def _scored(board: Board, metrics: Sequence[MetricSpec]) -> list[Filled]:
    """Their columns, without those that have no number: a remark says why."""
    columns = [scores(board, each) for each in metrics]
    return [each for each in columns if {*each.texts, each.real} - {"", NOTHING}]


def _filled(sections: Sequence[Section]) -> list[Section]:
    return [each for each in sections if len(each.columns) > each.names and each.rows]
