"""The files of an audit -> what every metric sees, in which order, with which bias and cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

from gan_bench.report.audit.statistics import Share, in_order, power, threshold
from gan_bench.results.audits import (
    REAL_SETS,
    Audit,
    AuditedFault,
    AuditedMetric,
    Block,
    Score,
    SizeBlock,
    read_audit,
    read_block,
    read_sizes,
)

SEEN = 0.8  # power from which on a strength is called seen: the usual one of a planned study


@dataclass(frozen=True)
class Strength:
    """How a metric answers to one strength of a fault."""

    strength: float
    power: Share
    better: Share  # of the sets that score better than nearly all real ones: a fault is rewarded
    refused: int  # sets without a score
    mean: float | None  # score; None if all were refused

    @property
    def seen(self) -> bool:
        """Whether the metric sees it."""
        return self.power.value >= SEEN


@dataclass(frozen=True)
class Answer:
    """How a metric answers to a fault, at one number of images."""

    fault: AuditedFault
    strengths: tuple[Strength, ...]
    order: Share | None
    why_not: str | None = None  # why no set was made, or none was scored

    @property
    def seen_from(self) -> float | None:
        """The mildest strength from which on all are seen; None if the strongest is not."""
        found = None
        for each in reversed(self.strengths):
            if not each.seen:
                break
            found = each.strength
        return found


@dataclass(frozen=True)
class AtSize:
    """A metric at one number of images."""

    n: int
    why_none: str | None  # why it has no threshold: it refuses real images
    real: tuple[float, ...] = ()  # scores of the sets that say what is an alarm
    false_alarms: Share | None = None  # among the sets that would be corrupted elsewhere
    answers: tuple[Answer, ...] = ()

    def answer(self, fault: str) -> Answer | None:
        """How it answers to this fault; None if it cannot be said."""
        return next((each for each in self.answers if each.fault.name == fault), None)

    @property
    def counted(self) -> tuple[int, int]:
        """How many strengths of all faults it sees, and of how many."""
        every = [each for answer in self.answers for each in answer.strengths]
        return sum(each.seen for each in every), len(every)

    @property
    def order(self) -> float | None:
        """The mean share of right pairs over the faults that it sees at the strongest."""
        shares = [
            each.order.value
            for each in self.answers
            if each.order is not None and each.strengths[-1].seen
        ]
        return fmean(shares) if shares else None


@dataclass(frozen=True)
class Followed:
    """Scores and cost of a metric as n grows."""

    n: int
    real: float | None  # mean score of real images
    deviation: float | None
    corrupted: float | None  # of the fault that is followed
    seconds: float | None
    units: float | None  # seconds as a multiple of the unit of work
    memory: float | None  # bytes
    reads: int  # bytes of the features of both sets


@dataclass(frozen=True)
class Audited:
    """All findings about one metric."""

    metric: AuditedMetric
    sizes: tuple[AtSize, ...]
    followed: tuple[Followed, ...]

    @property
    def name(self) -> str:
        """The metric's name with an arrow in the better direction."""
        return f"{self.metric.spec.name} {self.metric.spec.arrow}"

    def at(self, n: int) -> AtSize:
        """The findings at n images."""
        return next(each for each in self.sizes if each.n == n)

    @property
    def bias(self) -> float | None:
        """How much worse real images score at the fewest images than at the most.

        In units of what the followed fault costs at the most images.
        """
        if len(self.followed) < 2:
            return None
        few, many = self.followed[0], self.followed[-1]
        if few.real is None or many.real is None or many.corrupted is None:
            return None
        unit = self.metric.spec.cost(many.corrupted) - self.metric.spec.cost(many.real)
        moved = self.metric.spec.cost(few.real) - self.metric.spec.cost(many.real)
        return moved / unit if unit > 0 else None


@dataclass(frozen=True)
class Findings:
    """What an audit found."""

    audit: Audit
    metrics: tuple[Audited, ...]

    def unseen(self, n: int) -> list[tuple[AuditedFault, float]]:
        """The strengths of faults that no metric sees at n images."""
        seen = dict[tuple[str, float], bool]()
        faults = {each.name: each for each in self.audit.faults}
        for audited in self.metrics:
            for answer in audited.at(n).answers:
                for each in answer.strengths:
                    key = answer.fault.name, each.strength
                    seen[key] = seen.get(key, False) or each.seen
        return [(faults[name], strength) for (name, strength), yes in seen.items() if not yes]


def findings(folder: Path) -> Findings:
    """Read a whole audit. StorageError if it is not there; what is not measured yet is left out."""
    audit = read_audit(folder)
    return Findings(audit, tuple(_audited(folder, audit, each) for each in audit.metrics))


def _audited(folder: Path, audit: Audit, metric: AuditedMetric) -> Audited:
    sizes = tuple(_at_size(folder, audit, metric, n) for n in audit.sizes)
    followed = [
        _followed(metric, n, block)
        for n in audit.bias_sizes
        if (block := read_sizes(folder, metric, n))
    ]
    return Audited(metric, sizes, tuple(followed))


def _at_size(folder: Path, audit: Audit, metric: AuditedMetric, n: int) -> AtSize:
    block = read_block(folder, audit, metric, n, REAL_SETS)
    if block is None:
        return AtSize(n, "it is not measured yet")
    real, base = ([_cost(metric, value) for value in row] for row in block.scores)
    known = [value for value in block.scores[0] if value is not None]
    if len(known) < len(real):
        return AtSize(n, block.why_none or "it gives no score")
    limit, best = threshold(real), -threshold([-cost for cost in real])
    blocks = [(each, read_block(folder, audit, metric, n, each.name)) for each in audit.faults]
    answers = tuple(_answer(metric, fault, n, each, base, (best, limit)) for fault, each in blocks)
    return AtSize(n, None, tuple(known), power(base, limit), answers)


def _answer(
    metric: AuditedMetric,
    fault: AuditedFault,
    n: int,
    block: Block | None,
    base: Sequence[float],
    limits: tuple[float, float],
) -> Answer:
    """limits: the costs below and above which a set is better or worse than real ones."""
    if block is None:
        return Answer(fault, (), None, fault.why_not.get(n, "it is not measured yet"))
    best, limit = limits
    costs = [[_cost(metric, value) for value in row] for row in block.scores]
    strengths = tuple(
        Strength(
            strength=strength,
            power=power(row, limit),
            better=power([-cost for cost in row], -best),
            refused=sum(value is None for value in values),
            mean=_mean(values),
        )
        for strength, row, values in zip(block.strengths, costs, block.scores, strict=True)
    )
    return Answer(fault, strengths, in_order([base, *costs]), block.why_none)


def _followed(metric: AuditedMetric, n: int, block: SizeBlock) -> Followed:
    known = [value for value in block.real if value is not None]
    return Followed(
        n=n,
        real=_mean(block.real),
        deviation=stdev(known) if len(known) > 1 else None,
        corrupted=_mean(block.corrupted),
        seconds=block.seconds,
        units=None if block.seconds is None else block.seconds / block.unit,
        memory=block.memory,
        reads=2 * n * metric.width * 4,
    )


def _cost(metric: AuditedMetric, value: Score) -> float:
    return math.inf if value is None else metric.spec.cost(value)


def _mean(values: Sequence[Score]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
