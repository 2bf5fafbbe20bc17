"""Results folders -> leaderboards: their rows in order, ties, rank agreement. Needs no torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gan_bench.contract.differing import differences
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import MetricSpec, Protocol
from gan_bench.report.chosen import boards_in, chosen_of
from gan_bench.report.decided import decision_of
from gan_bench.report.entry_rows import entry_rows, trained
from gan_bench.report.equal_time import EqualTime, at_equal_time
from gan_bench.report.floors import floors, side_by_side, signs, tick_floor
from gan_bench.report.letters import letters, letters_of
from gan_bench.report.looks import Looks, looks_of
from gan_bench.report.rows import Row, places, places_of, ranked, rows_of, standing
from gan_bench.report.rulings import Apart
from gan_bench.report.sequential import Decision
from gan_bench.report.sort_by import check_measured, ranking_of
from gan_bench.report.statistics import agreement
from gan_bench.results.frame import read_frame
from gan_bench.results.layout import PROTOCOL, evaluation_dir
from gan_bench.results.measurements import read_evaluation
from gan_bench.results.plans import Asked, read_plans, sequential_in
from gan_bench.results.reading import read_model
from gan_bench.results.records import Score
from gan_bench.results.scale import Scale, read_scale, with_ticks_of

if TYPE_CHECKING:
    import pandas as pd

Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class Board:
    """The leaderboard of one protocol, by its own evaluation or by one that was added."""

    slug: str  # of the protocol, and after a slash of the evaluation that was added
    folder: Path  # of the protocol
    protocol: Protocol  # with the evaluation that this board is about
    cells: pd.DataFrame  # one row a cell, as `read_frame` gives them
    rows: list[Row]  # the best first: by the ranking metric, or at equal time if by_time
    ranking: MetricSpec
    by_time: bool = False
    unsorted: str | None = None  # a metric that was asked to order the rows, and is not here
    equal_time: EqualTime | None = None  # None too if no cell has completed the schedule
    looks: Looks | None = None  # None if it was not written down how many seeds were planned
    decision: Decision | None = None  # of the sequential test that added seeds to these rows
    other_test: bool = False  # a sequential test added seeds, and compares other rows than these
    scale: Scale | None = None  # None too if it cannot be read
    scale_fault: str | None = None  # why it cannot be read
    plans_fault: str | None = None  # why the number of planned seeds cannot be read
    entry_faults: tuple[str, ...] = ()  # why some entries are not among the rows
    evaluation: str | None = None  # the name of the one that was added
    asked: Asked | None = None  # what `run` was asked for; None: not known

    @property
    def measured(self) -> Path:
        """The folder of what the evaluation made: its scale and its pictures."""
        return evaluation_dir(self.folder, self.evaluation) if self.evaluation else self.folder

    def real(self, metric: MetricSpec) -> Score | None:
        """What other real images score by a metric of the protocol."""
        real = self.scale.real if self.scale else None
        return real.scores.get(metric.name) if real else None

    @property
    def trained(self) -> list[Row]:
        """The rows that were trained here; all others are entries."""
        return trained(self.rows)

    @property
    def real_at_ticks(self) -> float | None:
        """What other real images score by the metric of the ticks, on as many as a tick's."""
        real = self.scale.real if self.scale else None
        return real.tick.get(self.protocol.evaluation.at_ticks.name) if real else None

    @cached_property
    def floors(self) -> dict[str, str]:
        """The metrics that do not compare the rows, and why; see `floors.floors`."""
        return self._floors(self.rows, "row")

    @cached_property
    def trained_floors(self) -> dict[str, str]:
        """Those that do not compare the rows that were trained here: entries may stand apart."""
        if len(self.trained) == len(self.rows):
            return self.floors
        return self._floors(self.trained, "row that was trained here")

    def _floors(self, rows: Sequence[Row], who: str) -> dict[str, str]:
        return floors(self.protocol.evaluation.metrics, self.ranking, rows, self.scale, who)

    @cached_property
    def tick_floor(self) -> str | None:
        """Why the rows have no order at equal time; None if they have one. See `tick_floor`."""
        return tick_floor(self.equal_time, self.scale) if self.equal_time else None

    @cached_property
    def others(self) -> list[MetricSpec]:
        """The metrics beside the ranking one that compare the rows, partners side by side."""
        metrics = self.protocol.evaluation.metrics
        hidden = self.floors.keys() - signs(self.protocol.evaluation.gauges, self.rows)
        kept = [metric for metric in metrics if metric.name not in hidden]
        return [m for m in side_by_side([self.ranking, *kept]) if m != self.ranking]

    @property
    def family(self) -> list[MetricSpec]:
        """The ranking metric on other features nets: fd-b for fd-a."""
        family = self.ranking.name.removesuffix(self.ranking.features)
        if family == self.ranking.name:
            return []
        return [metric for metric in self.others if metric.name == family + metric.features]

    @cached_property
    def ties(self) -> list[str]:
        """Letters by row: rows that share one cannot be told apart; see `letters`.

        A seed without a score counts as worse than all others. The letters compare the scores at
        the end of the schedule, whatever the order of the rows. Where a sequential test has added
        seeds, they are that test's; another metric has none then.
        """
        if self.decision:
            return self._decided_ties(self.decision)
        if self.other_test or not any(row.values(self.ranking.name) for row in self.rows):
            return [""] * len(self.rows)
        order = ranked(self.rows, self.ranking)
        shown = letters([row.costs(self.ranking) for row in order])
        by_name = {row.name: letter for row, letter in zip(order, shown, strict=True)}
        return [by_name[row.name] for row in self.rows]

    def _decided_ties(self, decision: Decision) -> list[str]:
        names = [(row.architecture, row.loss) for row in self.rows]
        tested = [place for place, row in enumerate(self.rows) if not row.entry]
        if self.ranking.name != self.decides or not all(decision.used.values()):
            return [""] * len(names)
        best_first = sorted(tested, key=lambda place: standing(self.rows[place], self.ranking))
        apart = [
            (a, b)
            for a, b in combinations(range(len(best_first)), 2)
            if decision.tells(names[best_first[a]], names[best_first[b]])
        ]
        shown = letters_of(len(best_first), range(len(best_first)), apart)
        by_place = dict(zip(best_first, shown, strict=True))
        return [by_place.get(place, "") for place in range(len(names))]

    @property
    def decides(self) -> str:
        """The metric by which a sequential test adds seeds: the first of the protocol's own."""
        first = self.protocol.evaluation.metrics[0].name
        return first if self.evaluation is None else ""

    def untested(self, metric: MetricSpec) -> bool:
        """Whether no test compares the rows by this metric.

        A sequential test compares them by its own metric. The number of seeds depends on scores
        then, so that no test with a fixed number of them holds for another metric or row.
        """
        return metric.name != self.decides if self.decision else self.other_test

    def apart(self, metric: MetricSpec) -> Apart | None:
        """What a sequential test says of two rows; None if the seeds did not depend on one."""
        if self.untested(metric):
            return lambda *_: False
        return self.decision.tells if self.decision else None

    @cached_property
    def agreements(self) -> dict[str, float]:
        """Kendall's tau of each other metric's order of the rows with that of the table.

        It is that of the rows that have a score of both, of as many images as the table has.
        """
        none = self.ranking.name in self.floors
        others = [] if none else [each for each in self.others if each.name not in self.floors]
        scored = [row for row in self.rows if row.values(self.ranking.name) and not row.fewer]
        ours = [standing(row, self.ranking) for row in scored]
        taus = {}
        for metric in others:
            both = [k for k, row in enumerate(scored) if row.values(metric.name)]
            theirs = places([scored[k] for k in both], metric)
            taus[metric.name] = agreement(places_of([ours[k] for k in both]), theirs)
        return {name: tau for name, tau in taus.items() if tau is not None}


