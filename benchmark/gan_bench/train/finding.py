"""What a diagnosis reads and says: the course of a training, and one finding about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from gan_bench.contract.protocol import Gauge, MetricSpec, Schedule
from gan_bench.results.records import Verdict
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

ANOTHER_LOSS = "another --loss"


@dataclass(frozen=True, kw_only=True)
class Course:
    """All that is known of how a training went."""

    curve: Sequence[dict[str, Any]]  # the Points in order; values may be missing or not finite
    looks: Sequence[Look]  # those that count
    metric: MetricSpec  # scores the ticks
    gauges: Sequence[Gauge] = ()
    images: int  # generated at every tick
    schedule: Schedule
    verdict: Verdict | None = None  # the one that holds at the end


class Finding(NamedTuple):
    """What was seen, with its numbers, and what to try: alternatives, each as it is typed."""

    kind: Kind
    what: str
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.what}; try {' or '.join(self.options)}" if self.options else self.what


def slower(schedule: Schedule) -> str:
    """Half of both learning rates."""
    if schedule.lr_g == schedule.lr_d:
        return f"--lr {_typed(schedule.lr_g / 2)}"
    return f"--lr-g {_typed(schedule.lr_g / 2)} --lr-d {_typed(schedule.lr_d / 2)}"


def slower_d(schedule: Schedule) -> str:
    """Half of D's learning rate."""
    return f"--lr-d {_typed(schedule.lr_d / 2)}"


def faster_d(schedule: Schedule) -> tuple[str, str]:
    """Twice D's learning rate, or twice its steps."""
    return f"--lr-d {_typed(2 * schedule.lr_d)}", f"--d-steps {2 * schedule.d_steps}"


def longer(schedule: Schedule) -> str:
    """Twice the training."""
    return until(2 * schedule.kimg)


def until(kimg: float) -> str:
    """A training of this length."""
    return f"--kimg {_typed(kimg)}"


def _typed(value: float) -> str:
    """A number as the command line reads it: without commas."""
    return f"{value:.6g}"
