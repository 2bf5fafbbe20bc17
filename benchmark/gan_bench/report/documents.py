"""Leaderboards for programs: csv and json."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_bench.base.escape import spreadsheet
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.answer import sentence
from gan_bench.report.equal_time import EqualTime
from gan_bench.report.findings import Findings, findings, winners
from gan_bench.report.leaderboard import Board, Boards, Neighbour, nearest
from gan_bench.report.notes import faults_of
from gan_bench.report.rows import Row, devices_of
from gan_bench.report.rulings import Ruling
from gan_bench.report.sequential import Decision
from gan_bench.results.data_summary import read_data_summary
from gan_bench.results.frame import DETAILS
from gan_bench.results.records import SCHEMA, Cost
from gan_bench.run.schedule_text import recipe_text

if TYPE_CHECKING:
    import pandas as pd


def to_csv(boards: Boards) -> str:
    """One line a cell, in the order of the tables: the frame of each protocol, without DETAILS."""
    import pandas as pd

    frames = [_cells(board) for board in boards.boards]
    if boards.unreadable:
        frames += [
            pd.DataFrame({"status": "unreadable", "reason": boards.unreadable}, dtype=object)
        ]
    table = pd.concat(frames, ignore_index=True)
    for name in [name for name in table if table[name].dtype.kind == "O"]:
        table[name] = table[name].map(spreadsheet, na_action="ignore")
    text: str = table.rename(columns=spreadsheet).to_csv(index=False, lineterminator="\n")
    return text


def _cells(board: Board) -> pd.DataFrame:
    import pandas as pd

    order = [place for row in board.rows for place in row.places]
    entries = [_entry(row, board) for row in board.rows if row.entry]
    cells = board.cells.iloc[order]
    if board.equal_time:
        cells = cells.assign(**_by_then(board.equal_time, cells["folder"]))
    cells = pd.concat([cells, *entries], ignore_index=True) if entries else cells
    cells = cells.drop(columns=list(DETAILS))
    cells["machine"] = cells["machine"].map(_machine_text, na_action="ignore")
    cells["recipe"] = cells["recipe"].map(recipe_text, na_action="ignore")
    cells["conditional"] = cells["conditional"].map({True: "yes", False: "no"}, na_action="ignore")
    cells.insert(0, "protocol", pd.Series(board.slug, cells.index, dtype=object))
    return cells


def _by_then(read: EqualTime, folders: Iterable[Path]) -> dict[str, list[float]]:
    """Columns: how far each cell was at equal time, and what it scored then."""
    ticks = {
        folder: tick
        for moment in read.moments
        for folder, tick in zip(moment.row.folders, moment.reached, strict=True)
    }
    then = [ticks.get(folder) or (math.nan, math.nan) for folder in folders]
    return {
        "equal_time_kimg": [kimg for kimg, _ in then],
        f"equal_time_{read.metric.name}": [score for _, score in then],
    }


def _entry(row: Row, board: Board) -> pd.DataFrame:
    """A row that was not trained here, with the columns of the cells; they come last."""
    import pandas as pd

    return pd.DataFrame(
        {
            name: pd.Series(row.cells.get(name, [None]), dtype=column.dtype)
            for name, column in board.cells.items()
        }
    )


def _machine_text(machine: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in machine.items())


def to_json(boards: Boards) -> str:
    """The whole document; `schema` is the version of its layout."""
    neighbours = nearest(boards.boards)
    document = {
        "schema": SCHEMA,
        "protocols": [
            _board(board, neighbour)
            for board, neighbour in zip(boards.boards, neighbours, strict=True)
        ],
        "unreadable": boards.unreadable,
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _board(board: Board, neighbour: Neighbour | None) -> dict[str, Any]:
    protocol, found = board.protocol.model_dump(mode="json"), findings(board)
    document = {
        "slug": board.slug,
        "answer": {"sentence": sentence(found), "findings": _findings(found)},
        "dataset": protocol["data"],
        "images": read_data_summary(board.folder),
        "schedule": protocol["schedule"],
        "evaluation": protocol["evaluation"],
        "ranked_by": board.ranking.name,
        "rows": [_row(board, row, tie) for row, tie in zip(board.rows, board.ties, strict=True)],
        "scale": board.scale.model_dump(mode="json") if board.scale else None,
        "scale_fault": board.scale_fault,
        "plans_fault": board.plans_fault,
        "floors": board.floors,
        "rank_agreement": board.agreements,
        "sequential_test": _sequential(board.decision) if board.decision else None,
        "winners": {net: _winner(each) for net, each in winners(board).items()},
    }
    if neighbour:
        other, fields = neighbour
        pairs = {name: list(pair) for name, pair in fields.items()}
        document["differs"] = {"from": other.slug, "fields": pairs}
    if board.equal_time:
        document["equal_time"] = _equal_time(board.equal_time, board.tick_floor)
    return document


def _findings(found: Findings) -> dict[str, Any]:
    """The typed findings, which the sentence puts into words."""
    return asdict(found) | {"rulings": [_ruling(each) for each in found.rulings]}


def _ruling(made: Ruling) -> dict[str, Any]:
    by = made.lead and (None if math.isnan(made.lead.by) else made.lead.by)
    lead = made.lead and asdict(made.lead) | {"by": by}
    return asdict(made) | {"metric": made.metric.name, "proven": made.proven, "lead": lead}


def _winner(made: Ruling) -> dict[str, Any]:
    """The first row is a winner only if it is proven: no other one may be as good."""
    return {
        "metric": made.metric.name,
        "first": made.first,
        "not_told_apart": made.tied,
        "tested": not made.untested,
        "proven": made.proven,
    }


def _sequential(decision: Decision) -> dict[str, Any]:
    """The test that decided how many seeds there are, and how it stands."""
    return decision.test.model_dump(mode="json") | {
        "decided": decision.decided,
        "seeds": [[*row, seeds] for row, seeds in decision.used.items()],
        "told_apart": [list(map(list, pair)) for pair in sorted(decision.apart)],
    }


def _equal_time(read: EqualTime, floor: str | None) -> dict[str, Any]:
    rows = [
        {
            "architecture": moment.row.architecture,
            "loss": moment.row.loss,
            "code": moment.row.code or None,
            "kimg": moment.kimg,
            "values": moment.scores,
        }
        for moment in read.moments
    ]
    return {"seconds": read.seconds, "metric": read.metric.name, "floor": floor, "rows": rows}


def _any_known(values: Sequence[bool | None]) -> bool | None:
    """Whether any is true; None if nothing is known."""
    known = [value for value in values if value is not None]
    return any(known) if known else None


def _row(board: Board, row: Row, tie: str) -> dict[str, Any]:
    metrics = board.protocol.evaluation.metrics
    done = row.done
    return {
        "architecture": row.architecture,
        "loss": row.loss,
        "code": row.code or None,
        "trained_here": not row.entry,
        "seeds": [seed for seed in done["seed"] if seed is not None],
        "conditional": _any_known(done["conditional"]),
        "recipes": [recipe.model_dump(mode="json") for recipe in done["recipe"]],
        "status": row.status(),
        "metrics": {m.name: _metric(board, row, m) for m in metrics if row.values(m.name)},
        "unscored": done["unscored"],
        "best": row.bests(board.protocol.evaluation.at_ticks.name),
        "tie_group": tie,
        "rollbacks": row.rollbacks(),
        "cost": {name: row.mean_cost(name) for name in Cost.model_fields},
        "devices": devices_of(done["status"], done["device"]),
        "machines": done["machine"],
        "versions": done["versions"],
        "verdicts": [
            {"seed": seed} | verdict.model_dump()
            for seed, verdicts in zip(done["seed"], done["verdicts"], strict=True)
            for verdict in verdicts
        ],
        "diagnoses": done["diagnosis"],
        "remarks": faults_of(row),
    }


def _metric(board: Board, row: Row, metric: MetricSpec) -> dict[str, Any]:
    """`low` and `high` bound the mean over seeds; the three sd say what makes seeds differ.

    `missing` counts the seeds that ended without this score: they are not part of the mean.
    """
    low, high = row.interval(metric.name) or (None, None)
    spread = row.spread(metric.name)
    return {
        "mean": row.mean(metric.name),
        "low": low,
        "high": high,
        "values": row.values(metric.name),
        "missing": row.missing(metric.name),
        "sd_seeds": spread.seeds,
        "sd_training": spread.training,
        "sd_sampling": spread.sampling,
        "best": row.bests(metric.name),
        "n": board.protocol.evaluation.samples,
        "higher_is_better": metric.higher_is_better,
        "features": metric.features,
    }