@dataclass(frozen=True)
class Boards:
    """All leaderboards of a results folder."""

    boards: list[Board]
    unreadable: list[str]  # one sentence for each protocol that could not be read
    by_time: bool = False


def load(
    results: Path,
    protocol: str | None = None,
    sort: str | None = None,
    by_time: bool = False,
    slugs: Sequence[str] = (),
) -> Boards:
    """Read a results folder, or the folder of one protocol.

    `protocol` is the slug of a board, or the beginning of one; that of a protocol chooses its
    boards by every evaluation. `slugs` are those of the boards to read, if given. `sort` is a
    metric to rank by, `by_time` orders all tables by where the rows stood at equal training time.
    UsageError if there is nothing to report or a name is unknown.
    """
    boards, unreadable = [], []
    found = boards_in(results)
    exactly = [found[slug] for slug in slugs if slug in found]
    for folder, evaluation in exactly or chosen_of(found, results, protocol):
        try:
            boards.append(_board(folder, evaluation, sort, by_time))
        except StorageError as error:
            unreadable.append(str(error))
    if sort and boards:
        metrics = {
            each.slug: [spec.name for spec in each.protocol.evaluation.metrics] for each in boards
        }
        check_measured(sort, metrics, _protocols(results))
    return Boards(boards, unreadable, by_time)


