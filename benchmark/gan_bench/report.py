"""Records -> leaderboards: terminal, markdown, csv, json. Needs no plugin and no torch."""

from __future__ import annotations

import html
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from gan_bench import store
from gan_bench.contract import StorageError, UsageError
from gan_bench.progress import duration
from gan_bench.protocol import Judged, Protocol
from gan_bench.store import Cost, Record

COSTS = ("images/s", "training", "G + D parameters")
NOTHING = "–"  # where a cell has no number: never an imputed one


@dataclass
class Row:
    """One architecture x one loss: the records of its seeds, and what could not be read."""

    architecture: str
    loss: str
    folders: list[Path] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    unfinished: int = 0
    unreadable: list[str] = field(default_factory=list)

    @property
    def seeds(self) -> list[int]:
        """The seeds that have a record."""
        return sorted(record.seed for record in self.records)

    def values(self, metric: str) -> list[float]:
        """The metric's value for each seed that has one, in order of seeds."""
        ordered = sorted(self.records, key=lambda record: record.seed)
        return [record.scores[metric].value for record in ordered if metric in record.scores]

    def status(self) -> dict[str, int]:
        """How many cells ended how."""
        count = Counter[str](record.status for record in self.records)
        count.update({"unfinished": self.unfinished, "unreadable": len(self.unreadable)})
        return {word: number for word, number in count.items() if number}

    def mean_cost(self, name: str) -> float | None:
        """The mean of one field of the cost over the seeds that have one."""
        costs = [getattr(record.cost, name) for record in self.records if record.cost]
        return fmean(costs) if costs else None

    def remarks(self) -> list[str]:
        """Why a cell has no score, in its own words."""
        told = [record.reason for record in self.records if record.reason]
        return [f"{self.architecture} / {self.loss}: {why}" for why in [*told, *self.unreadable]]


@dataclass(frozen=True)
class Board:
    """The leaderboard of one protocol: its rows, the best first."""

    slug: str
    folder: Path
    protocol: Protocol
    rows: list[Row]

    def records(self) -> list[Record]:
        """All records of all rows."""
        return [record for row in self.rows for record in row.records]


@dataclass(frozen=True)
class Boards:
    """All leaderboards of a results folder, and the protocols that could not be read."""

    boards: list[Board]
    unreadable: list[str]


def load(results: Path, slug: str | None = None, sort: str | None = None) -> Boards:
    """Read a results folder. UsageError if there is nothing in it to report."""
    folders = sorted(path.parent for path in results.glob("*/protocol.json"))
    if slug is not None:
        folders = [folder for folder in folders if folder.name == slug]
    if not folders:
        what = f"no protocol {slug} in {results}" if slug else f"no results in {results}"
        raise UsageError(f"{what}: `gan-bench run` makes some, or name another folder")
    boards, unreadable = [], []
    for folder in folders:
        try:
            boards.append(_board(folder, sort))
        except StorageError as error:
            unreadable.append(str(error))
    return Boards(boards, unreadable)


def _board(folder: Path, sort: str | None) -> Board:
    protocol = store.read_model(folder / "protocol.json", Protocol)
    rows: dict[tuple[str, str], Row] = {}
    for cell in store.cells_in(folder):
        architecture, loss = cell.parts[-3:-1]
        _add(rows.setdefault((architecture, loss), Row(architecture, loss)), cell)
    return Board(folder.name, folder, protocol, _ranked(list(rows.values()), protocol, sort))


def _add(row: Row, cell: Path) -> None:
    row.folders.append(cell)
    if not (cell / "record.json").exists():
        row.unfinished += 1
        return
    try:
        row.records.append(store.read_record(cell))
    except StorageError as error:
        row.unreadable.append(str(error))


def _ranked(rows: list[Row], protocol: Protocol, sort: str | None) -> list[Row]:
    """By the first metric, or the one asked for; rows without a score last."""
    metrics = {metric.name: metric for metric in protocol.evaluation.metrics}
    if sort is not None and sort not in metrics:
        raise UsageError(f"--sort {sort}: the metrics of this table are {', '.join(metrics)}")
    chosen = metrics[sort] if sort else protocol.evaluation.metrics[0]

    def rank(row: Row) -> tuple[bool, float]:
        values = row.values(chosen.name)
        mean = fmean(values) if values else 0.0
        return not values, -mean if chosen.higher_is_better else mean

    return sorted(rows, key=rank)


