"""Leaderboards in every format: terminal, markdown, html, csv, json. Needs no plugin, no torch."""

from __future__ import annotations

import csv
import io
import json
import os
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gan_bench import store
from gan_bench.contract import StorageError
from gan_bench.escape import markdown, plain, spreadsheet
from gan_bench.leaderboard import Board, Boards, EqualTime, Neighbour, Row, at_equal_time, nearest
from gan_bench.protocol import Judged
from gan_bench.store import Cost, Record
from gan_bench.tables import Chapter, Section, chapters

GAP = 2  # spaces between the columns of a terminal
PAGE = 25 * 10**6  # bytes of pictures in one page: no mail takes more

# For people


def to_terminal(boards: Boards, console: Console, by_time: bool = False) -> None:
    """Rich tables for each protocol. Names are shown as they are, without markup."""
    for chapter in chapters(boards, by_time):
        console.print(_text(chapter.slug, style="bold"))
        console.print(
            _text(*(f"{name + ':':<12}{text}" for name, text in chapter.facts), style="dim")
        )
        for section in chapter.sections:
            if section.title:
                console.print(_text("", section.title, style="italic"))
            for k, columns in enumerate(_fitting(section, console.width)):
                if k or not section.title:
                    console.print()
                _print_table(columns, console)
        console.print()
        if chapter.notes:
            console.print(_text(*chapter.notes))
        console.print()
    for text in boards.unreadable:
        console.print(_text(f"! {text}"))


def _text(*lines: str, style: str = "") -> Text:
    return Text("\n".join(map(plain, lines)), style)


@dataclass(frozen=True)
class _Column:
    """A column as a terminal shows it."""

    title: list[str]  # its lines
    texts: list[str]
    numeric: bool
    width: int

    @classmethod
    def of(cls, section: Section, k: int) -> _Column:
        name = plain(section.columns[k])
        title = name.replace("-", "-\n").replace(" (", "\n(") if k > 1 else name
        lines, texts = title.split("\n"), [plain(row[k]) for row in section.rows]
        return cls(lines, texts, section.numeric[k], max(map(cell_len, [*lines, *texts])))

    def padded(self, text: str) -> str:
        """As wide as the column; rich's own justification takes ten times as long."""
        room = " " * (self.width - cell_len(text))
        return room + text if self.numeric else text + room


def _fitting(section: Section, width: int) -> Iterator[list[_Column]]:
    """One table, or as many as the width takes, each with the names of the rows."""
    columns = [_Column.of(section, k) for k in range(len(section.columns))]
    named, rest = columns[:2], columns[2:]
    while rest:
        fitting = 1
        while fitting < len(rest) and _width(named + rest[: fitting + 1]) <= width:
            fitting += 1
        yield named + rest[:fitting]
        rest = rest[fitting:]


def _width(columns: list[_Column]) -> int:
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)


def _print_table(columns: list[_Column], console: Console) -> None:
    if _width(columns) > console.width:
        console.print(_folded(columns))
        return
    height = max(len(column.title) for column in columns)
    titles = [[""] * (height - len(column.title)) + column.title for column in columns]
    texts = [column.texts for column in columns]
    text = Text.assemble((_lines(columns, titles), "bold"), "\n", _lines(columns, texts))
    console.print(text, soft_wrap=True)


def _lines(columns: list[_Column], texts: list[list[str]]) -> str:
    rows = (map(_Column.padded, columns, row) for row in zip(*texts, strict=True))
    return "\n".join((" " * GAP).join(row).rstrip() for row in rows)


def _folded(columns: list[_Column]) -> Table:
    """Names and numbers over as many lines as it takes, where not even one column fits."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0))
    for column in columns:
        justify: Any = "right" if column.numeric else "left"
        title = Text("\n".join(column.title))
        table.add_column(title, justify=justify, overflow="fold", vertical="bottom")
    for row in zip(*(column.texts for column in columns), strict=True):
        table.add_row(*map(Text, row))
    return table


def to_markdown(boards: Boards, base: Path, by_time: bool = False) -> str:
    """Tables for a README or an issue; pictures are linked relative to `base`."""
    lines = [line for each in chapters(boards, by_time) for line in _chapter_markdown(each, base)]
    lines += [f"- {markdown(text)}" for text in boards.unreadable]
    return "\n".join(lines) + "\n"


def _chapter_markdown(chapter: Chapter, base: Path) -> Iterator[str]:
    yield f"## {markdown(chapter.slug)}\n"
    yield from (f"- {name}: {markdown(text)}" for name, text in chapter.facts)
    yield ""
    for section in chapter.sections:
        if section.title:
            yield f"{markdown(section.title)}:\n"
        yield _markdown_row(map(markdown, section.columns))
        yield _markdown_row("---:" if numeric else "---" for numeric in section.numeric)
        yield from (_markdown_row(map(markdown, row)) for row in section.rows)
        yield ""
    yield from (f"- {markdown(note.removeprefix('! '))}" for note in chapter.notes)
    if chapter.notes:
        yield ""  # or the pictures would belong to the list
    for name, path in chapter.pictures.items():
        target = quote(os.fsencode(Path(os.path.relpath(path, base)).as_posix()))
        yield f"![{name} of {markdown(chapter.slug)}]({target})\n"


def _markdown_row(texts: Iterable[str]) -> str:
    return f"| {' | '.join(texts)} |"


def to_html(boards: Boards, by_time: bool = False) -> str:
    """One page that needs no other file: the pictures are in it, and it has no script."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else plain(str(value)),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"source": _source, "digest": _digest}
    template = environment.from_string(files("gan_bench").joinpath("page.html").read_text("utf-8"))
    told = list(_with_pictures(chapters(boards, by_time)))
    return template.render(chapters=told, unreadable=boards.unreadable)


def _source(picture: Path) -> str:
    """A picture as the address of itself; nothing, and so its name alone, if it is unreadable."""
    try:
        return f"data:image/png;base64,{b64encode(store.read_bytes(picture)).decode()}"
    except StorageError:
        return "data:,"


def _with_pictures(told: Iterable[Chapter]) -> Iterator[Chapter]:
    """The chapters with as many pictures as a page can carry; the others say where theirs are."""
    carried = 0
    for chapter in told:
        size = sum(map(_size, chapter.pictures.values()))
        if size and carried + size > PAGE:
            folder = next(iter(chapter.pictures.values())).parent
            full = f"its pictures would make this page too large: they are in {folder}"
            yield replace(chapter, pictures={}, notes=[*chapter.notes, full])
        else:
            carried += size
            yield chapter


def _size(picture: Path) -> int:
    """Bytes that a picture adds to a page, 0 where there is none that can be read."""
    try:
        size = picture.stat().st_size
    except OSError:
        return 0
    return size if size <= store.LARGEST else 0


def _digest(style: str) -> str:
    """What a Content-Security-Policy calls the one style it allows."""
    return f"sha256-{b64encode(sha256(style.encode()).digest()).decode()}"


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
        "schema": store.SCHEMA,
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


def _metric_json(board: Board, row: Row, metric: Judged) -> dict[str, Any]:
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