def _protocols(results: Path) -> list[Path]:
    """The folders of all protocols of the results, or of those beside this one."""
    folder = results.absolute()
    home = folder.parent if (folder / PROTOCOL).exists() else folder
    return [path.parent for path in sorted(home.glob(f"*/{PROTOCOL}"))]


def _board(folder: Path, evaluation: str | None, sort: str | None, by_time: bool) -> Board:
    protocol = read_model(folder / PROTOCOL, Protocol)
    protocol_metric = protocol.evaluation.metrics[0]
    scale, scale_fault = _read_or_fault(read_scale, folder)
    if evaluation is not None:
        protocol = protocol.measured_by(read_evaluation(folder, evaluation))
        at_ticks = scale
        scale, scale_fault = _read_or_fault(read_scale, evaluation_dir(folder, evaluation))
        scale = scale and with_ticks_of(scale, at_ticks)
    ranking = ranking_of(protocol, sort)
    cells = read_frame(folder, evaluation)
    entries, entry_faults = entry_rows(folder, protocol.evaluation)
    rows = ranked([*rows_of(cells), *entries], ranking)
    equal_time = at_equal_time(protocol, trained(rows)) if by_time else None
    if equal_time:
        rows = [*(moment.row for moment in equal_time.moments), *ranked(entries, ranking)]
    slug = Path(os.path.abspath(folder)).name
    plans, plans_fault = _read_or_fault(read_plans, folder)
    decision = decision_of(protocol_metric, trained(rows), plans or [])
    return Board(
        slug if evaluation is None else f"{slug}/{evaluation}",
        folder,
        protocol,
        cells,
        rows,
        ranking,
        by_time=by_time,
        unsorted=None if sort in (None, ranking.name) else sort,
        equal_time=equal_time,
        looks=looks_of(plans or []),
        decision=decision,
        other_test=decision is None and sequential_in(plans or []) is not None,
        scale=scale,
        scale_fault=scale_fault,
        plans_fault=plans_fault,
        evaluation=evaluation,
        asked=next((plan.asked for plan in reversed(plans or []) if plan.asked), None),
        # the protocol's own board says why an entry is left out
        entry_faults=() if evaluation else tuple(entry_faults),
    )


def _read_or_fault(read: Callable[[Path], Value], folder: Path) -> tuple[Value | None, str | None]:
    """What the function reads of a protocol's folder, or why it cannot be read."""
    try:
        return read(folder), None
    except StorageError as error:
        return None, str(error)


Neighbour = tuple[Board, dict[str, tuple[Any, Any]]]


def nearest(boards: Sequence[Board]) -> list[Neighbour | None]:
    """For each board the other one that differs in the fewest fields, and these fields."""
    if len(boards) < 2:
        return [None] * len(boards)
    codes = _codes([board.protocol.fields() for board in boards])
    neighbours: list[Neighbour | None] = []
    for place, board in enumerate(boards):
        differing = np.count_nonzero(codes != codes[place], axis=1)
        differing[place] = codes.shape[1] + 1
        other = boards[int(differing.argmin())]
        neighbours.append((other, differences(board.protocol, other.protocol)))
    return neighbours


def _codes(documents: Sequence[dict[str, Any]]) -> np.ndarray:
    """(documents, fields): whole numbers, in each column the same ones for the same values."""
    names = {name: None for document in documents for name in document}
    known: dict[tuple[str, str], int] = {}
    return np.array(
        [
            [known.setdefault((name, repr(document.get(name))), len(known)) for name in names]
            for document in documents
        ]
    )