# What the tables say


def protocol_lines(protocol: Protocol, records: Sequence[Record] = ()) -> list[tuple[str, str]]:
    """The protocol block: what all rows of a table share, and where and with what seeds."""
    data, schedule, evaluation = protocol.data, protocol.schedule, protocol.evaluation
    channels, height, width = data.shape
    references = {s.reference_n for r in records for s in r.scores.values()}
    reference = "/".join(f"{n:,}" for n in sorted(references)) or f"up to {evaluation.samples:,}"
    nets = [f"{name} (sha256 {digest[:12]})" for name, digest in evaluation.digests.items()]
    devices = sorted({record.device for record in records if record.device})
    seeds = sorted({record.seed for record in records})
    ema = f"EMA of G with half-life {schedule.ema_kimg:g} kimg" if schedule.ema_kimg else "no EMA"
    return [
        (
            "data",
            f"{data.name}, {width} x {height} x {channels}, {data.train:,} training and "
            f"{data.held_out:,} held-out images, fingerprint {data.fingerprint[:12]}",
        ),
        (
            "schedule",
            f"{schedule.kimg:g} kimg = {schedule.updates:,} updates of G, batch {schedule.batch}, "
            f"{schedule.d_steps} D per G, Adam {schedule.lr_g:g}/{schedule.lr_d:g} betas "
            f"{schedule.betas[0]:g} {schedule.betas[1]:g}, {schedule.precision}, {ema}",
        ),
        (
            "evaluation",
            f"{evaluation.samples:,} generated against {reference} {evaluation.reference} images; "
            f"features {', '.join(nets)}",
        ),
        ("device", ", ".join(devices) or "none yet"),
        ("seeds", ", ".join(map(str, seeds)) or "none yet"),
    ]


def _arrow(metric: Judged) -> str:
    return "↑" if metric.higher_is_better else "↓"


def _titles(board: Board) -> list[str]:
    metrics = [f"{metric.name} {_arrow(metric)}" for metric in board.protocol.evaluation.metrics]
    return ["architecture", "loss", *metrics, *COSTS, "cells"]


def _texts(board: Board, row: Row) -> list[str]:
    metrics = [_score(row.values(metric.name)) for metric in board.protocol.evaluation.metrics]
    speed, seconds, g, d = (
        row.mean_cost(name)
        for name in ("images_per_second", "train_seconds", "g_parameters", "d_parameters")
    )
    costs = [
        NOTHING if speed is None else f"{speed:.0f}",
        NOTHING if seconds is None else duration(seconds),
        NOTHING if g is None or d is None else f"{g / 1e6:.1f} + {d / 1e6:.1f} M",
    ]
    cells = ", ".join(f"{number} {word}" for word, number in row.status().items())
    return [row.architecture, row.loss, *metrics, *costs, cells]


def _score(values: list[float]) -> str:
    """One value as it is; of several seeds the mean and the range, which claims nothing."""
    if not values:
        return NOTHING
    mean = _number(fmean(values))
    return mean if len(values) == 1 else f"{mean} [{_number(min(values))}, {_number(max(values))}]"


def _number(value: float) -> str:
    if 0 < abs(value) < 0.001:
        return f"{value:.3f}"
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"


# The formats


def to_terminal(boards: Boards, console: Console) -> None:
    """A rich table for each protocol. Names are shown as they are, without markup."""
    for board in boards.boards:
        console.print(Text(board.slug, style="bold"))
        for name, text in protocol_lines(board.protocol, board.records()):
            console.print(Text(f"{name + ':':<12}{text}", style="dim"))
        for table in _fitting_tables(board, console):
            console.print()
            console.print(table)
        for remark in [remark for row in board.rows for remark in row.remarks()]:
            console.print(_plain(f"! {remark}"))
        console.print()
    for text in boards.unreadable:
        console.print(_plain(f"! {text}"))


def _fitting_tables(board: Board, console: Console) -> list[Table]:
    """One table, or, where that is too wide, one of scores and one of costs."""
    everything = range(len(_titles(board)))
    whole = _table(board, list(everything))
    unlimited = console.options.update(max_width=10_000)
    if Measurement.get(console, unlimited, whole).maximum <= console.width:
        return [whole]
    costs = list(everything[-len(COSTS) - 1 : -1])
    return [
        _table(board, [k for k in everything if k not in costs]),
        _table(board, [0, 1, *costs]),
    ]


