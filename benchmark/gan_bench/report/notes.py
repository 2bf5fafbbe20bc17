"""What else there is to know about a leaderboard: verdicts, refusals, rank agreement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gan_bench.report.leaderboard import Board, Neighbour

TOLD = 12  # cells whose curves are put into words; of more, the first seed of each row


def notes(board: Board, neighbour: Neighbour | None = None) -> list[str]:
    """What else there is to know: verdicts, words, refusals, rulers that disagree, neighbours."""
    remarks = [f"! {remark}" for row in board.rows for remark in row.remarks()]
    return [
        *remarks,
        *_diagnoses(board),
        *_refusals(board),
        *_rulers(board),
        *_apart(neighbour),
    ]


def _diagnoses(board: Board) -> Iterator[str]:
    told = [(row, r) for row in board.rows for r in row.records if r.diagnosis]
    if len(told) > TOLD:
        told = [(row, row.records[0]) for row in board.rows if row.records]
    for row, record in told:
        if record.diagnosis:
            yield f"{row.name} / seed{record.seed}: {record.diagnosis}"


def _refusals(board: Board) -> Iterator[str]:
    """Each reason once, with the rows it holds for."""
    told = Counter(
        (name, reason) for record in board.records() for name, reason in record.unscored.items()
    )
    for (name, reason), times in told.items():
        yield f"{name}: no score for {times} cell{'s' if times > 1 else ''}: {reason}"


def _rulers(board: Board) -> Iterator[str]:
    """Whether the winner depends on the ruler."""
    taus = board.agreements()
    if taus:
        listed = ", ".join(f"{name} {tau:.2f}" for name, tau in taus.items())
        yield (
            f"rank agreement with {board.ranking.name} (Kendall's tau: 1 the same order, "
            f"-1 the reverse): {listed}"
        )
    first = {net: board.winners().get(net) for net in _opinions(board)}
    if len(set(first.values())) > 1:
        listed = ", ".join(f"{winner} by {net}" for net, winner in first.items())
        yield f"the winner depends on the ruler: {listed}"


def _opinions(board: Board) -> list[str]:
    """The nets that measure the same thing as the ranking metric: fd-<one>, fd-<another>."""
    family = board.ranking.name.removesuffix(board.ranking.features)
    if family == board.ranking.name:
        return []
    metrics = board.protocol.evaluation.metrics
    return [metric.features for metric in metrics if metric.name == family + metric.features]


def _apart(neighbour: Neighbour | None) -> Iterator[str]:
    """Why this table is not one with the most similar other one."""
    if neighbour:
        other, fields = neighbour
        listed = "; ".join(
            f"{name} is {here}, there {there}" for name, (here, there) in fields.items()
        )
        yield f"not one table with {other.slug}: {listed}"
