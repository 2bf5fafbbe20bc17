"""Leaderboards for programs: csv and json."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from gan_bench.base.escape import spreadsheet
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.equal_time import EqualTime, at_equal_time
from gan_bench.report.leaderboard import Board, Boards, Neighbour, Row, nearest
from gan_bench.results.records import SCHEMA, Cost, Record


# For programs
def to_csv(boards: Boards) -> str:
    """One line for each cell that ended, so that any statistics can be done elsewhere."""
    lines = [line for board in boards.boards for line in _csv_lines(board)]
    lines += [{"status": "unreadable", "reason": text} for text in boards.unreadable]
    names = {name: spreadsheet(name) for line in lines for name in line}
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(names.values())
    table.writerows([_csv(line.get(name)) for name in names] for line in lines)
    return text.getvalue()


def _csv_lines(board: Board) -> Iterator[dict[str, Any]]:
    for row in board.rows:
        named = {"protocol": board.slug, "architecture": row.architecture, "loss": row.loss}
        yield from (named | _csv_record(record) for record in row.records)
        yield from (named | {"status": "unreadable", "reason": why} for why in row.unreadable)


def _csv_record(record: Record) -> dict[str, Any]:
    errors = {f"{name} error": score.error for name, score in record.scores.items()}
    best = record.best.model_dump() if record.best else {}
    return {
        "seed": record.seed,
        "status": record.status,
        "reason": record.reason,
        **{name: score.value for name, score in record.scores.items()},
        **{name: error for name, error in errors.items() if error is not None},
        **{f"best_{name}": value for name, value in best.items()},
        "rollbacks": record.rollbacks,
        "diagnosis": record.diagnosis,
        **(record.cost.model_dump() if record.cost else {}),
        "device": record.device,
    }


def _csv(value: object) -> object:
    return spreadsheet(value) if isinstance(value, str) else value


def to_json(boards: Boards, by_time: bool = False) -> str:
    """The whole document; its layout is numbered by `schema`."""
    document = {
        "schema": SCHEMA,
        "protocols": [
            _board_json(board, neighbour, by_time)
            for board, neighbour in zip(boards.boards, nearest(boards.boards), strict=True)
        ],
        "unreadable": boards.unreadable,
    }
    return _laid_out(document, 4) + "\n"


def _laid_out(value: Any, levels: int, margin: str = "\n") -> str:
    """JSON of so many levels with a line for each item; what is deeper, as a row, is one line.

    json.dumps lays out all levels or none, and takes seconds to lay out thousands of rows.
    """
    if levels == 0 or not value or not isinstance(value, dict | list):
        return json.dumps(value, allow_nan=False)
    inner, ends = f"{margin}  ", "{}" if isinstance(value, dict) else "[]"
    items = [_laid_out(each, levels - 1, inner) for each in _items(value)]
    if isinstance(value, dict):
        items = [f"{json.dumps(name)}: {item}" for name, item in zip(value, items, strict=True)]
    return f"{ends[0]}{inner}{f',{inner}'.join(items)}{margin}{ends[1]}"


def _items(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _board_json(board: Board, neighbour: Neighbour | None, by_time: bool) -> dict[str, Any]:
    protocol = board.protocol.model_dump(mode="json")
    document = {
        "slug": board.slug,
        "dataset": protocol["data"],
        "schedule": protocol["schedule"],
        "evaluation": protocol["evaluation"],
        "ranked_by": board.ranking.name,
        "rows": [
            _row_json(board, row, tie) for row, tie in zip(board.rows, board.ties(), strict=True)
        ],
        "rank_agreement": board.agreements(),
        "winners": board.winners(),
    }
    if neighbour:
        other, fields = neighbour
        pairs = {name: list(pair) for name, pair in fields.items()}
        document["differs"] = {"from": other.slug, "fields": pairs}
    if by_time and (found := at_equal_time(board)):
        document["equal_time"] = _equal_time_json(found)
    return document


def _equal_time_json(found: EqualTime) -> dict[str, Any]:
    rows = [
        {
            "architecture": moment.row.architecture,
            "loss": moment.row.loss,
            "kimg": moment.kimg,
            "values": moment.scores,
        }
        for moment in found.moments
    ]
    return {"seconds": found.seconds, "metric": found.metric.name, "rows": rows}


def _row_json(board: Board, row: Row, tie: str) -> dict[str, Any]:
    metrics = board.protocol.evaluation.metrics
    return {
        "architecture": row.architecture,
        "loss": row.loss,
        "seeds": [record.seed for record in row.records],
        "status": row.status(),
        "metrics": {m.name: _metric_json(board, row, m) for m in metrics if row.values(m.name)},
        "unscored": [record.unscored for record in row.records],
        "tie_group": tie,
        "rollbacks": row.rollbacks(),
        "cost": {name: row.mean_cost(name) for name in Cost.model_fields},
        "devices": sorted({record.device for record in row.records if record.device}),
        "versions": [record.versions for record in row.records],
        "verdicts": [
            {"seed": record.seed} | verdict.model_dump()
            for record in row.records
            for verdict in record.verdicts
        ],
        "diagnoses": [record.diagnosis for record in row.records],
        "remarks": row.remarks(),
    }


def _metric_json(board: Board, row: Row, metric: MetricSpec) -> dict[str, Any]:
    """`low` and `high` bound the mean over seeds; the three sd say what makes seeds differ."""
    low, high = row.interval(metric.name) or (None, None)
    spread = row.spread(metric.name)
    return {
        "mean": row.mean(metric.name),
        "low": low,
        "high": high,
        "values": row.values(metric.name),
        "sd_seeds": spread.seeds,
        "sd_training": spread.training,
        "sd_sampling": spread.sampling,
        "best": [b.model_dump() for b in row.bests() if b.metric == metric.name],
        "n": board.protocol.evaluation.samples,
        "higher_is_better": metric.higher_is_better,
        "features": metric.features,
    }
