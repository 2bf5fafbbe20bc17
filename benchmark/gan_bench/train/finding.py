"""What a diagnosis reads and says: the course of a training, and one finding about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from gan_bench.base.numbers import number
from gan_bench.contract.protocol import Gauge, MetricSpec, Schedule
from gan_bench.results.records import Verdict
from gan_bench.train.hints import FIXED, Hint, Rates
from gan_bench.train.verdicts import Look

Kind = Literal[
    "diverged",
    "collapsed",
    "saturated",
    "D too strong",
    "D too weak",
    "oscillating",
    "losing variety",
    "improving",
    "past its best",
    "no gain",
    "settled",
    "usual",
    "too short",
]


@dataclass(frozen=True, kw_only=True)
class Course:
    """All that is known of how a training went."""

    curve: Sequence[dict[str, Any]]  # the Points in order; values may be missing or not finite
    looks: Sequence[Look]  # those that count
    young: Sequence[Look] = ()  # those that came before, too early to count
    metric: MetricSpec  # scores the ticks
    gauges: Sequence[Gauge] = ()
    images: int  # generated at every tick
    schedule: Schedule
    verdict: Verdict | None = None  # the one that holds at the end
    usual_rates: tuple[float, float] | None = None  # of G and D, those of the preset
    fork: float | None = None  # kimg at which a branch goes on from a tick of another cell

    @property
    def branch(self) -> bool:
        """Whether it is that of a branch."""
        return self.fork is not None

    @property
    def own(self) -> Course:
        """Of a branch what came after its fork: before, it had another loss or other rates."""
        if self.fork is None:
            return self
        curve = [row for row in self.curve if number(row, "kimg") > self.fork]
        looks, young = (
            [look for look in each if look.kimg > self.fork] for each in (self.looks, self.young)
        )
        return replace(self, curve=curve, looks=looks, young=young)

    @property
    def rates(self) -> Rates:
        """Its learning rates, beside the usual ones."""
        return Rates(self.schedule, self.usual_rates)


class Finding(NamedTuple):
    """What was seen, with its numbers, and what to try: alternatives."""

    kind: Kind
    what: str
    hints: tuple[Hint, ...] = ()
    joint: str = "; "  # between the two

    def options(self, branch: bool = False) -> list[str]:
        """The hints as they are typed: those that a branch can follow, if it is about one."""
        hints = [hint for hint in self.hints if not (branch and hint.changes.keys() & FIXED)]
        return [hint.typed(branch) for hint in hints]

    def text(self, branch: bool = False) -> str:
        """In one sentence."""
        options = self.options(branch)
        return f"{self.what}{self.joint}try {' or '.join(options)}" if options else self.what

    def against(self, other: Finding, schedule: Schedule) -> bool:
        """Whether a hint of the one is the opposite of a hint of the other."""
        return any(one.against(two, schedule) for one in self.hints for two in other.hints)
