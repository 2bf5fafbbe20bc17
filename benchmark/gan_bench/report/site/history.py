"""The history of one row: all its trainings, what they scored and what they left behind."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gan_bench.base.text import date, duration, number
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.cell_facts import read_cell
from gan_bench.report.cell_page import Line, cell_page
from gan_bench.report.leaderboard import Board
from gan_bench.report.no_better import no_better_of
from gan_bench.report.page.figures import Figure, page_curves
from gan_bench.report.page.quality import quality
from gan_bench.report.page.samples import Samples, samples
from gan_bench.report.rows import Row, places
from gan_bench.report.score_columns import score_text, title_of
from gan_bench.report.section import NOTHING, Column, Section
from gan_bench.results.entries import EntryRecord, read_entry
from gan_bench.results.frame import error_column, metric_column
from gan_bench.results.scale import REAL

Part = tuple[str, list[Line]]


@dataclass(frozen=True)
class Training:
    """One cell of the row: how it ended, and everything about it."""

    name: str
    status: str
    parts: list[Part]


@dataclass(frozen=True)
class History:
    """What the page of a row shows."""

    name: str
    place: str  # where it stands, in one sentence
    seeds: Section | None
    samples: Samples | None
    figures: list[Figure]
    trainings: list[Training]
    faults: list[str]

    @property
    def has_errors(self) -> bool:
        """Whether a score of the table stands with its standard error."""
        return self.seeds is not None and any(
            "±" in text for row in self.seeds.rows for text in row
        )


def history(board: Board, row: Row) -> History:
    """All that the files of a row's cells say; of an entry, what was scored."""
    if row.entry:
        return _of_entry(board, row)
    alone = replace(board, rows=[row])
    figures, faults = _figures(alone)
    return History(
        row.name,
        _place(board, row),
        _seeds(board, row),
        samples(alone),
        figures,
        [_training(board, folder) for folder in row.folders],
        faults,
    )


def _figures(alone: Board) -> tuple[list[Figure], list[str]]:
    """The figures of a table with this row alone, or why they cannot be drawn."""
    try:
        drawn = [quality(alone), *page_curves(alone)]
    except StorageError as error:
        return [], [f"cannot be drawn: {error}"]
    return [figure for figure in drawn if figure], []


def _place(board: Board, row: Row) -> str:
    """The place of the row, its score and that of other real images."""
    metric = board.ranking
    values = row.values(metric.name)
    if not values:
        return f"No training of it has a score of {metric.name}."
    better = "higher" if metric.higher_is_better else "lower"
    score = f"{score_text(row, metric, metric)} ({metric.name}, {better} is better)"
    real = board.real(metric)
    beside = f"; {REAL} score {number(real.value)}" if real else ""
    if empty := no_better_of(row, board):
        beside += f"; {empty}"
    if metric.name in board.floors or len(board.rows) < 2:
        return f"Its score is {score}{beside}."
    place = places(board.rows, metric)[board.rows.index(row)] + 1
    by = " by the median of its seeds" if row.counted(metric.name) > 1 else ""
    return f"Number {place} of {len(board.rows):,} rows{by}: {score}{beside}."


def _seeds(board: Board, row: Row) -> Section:
    """One line for each cell: how it ended, its scores with their errors, what it took."""
    metrics, count = board.protocol.evaluation.metrics, board.protocol.evaluation.samples
    ordered = [board.ranking, *(metric for metric in metrics if metric != board.ranking)]
    known = [metric for metric in ordered if row.values(metric.name)]
    columns = [
        Column("seed", numeric=False),
        Column("status", numeric=False),
        *(title_of(metric, f"n = {count:,}") for metric in known[:1]),
        Column("what went wrong", numeric=False),
        Column("training"),
        Column("ended", numeric=False),
        *(title_of(metric) for metric in known[1:]),
    ]
    lines = [_line(row, k, known) for k in range(len(row.folders))]
    return Section("every training", columns, lines)


def _line(row: Row, k: int, metrics: Sequence[MetricSpec]) -> list[str]:
    """The cells of one line; the first metric stands before what the training took."""
    cells = row.cells
    verdicts = cells["verdicts"][k]
    found = verdicts if isinstance(verdicts, tuple) else ()
    dates = [f"{each.kind} at {number(each.kimg, 3)} kimg" for each in found]
    seconds = float(cells["train_seconds"][k])
    scores = [_score(row, k, metric) for metric in metrics]
    return [
        row.folders[k].name,
        str(cells["status"][k]),
        *scores[:1],
        ", ".join(dates) or _text(cells["reason"][k]),
        NOTHING if math.isnan(seconds) else duration(seconds),
        date(_text(cells["ended"][k])),
        *scores[1:],
    ]


def _score(row: Row, k: int, metric: MetricSpec) -> str:
    """The score with its standard error over samplings of the same network."""
    value = float(row.cells[metric_column(metric.name)][k])
    errors = row.cells.get(error_column(metric.name))
    if math.isnan(value):
        return NOTHING
    error = math.nan if errors is None else float(errors[k])
    return number(value) if math.isnan(error) else f"{number(value)} ± {number(error, 2)}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else NOTHING


def _training(board: Board, folder: Path) -> Training:
    facts = read_cell(folder)
    # a page that others read names no folder of this machine
    named = replace(facts, folder=Path(board.slug, *folder.parts[-3:]))
    (_, head), *more = cell_page(named)
    parts = [(title, lines) for title, lines in more if title != "curve"]  # there is a figure
    return Training(folder.name, facts.status, [("training", head), *parts])


def _of_entry(board: Board, row: Row) -> History:
    try:
        entry = read_entry(row.folders[0])
    except StorageError as error:  # it was removed in the meantime
        return History(row.name, _place(board, row), None, None, [], [], [str(error)])
    scored = Training(entry.name, entry.kind, [("entry", [*_entry_lines(entry)])])
    return History(row.name, _place(board, row), None, None, [], [scored], [])


def _entry_lines(entry: EntryRecord) -> Iterator[Line]:
    yield "kind", entry.kind
    yield "origin", entry.origin
    yield "images", f"{entry.images:,} scored, fingerprint {entry.fingerprint[:12]}"
    for name, score in entry.scores.items():
        error = "" if score.error is None else f" ± {number(score.error, 2)}"
        yield name, f"{number(score.value)}{error}"
    for name, why in entry.unscored.items():
        yield name, f"no score: {why}"
    yield from (("note", note) for note in entry.notes)
    yield "device", entry.device
    yield "versions", ", ".join(f"{name} {version}" for name, version in entry.versions.items())
    yield "ended", date(entry.ended)
