"""Who leads, by how much, and whether that is told apart.

Nothing here claims more than the tests of the tie letters and the paired interval allow: the first
one leads where its letters and its interval both tell it apart from another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from statistics import fmean
from typing import Literal

from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.letters import letters, share_one
from gan_bench.report.pairs import Interval, mean_difference
from gan_bench.report.rows import Row, standing_of

Factor = Literal["architecture", "loss"]
Kind = Literal["row"] | Factor
RowName = tuple[str, str]  # architecture, loss
Apart = Callable[[RowName, RowName], bool]  # what a sequential test says of two rows


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
    # how much better the first one is on the mean of the seeds that both have, or of its own if
    # they share none, in the metric's unit; negative where its median is better; NaN: no score
    by: float
    interval: Interval | None  # of `by` over the seeds; None with fewer than four
    seeds: int  # that both sides have ended
    scored: int  # of these, the seeds that have a score on both sides
    proven: bool
    alike: bool = False  # whether both have the same scores
    more: bool = False  # whether one side has ended a seed that the other has not


@dataclass(frozen=True)
class Ruling:
    """How the sides of one kind stand by one metric."""

    kind: Kind
    metric: MetricSpec
    count: int  # of sides
    over: int  # rows that each side is the mean of
    first: str
    tied: tuple[str, ...]  # those that share a letter with the first, or that a test did not part
    lead: Lead | None  # over the best of the others; None if there is none
    unproven: tuple[str, ...] = ()  # further ones over which the first has no proven lead
    nearer: Lead | None = None  # over a later one whose mean is nearer to the first than the best's
    alone: bool = False  # none of the others has a score
    mixed: bool = False  # the lead is reversed within some architecture or loss, so it is none
    entries: bool = False  # the table has rows, too, that were not trained here
    untested: bool = False  # no test compares the sides, so that nothing told them apart
    alike: tuple[str, ...] = ()  # those that have the same scores as the first

    @property
    def proven(self) -> bool:
        """Whether the first one is told apart from every other one."""
        open_ = self.tied or self.unproven or self.mixed
        return not open_ and self.lead is not None and self.lead.proven


def ruling(
    sides: Sequence[Side],
    metric: MetricSpec,
    kind: Kind,
    apart: Callable[[str, str], bool] | None = None,
) -> Ruling | None:
    """Who is first, and what is told apart from it; None if no side has a score.

    `apart`: what a sequential test says of two sides; else the letters and the intervals say it.
    """
    order = in_order(sides)
    if not order or not order[0].scored:
        return None
    first, *others = order
    if apart:
        told = [apart(first.name, other.name) for other in others]
        leads = [_decided_lead(first, other, yes) for other, yes in zip(others, told, strict=True)]
        tied = [other.name for other, yes in zip(others, told, strict=True) if not yes]
    else:
        ties = letters([list(side.costs.values()) for side in order])
        shared = [share_one(ties[0], tie) for tie in ties[1:]]
        leads = [
            _lead(first, other, bool(ties[0] and tie) and not same)
            for other, tie, same in zip(others, ties[1:], shared, strict=True)
        ]
        tied = [other.name for other, same in zip(others, shared, strict=True) if same]
    open_ = [lead for lead in leads if lead.other not in tied]
    lead = open_[0] if open_ else None
    unproven = tuple(each.other for each in open_[1:] if not each.proven)
    known = [each for each in open_ if not math.isnan(each.by)]
    least = min(known, key=lambda each: each.by, default=lead)
    nearer = least if lead and least and least.by < lead.by else None
    alone = not any(other.scored for other in others)
    alike = tuple(each.other for each in open_ if each.alike)
    return Ruling(
        kind, metric, len(order), first.rows, first.name, tuple(tied), lead, unproven, nearer,
        alone, alike=alike,
    )  # fmt: skip


def rulings(rows: Sequence[Row], metric: MetricSpec, apart: Apart | None = None) -> list[Ruling]:
    """One of the architectures and one of the losses if the table is complete, else one of rows.

    A mean over losses hides an architecture that is better with one loss and worse with another: a
    lead that is reversed like that is marked, and if both are, the rows are compared. A sequential
    test compares rows.
    """
    if _complete(rows, metric) and not apart:
        kinds: tuple[Factor, Factor] = ("architecture", "loss")
        made = [ruling(sides_of(rows, metric, kind), metric, kind) for kind in kinds]
        marked = [replace(each, mixed=_reversed(rows, each)) for each in made if each]
        if not all(each.mixed for each in marked):
            return sorted(marked, key=lambda each: each.mixed)
    simple = ruling_of(rows, metric, apart)
    return [simple] if simple else []


def ruling_of(rows: Sequence[Row], metric: MetricSpec, apart: Apart | None = None) -> Ruling | None:
    """The ruling of the rows themselves; None if no row has a score."""
    kind = _kind(rows)
    row_of = {_name(row, kind): (row.architecture, row.loss) for row in rows}
    by_side = (lambda a, b: apart(row_of[a], row_of[b])) if apart else None
    return ruling(sides_of(rows, metric, kind), metric, kind, by_side)


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


def in_order(sides: Sequence[Side]) -> list[Side]:
    """The best first, of those that have a seed that has ended."""
    ended = [side for side in sides if side.costs]
    return sorted(ended, key=lambda side: standing_of(list(side.costs.values())))


def _lead(first: Side, other: Side, apart: bool) -> Lead:
    pairs = [(first.costs[seed], other.costs[seed]) for seed in first.costs if seed in other.costs]
    scored = [b - a for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    interval = mean_difference(scored)
    by = fmean(scored) if scored else _of_other_seeds(first, other)
    beyond = interval is not None and interval.low > 0
    return Lead(
        other.name,
        by,
        interval,
        len(pairs),
        len(scored),
        proven=apart and (beyond or not other.scored),
        alike=sorted(first.costs.values()) == sorted(other.costs.values()),
        more=first.costs.keys() != other.costs.keys(),
    )


def _of_other_seeds(first: Side, other: Side) -> float:
    """How much better the first one is on the mean of its own seeds; NaN: one has no score."""
    if not (first.scored and other.scored):
        return math.nan
    return fmean(other.scored) - fmean(first.scored)


def _decided_lead(first: Side, other: Side, apart: bool) -> Lead:
    """A lead that a sequential test has decided, so that no interval of it holds or is shown."""
    lead = _lead(first, other, apart)
    return replace(lead, interval=None, proven=apart and not lead.by <= 0)


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
    """Whether the first side of a complete table is the better one in some parts of it only."""
    if made.lead is None or made.lead.by == 0:
        return False
    within: Factor = "loss" if made.kind == "architecture" else "architecture"
    for name in {_name(row, within) for row in rows}:
        part = [row for row in rows if _name(row, within) == name]
        cost = {each.name: fmean(each.scored) for each in sides_of(part, made.metric, made.kind)}
        if cost[made.first] >= cost[made.lead.other]:
            return True
    return False
