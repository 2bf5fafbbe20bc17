"""Each row untuned and tuned, and what choosing flatters: the numbers of a study's table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

import numpy as np

from gan_bench.contract.protocol import Half
from gan_bench.report.comparison import midranks
from gan_bench.report.curves import tick_scores
from gan_bench.report.tuning.expected import bounds, expected_best, redrawn
from gan_bench.report.tuning.trials import RowTrials, Tried, Tuned
from gan_bench.results.studies import early_ticks

LEAST_RANKED = 3  # trials: of fewer a rank correlation says nothing


@dataclass(frozen=True)
class Lead:
    """Which row is first, and by how much; None where there is no second one."""

    first: str
    second: str | None
    by: float | None
    low: float | None = None  # of the lead in the expected best, where trials are redrawn
    high: float | None = None


@dataclass(frozen=True)
class Care:
    """One row with the first trials that every row has had. Costs: lower is better."""

    row: RowTrials
    choosing: np.ndarray  # (K,)
    reporting: np.ndarray  # (K,)

    @property
    def chosen(self) -> int:
        """The trial with the best score on the choosing half."""
        return int(np.argmin(self.choosing))

    def trial(self, k: int) -> Tried:
        """What the row scored in a trial."""
        return self.row.trials[k]

    @property
    def scored(self) -> list[int]:
        """The trials that have a score on both halves."""
        every = enumerate(self.row.trials[: len(self.reporting)])
        return [k for k, each in every if None not in (each.choosing, each.reporting)]

    @property
    def untuned(self) -> float | None:
        """The score of the default schedule on the reporting half."""
        return self.trial(0).reporting

    @property
    def tuned(self) -> float | None:
        """The score of the chosen trial on the reporting half."""
        return self.trial(self.chosen).reporting

    @cached_property
    def expected(self) -> np.ndarray:
        """(K,) the expected cost of the best of k = 1 .. K trials."""
        return expected_best(self.choosing, self.reporting)

    @cached_property
    def redraws(self) -> np.ndarray:
        """(B, K) the same of redrawn trials."""
        return redrawn(self.choosing, self.reporting)

    @property
    def flattery(self) -> float:
        """How much better the best of K looks on the half that it was chosen on.

        The mean of both directions: the halves are of different images, so one of them may be
        easier for all trials, and that cancels.
        """
        here = _gain(self.choosing, self.reporting)
        return (here + _gain(self.reporting, self.choosing)) / 2


def _gain(choosing: np.ndarray, reporting: np.ndarray) -> float:
    chosen = int(np.argmin(choosing))
    return float(reporting[chosen] - choosing[chosen])


@dataclass(frozen=True)
class Best:
    """The expected best score of k trials, and its range in redrawn trials."""

    k: int
    score: float
    low: float
    high: float


def expected_scores(tuned: Tuned, care: Care) -> list[Best]:
    """Of a row, k = 1 .. K; none if trials were stopped early, or if no trial has a score."""
    if tuned.halved or not care.scored:
        return []
    cost = tuned.metric.cost
    ends = [sorted(cost(float(end)) for end in each) for each in bounds(care.redraws).T]
    return [
        Best(k, cost(float(value)), low, high)
        for k, (value, (low, high)) in enumerate(zip(care.expected, ends, strict=True), 1)
    ]


@dataclass(frozen=True)
class Early:
    """What the order of the trials early in their training says of the order at the end."""

    share: float  # of the schedule, after which a tick lies
    correlation: float  # Spearman's, the mean over rows
    kept: int  # rows whose chosen trial is in the better half of the trials then
    rows: int
    trials: int  # that were ranked, in all rows together


def cares(tuned: Tuned) -> list[Care]:
    """The rows, the best tuned one first; none where a row has had no trial yet."""
    if not tuned.common:
        return []
    halves: tuple[Half, Half] = ("choosing", "reporting")
    every = [Care(row, *(tuned.costs(row, half) for half in halves)) for row in tuned.rows]
    return sorted(every, key=lambda care: care.reporting[care.chosen])


def untuned_lead(tuned: Tuned, rows: Sequence[Care]) -> Lead | None:
    """Which row is first at the default schedule."""
    scored = [care for care in rows if care.untuned is not None]
    order = sorted(scored, key=lambda care: care.reporting[0])
    if not order:
        return None
    return Lead(order[0].row.label, *_second(order, [care.reporting[0] for care in order]))


def tuned_lead(tuned: Tuned, rows: Sequence[Care]) -> Lead | None:
    """Which row is first at the best of K, and what redrawn trials make of the lead.

    They are redrawn alike for both rows. That proves nothing, see `expected.bounds`.
    """
    order = [care for care in rows if care.tuned is not None]
    if not order:
        return None
    best = [care.reporting[care.chosen] for care in order]
    second, by = _second(order, best)
    if second is None or tuned.common < 2 or tuned.halved:
        return Lead(order[0].row.label, second, by)
    low, high = bounds(order[1].redraws[:, -1] - order[0].redraws[:, -1])
    return Lead(order[0].row.label, second, by, float(low), float(high))


def _second(order: Sequence[Care], costs: Sequence[float]) -> tuple[str | None, float | None]:
    return (order[1].row.label, float(costs[1] - costs[0])) if len(order) > 1 else (None, None)


def flattery(rows: Sequence[Care]) -> tuple[float, float]:
    """By how much choosing flatters, on average over rows; and as a share of the best cost."""
    by = fmean(care.flattery for care in rows)
    best = fmean(abs(care.reporting[care.chosen]) for care in rows)
    return by, by / best if best else 0.0


def noise(rows: Sequence[Care]) -> float:
    """By how much (sd) the scores of one trial on the two halves differ, without what all share."""
    apart = np.concatenate([(care.reporting - care.choosing)[care.scored] for care in rows])
    return float(np.std(apart, ddof=1)) if len(apart) > 1 else 0.0


def early(tuned: Tuned, rows: Sequence[Care]) -> list[Early]:
    """How well scores at ticks early in the training rank the trials of a row.

    The ticks are those at which `--halve` stops the worse half of the trials.
    """
    ticks = tuned.study.protocol.schedule.ticks
    found = []
    for tick in early_ticks(ticks):
        share = tick / ticks
        ranked = [each for care in rows if (each := _ranked(tuned, care, share))]
        if ranked:
            correlations = [correlation for correlation, _, _ in ranked]
            kept = sum(kept for _, kept, _ in ranked)
            count = sum(count for _, _, count in ranked)
            found.append(Early(share, fmean(correlations), kept, len(ranked), count))
    return found


def _ranked(tuned: Tuned, care: Care, share: float) -> tuple[float, bool, int] | None:
    """Spearman's correlation of one row; whether its chosen trial would be kept; of how many."""
    schedule, metric = tuned.study.protocol.schedule, tuned.study.protocol.evaluation.at_ticks
    then, last = dict[int, float](), dict[int, float]()
    for k in care.scored:
        for kimg, score in tick_scores(care.trial(k).folders[0], metric.name):
            if abs(kimg / schedule.kimg - share) * schedule.ticks < 0.5:  # of the way to the next
                then[k], last[k] = metric.cost(score), float(care.reporting[k])
    if len(then) < LEAST_RANKED or care.chosen not in then:
        return None
    ranks = midranks(np.array([*then.values()])), midranks(np.array([*last.values()]))
    if min(np.ptp(ranks[0]), np.ptp(ranks[1])) == 0:
        return None
    correlation = float(np.corrcoef(*ranks)[0, 1])
    better = sum(cost < then[care.chosen] for cost in then.values())
    return correlation, better < -(-len(then) // 2), len(then)
