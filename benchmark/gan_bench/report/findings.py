"""Who leads a table, by how much and how sure that is: what the answer in one sentence says.

Nothing here claims more than the tests of the tie letters and the paired interval allow: the first
one leads where its letters and its interval both tell it apart from another.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from statistics import fmean
from typing import Literal

from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.leaderboard import Board
from gan_bench.report.letters import letters, share_one
from gan_bench.report.pairs import Interval, mean_difference
from gan_bench.report.rows import Row, standing_of
from gan_bench.report.statistics import interval
from gan_bench.results.frame import UNFINISHED

Factor = Literal["architecture", "loss"]
Kind = Literal["row"] | Factor
GOOD = ("finished", UNFINISHED)  # all other ends of a cell belong into the answer


@dataclass(frozen=True)
class Side:
    """What is compared: a row, or the mean of all rows of one architecture or of one loss."""

    name: str
    costs: dict[int, float]  # seed -> cost: lower is better, infinite without a score
    rows: int = 1  # that it is the mean of

    @property
    def scored(self) -> list[float]:
        """The costs of the seeds that have a score."""
        return [cost for cost in self.costs.values() if math.isfinite(cost)]


@dataclass(frozen=True)
class Lead:
    """The first of the sides against another one."""

    other: str
    by: float  # how much better the first one is on the mean, in the metric's unit; NaN: no score
    interval: Interval | None  # of `by` over the seeds; None with fewer than four
    seeds: int  # that both sides have ended
    scored: int  # of these, the seeds that have a score on both sides
    proven: bool


@dataclass(frozen=True)
class Ruling:
    """How the sides of one kind stand by one metric."""

    kind: Kind
    metric: MetricSpec
    count: int  # of sides
    over: int  # rows that each side is the mean of
    first: str
    tied: tuple[str, ...]  # those that enough seeds do not tell apart from the first
    lead: Lead | None  # over the best of the others; None if there is none
    mixed: bool = False  # the lead is reversed within some architecture or loss, so it is none

    @property
    def proven(self) -> bool:
        """Whether the first one is told apart from every other one."""
        return not (self.tied or self.mixed) and self.lead is not None and self.lead.proven


@dataclass(frozen=True)
class Ended:
    """The cells that ended in one way that is not good, with the dates of their verdicts."""

    status: str
    cells: tuple[tuple[str, float | None], ...]  # name and kimg


@dataclass(frozen=True)
class Findings:
    """What a leaderboard says, in the order in which it is said."""

    metric: str  # the ranking one
    rulings: tuple[Ruling, ...]  # of the rows, or one of the architectures and one of the losses
    floor: str | None  # why the ranking metric does not compare the rows
    opposed: tuple[tuple[str, tuple[str, ...]], ...]  # who is first by which other metrics
    ahead: tuple[str, float] | None  # the best entry, if it scores better than all trained rows
    ended: tuple[Ended, ...]
    cells: int  # that were planned
    unfinished: int

    @property
    def none_good(self) -> bool:
        """Whether no cell has finished, or still can."""
        return self.cells > 0 and sum(len(each.cells) for each in self.ended) == self.cells


def findings(board: Board) -> Findings:
    """All that the answer says of a leaderboard, at the end of the schedule."""
    floor = board.floors.get(board.ranking.name)
    rulings = () if floor else tuple(_rulings(board.trained, board.ranking))
    statuses = Counter(chain.from_iterable(row.cells["status"] for row in board.trained))
    return Findings(
        board.ranking.name,
        rulings,
        floor,
        tuple(_opposed(board, rulings[0])) if rulings else (),
        _ahead(board),
        tuple(_ended(board.trained)),
        statuses.total(),
        statuses[UNFINISHED],
    )


def _order(sides: Sequence[Side]) -> list[Side]:
    """The best first, of those that have a seed that has ended."""
    ended = [side for side in sides if side.costs]
    return sorted(ended, key=lambda side: standing_of(list(side.costs.values())))


def winners(board: Board) -> dict[str, Ruling]:
    """Features net -> how the rows stand by that net's own first metric that compares them."""
    first = dict[str, MetricSpec]()
    for metric in board.protocol.evaluation.metrics:
        if metric.name not in board.floors:
            first.setdefault(metric.features, metric)
    made = {net: _ruling(board.trained, metric) for net, metric in first.items()}
    return {net: each for net, each in made.items() if each}


def ruling(sides: Sequence[Side], metric: MetricSpec, kind: Kind) -> Ruling | None:
    """Who is first, and what is told apart from it; None if no side has a score."""
    order = _order(sides)
    if not order or not order[0].scored:
        return None
    first, *others = order
    ties = letters([list(side.costs.values()) for side in order])
    leads = [
        _lead(first, other, bool(ties[0] and tie) and not share_one(ties[0], tie))
        for other, tie in zip(others, ties[1:], strict=True)
    ]
    tested = [bool(ties[0] and tie) for tie in ties[1:]]
    tied = [
        lead.other for lead, known in zip(leads, tested, strict=True) if known and not lead.proven
    ]
    lead = next((lead for lead in leads if lead.other not in tied), None)
    return Ruling(kind, metric, len(order), first.rows, first.name, tuple(tied), lead)


