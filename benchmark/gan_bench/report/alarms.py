"""Scores that put all others of their row in doubt, such as many copies of training images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gan_bench.base.text import number
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.rows import Row


@dataclass(frozen=True)
class Alarm:
    """A metric by which some seeds of a row score worse than its alarm."""

    metric: MetricSpec
    limit: float
    worst: float
    beyond: int  # seeds
    scored: int  # seeds

    @property
    def text(self) -> str:
        """Metric and worst score, and how many seeds: copies 0.87 in 2 of 6 seeds."""
        seeds = f" in {self.beyond} of {self.scored} seeds" if self.scored > 1 else ""
        return f"{self.metric.name} {number(self.worst)}{seeds}"


def alarms(row: Row, metrics: Sequence[MetricSpec]) -> list[Alarm]:
    """The alarms of a row, in the order of the metrics. One seed is enough."""
    return [
        Alarm(metric, metric.alarm, max(beyond, key=metric.cost), len(beyond), len(values))
        for metric in metrics
        if metric.alarm is not None
        and (beyond := list(filter(metric.alarming, values := row.values(metric.name))))
    ]
