"""What a leaderboard says: the findings of which the answer in one sentence is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from statistics import fmean

from gan_bench.base.text import number
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.leaderboard import Board
from gan_bench.report.no_better import no_better_than
from gan_bench.report.rows import Row, ranked
from gan_bench.report.rulings import Ruling, Side, in_order, ruling_of, rulings, sides_of
from gan_bench.report.statistics import ALPHA, MIN_SEEDS, interval
from gan_bench.results.frame import OPEN, UNMEASURED

GOOD = ("finished", *OPEN)  # all other ends of a cell belong into the answer


@dataclass(frozen=True)
class Ended:
    """The cells that ended in one way that is not good, with the dates of their verdicts."""

    status: str
    cells: tuple[tuple[str, float | None], ...]  # name and kimg


@dataclass(frozen=True)
class FirstInTime:
    """The first row after so many seconds of training each, by the metric of the ticks."""

    row: str
    seconds: float
    metric: str
    seeds: int = 1


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
    at_equal_time: FirstInTime | None = None  # if the rows are ordered by it
    alpha: float = ALPHA  # of the tests: how often alike rows are told apart
    unmeasured: int = 0  # of the unfinished: trained, but not measured as this table is

    @property
    def none_good(self) -> bool:
        """Whether no cell has finished, or still can."""
        return self.cells > 0 and sum(len(each.cells) for each in self.ended) == self.cells


def findings(board: Board) -> Findings:
    """All that the answer says of a leaderboard, at the end of the schedule."""
    floor = board.trained_floors.get(board.ranking.name)
    made = () if floor else tuple(_rulings(board))
    statuses = Counter(chain.from_iterable(row.cells["status"] for row in board.trained))
    return Findings(
        board.ranking.name,
        made,
        floor,
        tuple(_opposed(board, made[0])) if made else (),
        _ahead(board),
        tuple(_ended(board.trained)),
        statuses.total(),
        sum(statuses[status] for status in OPEN),
        _first_in_time(board),
        board.decision.test.alpha if board.decision else ALPHA,
        statuses[UNMEASURED],
    )


def _rulings(board: Board) -> Iterator[Ruling]:
    entries = len(board.trained) < len(board.rows)
    for each in rulings(board.trained, board.ranking, board.apart(board.ranking)):
        yield replace(each, entries=entries, untested=board.untested(board.ranking))


def _first_in_time(board: Board) -> FirstInTime | None:
    read = board.equal_time
    if read is None or board.tick_floor or not read.moments or not read.moments[0].scores:
        return None
    first = read.moments[0]
    return FirstInTime(first.row.name, read.seconds, read.metric.name, len(first.costs))


def winners(board: Board) -> dict[str, Ruling]:
    """Features net -> how the rows stand by that net's own first metric that compares them."""
    first = dict[str, MetricSpec]()
    for metric in board.protocol.evaluation.metrics:
        if metric.name not in board.trained_floors:
            first.setdefault(metric.features, metric)
    made = {
        net: ruling_of(board.trained, metric, board.apart(metric)) for net, metric in first.items()
    }
    return {
        net: replace(each, untested=board.untested(each.metric))
        for net, each in made.items()
        if each
    }


def _opposed(board: Board, made: Ruling) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Who is first by another distance, or by the ranking metric on another net, and by which."""
    first: dict[str, list[str]] = {}
    for metric in _rulers(board):
        sides = sides_of(board.trained, metric, made.kind)
        ours = next(side for side in sides if side.name == made.first)
        best = in_order(sides)[0]
        same = best.scored == ours.scored
        if best is not ours and not same and _better(best, ours):
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


def _better(best: Side, ours: Side) -> bool:
    """Whether its mean is better; from four seeds on, whether its interval lies below ours."""
    if not (best.scored and ours.scored):
        return False
    if min(len(best.costs), len(ours.costs)) < MIN_SEEDS:
        return fmean(best.scored) < fmean(ours.scored)
    low, high = interval(best.scored), interval(ours.scored)  # None: some seeds have no score
    return low is not None and high is not None and low[1] < high[0]


def _ahead(board: Board) -> tuple[str, float] | None:
    """The best entry and its score, if it is better than all rows that were trained here."""
    name = board.ranking.name
    entries = [row for row in board.rows if row.entry and not row.fewer and _is_good(row, board)]
    order = ranked([*board.trained, *entries], board.ranking)
    if not order or not order[0].entry:
        return None
    scores = [score for row in board.trained for score in row.values(name)]
    ours = order[0].values(name)[0]
    if number(ours) in map(number, scores):  # the export of a row differs from it by rounding
        return None
    return order[0].architecture, ours


def _is_good(entry: Row, board: Board) -> bool:
    """Whether an entry scores better than images with nothing in them."""
    values = entry.values(board.ranking.name)
    return any(not no_better_than(each, board.ranking, board.scale) for each in values)


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