def _lead(first: Side, other: Side, apart: bool) -> Lead:
    pairs = [(first.costs[seed], other.costs[seed]) for seed in first.costs if seed in other.costs]
    scored = [(a, b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    known = bool(first.scored and other.scored)
    by = mean_difference([b - a for a, b in scored])
    return Lead(
        other.name,
        by.value if by else (fmean(other.scored) - fmean(first.scored) if known else math.nan),
        by,
        len(pairs),
        len(scored),
        proven=apart and (by is None or by.low > 0),
    )


def _rulings(rows: Sequence[Row], metric: MetricSpec) -> list[Ruling]:
    """One of the architectures and one of the losses if the table is complete, else one of rows.

    A mean over losses hides an architecture that is better with one loss and worse with another: a
    lead that is reversed like that is marked, and if both are, the rows are compared.
    """
    if _complete(rows, metric):
        kinds: tuple[Factor, Factor] = ("architecture", "loss")
        made = [ruling(sides_of(rows, metric, kind), metric, kind) for kind in kinds]
        marked = [replace(each, mixed=_reversed(rows, each)) for each in made if each]
        if not all(each.mixed for each in marked):
            return sorted(marked, key=lambda each: each.mixed)
    simple = _ruling(rows, metric)
    return [simple] if simple else []


def _ruling(rows: Sequence[Row], metric: MetricSpec) -> Ruling | None:
    kind = _kind(rows)
    return ruling(sides_of(rows, metric, kind), metric, kind)


def _complete(rows: Sequence[Row], metric: MetricSpec) -> bool:
    """Whether several architectures have all of several losses, with scores of the same seeds."""
    pairs = {(row.architecture, row.loss) for row in rows}
    architectures, losses = ({pair[k] for pair in pairs} for k in (0, 1))
    costs = [row.cost_by_seed(metric) for row in rows]
    return (
        min(len(architectures), len(losses)) > 1
        and len(rows) == len(pairs) == len(architectures) * len(losses)
        and all(each.keys() == costs[0].keys() for each in costs)
        and all(map(math.isfinite, chain.from_iterable(each.values() for each in costs)))
    )


def sides_of(rows: Sequence[Row], metric: MetricSpec, kind: Kind) -> list[Side]:
    """The rows, or for each architecture or loss the mean of its rows, seed by seed."""
    groups: dict[str, list[dict[int, float]]] = {}
    for row in rows:
        groups.setdefault(_name(row, kind), []).append(row.cost_by_seed(metric))
    return [
        Side(
            name,
            {
                seed: fmean(each[seed] for each in costs)
                for seed in set[int].intersection(*map(set, costs))
            },
            len(costs),
        )
        for name, costs in groups.items()
    ]


def _kind(rows: Sequence[Row]) -> Kind:
    """Of a table that is not complete: its architectures if all rows share the loss, and so on."""
    architectures, losses = zip(*(row.labels for row in rows), strict=True) if rows else ((), ())
    if len(rows) > 1 and 1 in (len(set(architectures)), len(set(losses))):
        return "architecture" if len(set(losses)) == 1 else "loss"
    return "row"


def _name(row: Row, kind: Kind) -> str:
    """What a row is called where rows, architectures or losses are compared."""
    return row.name if kind == "row" else row.labels[0 if kind == "architecture" else 1]


def _reversed(rows: Sequence[Row], made: Ruling) -> bool:
    """Whether the first side of a complete table is the worse one in some part of it."""
    within: Factor = "loss" if made.kind == "architecture" else "architecture"
    for name in {_name(row, within) for row in rows}:
        part = [row for row in rows if _name(row, within) == name]
        cost = {each.name: fmean(each.scored) for each in sides_of(part, made.metric, made.kind)}
        if made.lead and cost[made.first] > cost[made.lead.other]:
            return True
    return False


def _opposed(board: Board, made: Ruling) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Who is first by another distance, or by the ranking metric on another net, and by which."""
    first: dict[str, list[str]] = {}
    for metric in _rulers(board):
        sides = sides_of(board.trained, metric, made.kind)
        ours = next(side for side in sides if side.name == made.first)
        best = _order(sides)[0]
        if best is not ours and _apart(ours.scored, best.scored):
            first.setdefault(best.name, []).append(metric.name)
    yield from ((name, tuple(metrics)) for name, metrics in first.items())


def _rulers(board: Board) -> list[MetricSpec]:
    """The other metrics that should agree on the best row: one family, and all distances.

    A distance is a metric whose lower scores are better and that has no alarm: one with an alarm
    looks for one fault.
    """
    if board.ranking.higher_is_better:
        return board.family
    return [each for each in board.others if not each.higher_is_better and each.alarm is None]


def _apart(ours: list[float], best: list[float]) -> bool:
    """Whether both have scores, and their intervals, if they have some, do not overlap."""
    one, other = interval(ours), interval(best)
    if one is None or other is None:
        return bool(ours and best)
    return other[1] < one[0]


def _ahead(board: Board) -> tuple[str, float] | None:
    """The best entry and its score, if it is better than all rows that were trained here."""
    name = board.ranking.name
    entries = [row for row in board.rows if row.entry and not row.fewer and row.values(name)]
    known = [row.costs(board.ranking)[0] for row in entries]
    trained = [
        fmean(side.scored) for side in sides_of(board.trained, board.ranking, "row") if side.scored
    ]
    if not known or min(known) >= min(trained, default=math.inf):
        return None
    best = entries[known.index(min(known))]
    return best.architecture, best.values(name)[0]


def _ended(rows: Sequence[Row]) -> Iterator[Ended]:
    """Each way to end that is not good, with its cells in the order of the table."""
    ends: dict[str, list[tuple[str, float | None]]] = {}
    for row in rows:
        columns = (row.cells[name] for name in ("status", "seed", "verdicts"))
        for status, seed, verdicts in zip(*columns, strict=True):
            if status not in GOOD:
                found = verdicts if isinstance(verdicts, tuple) else ()
                dates = [each.kimg for each in found if each.kind == status]
                cell = row.cell_name(seed) if isinstance(seed, int) else row.name
                ends.setdefault(status, []).append((cell, dates[-1] if dates else None))
    yield from (Ended(status, tuple(ends[status])) for status in sorted(ends))
