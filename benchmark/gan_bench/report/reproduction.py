"""Scores of cells that were trained again, beside those that they had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from gan_bench.base.text import number
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.section import NOTHING, Column, Filled, Section
from gan_bench.report.statistics import prediction
from gan_bench.results.layout import label_of, protocol_folder_of, protocol_of
from gan_bench.results.records import Record, read_record
from gan_bench.run.plan_measuring import trained_in

SCHEMA = 1
# equal: to the last bit. inside, outside: of the prediction interval. unjudged: too few seeds.
# missing: the cell that was trained again has no such score
Finding = Literal["equal", "inside", "outside", "unjudged", "missing"]
WORDS: dict[Finding, str] = {
    "equal": "equal to the last bit",
    "inside": "inside the interval of a new seed",
    "outside": "outside the interval of a new seed",
    "unjudged": "differs; fewer than 4 seeds: cannot be judged",
    "missing": "no score",
}
LABELS = [Column("cell", numeric=False), Column("metric", numeric=False)]
SCORES = [Column("then"), Column("now")]
INTERVAL, FINDING = Column("interval of a new seed"), Column("finding", numeric=False)


@dataclass(frozen=True)
class Reproduced:
    """One score of one cell, then and now."""

    cell: str
    metric: str
    then: float
    now: float | None
    interval: tuple[float, float] | None  # 95 %, from the seeds of the original table
    finding: Finding


def reproduced(cells: Sequence[Path], again: Sequence[Path]) -> list[Reproduced]:
    """Every score that the cells have, beside that of the same cells in the folders `again`.

    StorageError if a record cannot be read.
    """
    home = protocol_folder_of(cells[0])
    metrics = protocol_of(cells[0]).evaluation.metrics
    original = {folder: read_record(folder) for folder in trained_in(home)}
    return [
        _compared(folder, read_record(other), metric, original)
        for folder, other in zip(cells, again, strict=True)
        for metric in metrics
        if metric.name in original[folder].scores
    ]


def _compared(
    folder: Path, now: Record, metric: MetricSpec, original: dict[Path, Record]
) -> Reproduced:
    row = [record for cell, record in original.items() if cell.parent == folder.parent]
    values = [record.scores[metric.name].value for record in row if metric.name in record.scores]
    then = original[folder].scores[metric.name].value
    score = now.scores.get(metric.name)
    interval = prediction(values)
    value = score.value if score else None
    finding = _finding(then, value, interval)
    return Reproduced(label_of(folder), metric.name, then, value, interval, finding)


def _finding(then: float, now: float | None, interval: tuple[float, float] | None) -> Finding:
    if now is None:
        return "missing"
    if now == then:
        return "equal"
    if interval is None:
        return "unjudged"
    return "inside" if interval[0] <= now <= interval[1] else "outside"


def reproduction_section(scores: Sequence[Reproduced]) -> Section:
    """The table of all scores. A finding or an interval that is the same for all has no column."""
    columns = [*LABELS, *SCORES, INTERVAL, FINDING]
    texts = zip(*(_row(score) for score in scores), strict=True)
    filled = map(Filled, columns, map(list, texts))
    shown = [each for each in filled if not (each.same and each.column in (INTERVAL, FINDING))]
    rows = list(map(list, zip(*(each.texts for each in shown), strict=True)))
    return Section("", [each.column for each in shown], rows, names=len(LABELS))


def _row(score: Reproduced) -> tuple[str, ...]:
    interval = " to ".join(map(number, score.interval)) if score.interval else NOTHING
    now = NOTHING if score.now is None else number(score.now)
    return score.cell, score.metric, number(score.then), now, interval, WORDS[score.finding]


def reproduction_document(scores: Sequence[Reproduced]) -> dict[str, Any]:
    """For programs."""
    return {"schema": SCHEMA, "scores": [asdict(score) for score in scores]}
