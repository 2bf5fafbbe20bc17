"""Sentences below the tables: verdicts, faults, diagnoses, refusals, rank agreement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from gan_bench.base.text import number, plural
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import cell_label
from gan_bench.report.leaderboard import Board, Neighbour
from gan_bench.report.rows import Row, with_record
from gan_bench.report.similarity import compare_networks, sentence_of
from gan_bench.results.records import Verdict

MOST_DIAGNOSES = 12  # if more cells have one, only the first seed of each row is shown


@dataclass(frozen=True)
class Note:
    """One sentence. A fault is something that went wrong; a remark is all else."""

    severity: Literal["fault", "remark"]
    text: str


def notes(board: Board, neighbour: Neighbour | None = None) -> list[Note]:
    """All notes of a leaderboard, the faults first."""
    remarks = chain(
        _no_time(board),
        _diagnoses(board),
        _refusals(board),
        _rank_agreement(board),
        _other_winners(board),
        _networks(board),
        _difference(neighbour),
    )
    faults = (text for row in board.rows for text in faults_of(row))
    return [
        *(Note("fault", text) for text in faults),
        *(Note("remark", text) for text in remarks),
    ]


def faults_of(row: Row) -> list[str]:
    """What went wrong: verdicts with their dates, failures, records that cannot be read."""
    reasons = zip(row.cells["status"], row.cells["reason"], strict=True)
    cells = zip(*(row.done[name] for name in FAULTS), strict=True)
    return [
        *chain.from_iterable(_faults(cell_label(*cell[:3]), *cell[3:]) for cell in cells),
        *(f"{row.name}: {reason}" for status, reason in reasons if status == "unreadable"),
    ]


FAULTS = (
    *("architecture", "loss", "seed"),
    *("status", "reason", "verdicts", "rollbacks", "notes"),
)


def _faults(
    cell: str,
    status: str,
    reason: str | None,
    verdicts: tuple[Verdict, ...],
    rollbacks: float,
    more: tuple[str, ...],
) -> Iterator[str]:
    for verdict in verdicts:
        after = "" if status == verdict.kind else f" (but {status} in the end)"
        date = f"at {number(verdict.kimg)} kimg"
        yield f"{cell}: {verdict.kind} {date}{after}: {verdict.reason}"
    if rollbacks:
        times = plural(int(rollbacks), "time")
        yield f"{cell}: rolled back {times}; the discarded images count towards its kimg"
    if reason and not verdicts:
        yield f"{cell}: {reason}"
    yield from (f"{cell}: {note}" for note in more)


def _no_time(board: Board) -> Iterator[str]:
    if board.by_time and board.equal_time is None:
        yield "no cell has completed the schedule: the rows are ordered by work, not by time"


def _diagnoses(board: Board) -> Iterator[str]:
    cells = with_record(board.cells)
    if cells["diagnosis"].notna().sum() > MOST_DIAGNOSES:
        cells = cells.groupby(["architecture", "loss"], sort=False).head(1)
    cells = cells[cells["diagnosis"].notna()]
    named: dict[str, list[str]] = {row.name: [] for row in board.rows}  # in the order of the table
    columns = (cells[name] for name in ("architecture", "loss", "seed", "diagnosis"))
    for architecture, loss, seed, diagnosis in zip(*columns, strict=True):
        text = f"{cell_label(architecture, loss, seed)}: {diagnosis}"
        named[f"{architecture} / {loss}"].append(text)
    yield from chain.from_iterable(named.values())


def _refusals(board: Board) -> Iterator[str]:
    """Each reason once, with the number of cells it holds for."""
    cells = with_record(board.cells)["unscored"]
    count = Counter(item for unscored in cells for item in unscored.items())
    for (metric, reason), times in count.items():
        yield f"{metric}: no score for {plural(times, 'cell')}: {reason}"


def _rank_agreement(board: Board) -> Iterator[str]:
    if board.agreements:
        taus = ", ".join(f"{name} {tau:.2f}" for name, tau in board.agreements.items())
        yield (
            f"rank agreement with {board.ranking.name} "
            f"(Kendall's tau: 1 is the same order, -1 the reverse): {taus}"
        )


def _other_winners(board: Board) -> Iterator[str]:
    """Whether the same metric on another features net has another winner."""
    family = board.ranking.name.removesuffix(board.ranking.features)
    metrics = board.protocol.evaluation.metrics
    nets = [metric.features for metric in metrics if metric.name == family + metric.features]
    first = {net: board.winners.get(net) for net in nets if family != board.ranking.name}
    if len(set(first.values())) > 1:
        listed = ", ".join(f"{winner} by {net}" for net, winner in first.items())
        yield f"the winner depends on the features: {listed}"


def _networks(board: Board) -> Iterator[str]:
    """Whether the first row's network differs from the others, where seeds are too few to say."""
    try:
        yield from map(sentence_of, compare_networks(board.rows))
    except StorageError as error:
        yield f"the networks cannot be compared: {error}"


def _difference(neighbour: Neighbour | None) -> Iterator[str]:
    """Why this table is not one with the most similar other one."""
    if neighbour:
        other, fields = neighbour
        listed = "; ".join(
            f"{name} is {here} here, {there} there" for name, (here, there) in fields.items()
        )
        yield f"not in one table with {other.slug}: {listed}"
