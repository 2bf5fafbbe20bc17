"""The scores of one set of images as a table: a metric a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gan_bench.base.text import number, plural
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.section import NOTHING, Column, Section

if TYPE_CHECKING:
    from gan_bench.run.compare import Comparison

COLUMNS = [
    Column("metric", numeric=False),
    Column("features", numeric=False),
    Column("score"),
    Column("±", detail="standard error"),
    Column("generated"),
    Column("real"),
]


def score_section(comparison: Comparison) -> Section:
    """The table: arrows point in the better direction, and an alarm is marked with !."""
    return Section("", COLUMNS, [_row(comparison, metric) for metric in comparison.metrics])


def _row(comparison: Comparison, metric: MetricSpec) -> list[str]:
    name = f"{metric.name} {metric.arrow}"
    score = comparison.scores.get(metric.name)
    if score is None:
        return [name, metric.features, *[NOTHING] * 4]
    mark = " !" if metric.alarming(score.value) else ""
    error = NOTHING if score.error is None else number(score.error, 2)
    counts = f"{score.n:,}", f"{score.reference_n:,}"
    return [name, metric.features, number(score.value) + mark, error, *counts]


def score_facts(comparison: Comparison) -> list[tuple[str, str]]:
    """What was compared: a title and a text for each line."""
    data = comparison.data
    return [
        ("real", f"{comparison.real}: {_of(comparison.compared_with, data.train)}"),
        ("generated", f"{comparison.generated}: {_of(comparison.n, comparison.given)}"),
        ("compared at", f"{data.size} px, {plural(data.shape[0], 'channel')}"),
    ]


def _of(compared: int, there: int) -> str:
    """How many images, and how many of them are compared if those are not all."""
    few = f"{compared:,} of " if compared < there else ""
    return f"{few}{plural(there, 'image')}"


def score_notes(comparison: Comparison) -> Iterator[str]:
    """Alarms, metrics that refused, and what else a reader should know."""
    for metric in comparison.metrics:
        score = comparison.scores.get(metric.name)
        if score and metric.alarm is not None and metric.alarming(score.value):
            yield (
                f"! {metric.name} {number(score.value)} is worse than {number(metric.alarm)}: the "
                "images may be less good than the other scores say"
            )
    reasons = dict.fromkeys(comparison.unscored.values())
    for reason in reasons:
        names = [name for name, why in comparison.unscored.items() if why == reason]
        yield f"no score of {', '.join(names)}: {reason}"
    yield from comparison.notes