def _table(board: Board, columns: list[int]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    titles = _titles(board)
    for k in columns:
        words = k in (0, 1, len(titles) - 1)
        title = titles[k].replace("-", "-\n") if k > 1 else titles[k]
        table.add_column(
            Text(title), justify="left" if words else "right", overflow="fold", vertical="bottom"
        )
    for row in board.rows:
        texts = _texts(board, row)
        table.add_row(*(_plain(texts[k]) for k in columns))
    return table


def _plain(text: str) -> Text:
    """Text without anything that a terminal would obey."""
    shown = (c if c == "\n" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return Text("".join(shown))


def to_markdown(boards: Boards, base: Path) -> str:
    """Tables for a README or an issue; pictures are linked relative to `base`."""
    parts = [part for board in boards.boards for part in _board_markdown(board, base)]
    parts += [f"- unreadable: {_escape(text)}" for text in boards.unreadable]
    return "\n".join(parts) + "\n"


def _board_markdown(board: Board, base: Path) -> Iterator[str]:
    yield f"## {_escape(board.slug)}\n"
    yield from (
        f"- {name}: {_escape(text)}"
        for name, text in protocol_lines(board.protocol, board.records())
    )
    yield ""
    titles = _titles(board)
    yield _markdown_row(titles)
    right = "---:"
    yield _markdown_row(["---", "---", *[right] * (len(titles) - 3), "---"])
    yield from (_markdown_row(_texts(board, row)) for row in board.rows)
    yield ""
    remarks = [remark for row in board.rows for remark in row.remarks()]
    yield from (f"- {_escape(remark)}" for remark in remarks)
    if remarks:
        yield ""  # or the pictures would belong to the list
    for name, path in figure_paths(board).items():
        if path.exists():
            target = Path(os.path.relpath(path, base)).as_posix().replace(" ", "%20")
            yield f"![{name} of {_escape(board.slug)}]({_escape(target)})\n"


def _markdown_row(texts: list[str]) -> str:
    return f"| {' | '.join(map(_escape, texts))} |"


def _escape(text: str) -> str:
    """Nothing that a name contains may become markup."""
    flat = " ".join(html.escape(text, quote=False).split())
    for character in "\\`|*_[]":
        flat = flat.replace(character, "\\" + character)
    return flat


def to_csv(boards: Boards) -> str:
    """One line for each cell, so that any statistics can be done elsewhere."""
    import pandas as pd

    lines = [
        {
            "protocol": board.slug,
            "architecture": record.architecture,
            "loss": record.loss,
            "seed": record.seed,
            "status": record.status,
            "reason": record.reason,
            **{name: score.value for name, score in record.scores.items()},
            **(record.cost.model_dump() if record.cost else {}),
            "device": record.device,
        }
        for board in boards.boards
        for record in board.records()
    ]
    text: str = pd.DataFrame(lines).to_csv(index=False)
    return text


def to_json(boards: Boards) -> str:
    """The whole document; its layout is numbered by `schema`."""
    document = {
        "schema": store.SCHEMA,
        "protocols": [_board_json(board) for board in boards.boards],
        "unreadable": boards.unreadable,
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _board_json(board: Board) -> dict[str, Any]:
    protocol = board.protocol.model_dump(mode="json")
    return {
        "slug": board.slug,
        "dataset": protocol["data"],
        "schedule": protocol["schedule"],
        "evaluation": protocol["evaluation"],
        "rows": [_row_json(board, row) for row in board.rows],
    }


def _row_json(board: Board, row: Row) -> dict[str, Any]:
    return {
        "architecture": row.architecture,
        "loss": row.loss,
        "seeds": row.seeds,
        "status": row.status(),
        "metrics": {
            metric.name: {
                "mean": fmean(values),
                "values": values,
                "n": board.protocol.evaluation.samples,
                "higher_is_better": metric.higher_is_better,
                "features": metric.features,
            }
            for metric in board.protocol.evaluation.metrics
            if (values := row.values(metric.name))
        },
        "cost": {name: row.mean_cost(name) for name in Cost.model_fields},
        "devices": sorted({record.device for record in row.records if record.device}),
        "versions": [record.versions for record in row.records],
        "remarks": row.remarks(),
    }


def figure_paths(board: Board) -> dict[str, Path]:
    """Where a protocol's pictures are, drawn or not."""
    names = ("samples", "losses", "scores")
    return {name: board.folder / "figures" / f"{name}.png" for name in names}
