"""Leaderboards in every format: terminal, markdown, html, csv, json. Needs no plugin, no torch."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from gan_bench import store
from gan_bench.contract import StorageError
from gan_bench.escape import markdown, plain, spreadsheet
from gan_bench.leaderboard import Board, Boards, EqualTime, Row, at_equal_time, nearest
from gan_bench.protocol import Judged
from gan_bench.store import Cost, Record
from gan_bench.tables import Chapter, Section, chapters

# For people


def to_terminal(boards: Boards, console: Console, by_time: bool = False) -> None:
    """Rich tables for each protocol. Names are shown as they are, without markup."""
    for chapter in chapters(boards, by_time):
        console.print(_text(chapter.slug, "bold"))
        for name, text in chapter.facts:
            console.print(_text(f"{name + ':':<12}{text}", "dim"))
        for section in chapter.sections:
            console.print()
            if section.title:
                console.print(_text(section.title, "italic"))
            for k, table in enumerate(_fitting_tables(section, console)):
                if k:
                    console.print()
                console.print(table)
        console.print()
        for note in chapter.notes:
            console.print(_text(note))
        console.print()
    for text in boards.unreadable:
        console.print(_text(f"! {text}"))


def _text(text: str, style: str = "") -> Text:
    return Text(plain(text), style)


def _fitting_tables(section: Section, console: Console) -> Iterator[Table]:
    """One table, or as many as its width takes, each with the names of the rows."""
    unlimited = console.options.update(max_width=10_000)
    named, rest = [0, 1], list(range(2, len(section.columns)))
    while rest:
        fitting = 1
        for count in range(2, len(rest) + 1):
            wider = _table(section, named + rest[:count])
            if Measurement.get(console, unlimited, wider).maximum > console.width:
                break
            fitting = count
        yield _table(section, named + rest[:fitting])
        rest = rest[fitting:]


def _table(section: Section, columns: list[int]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for k in columns:
        name = plain(section.columns[k])
        justify: Any = "right" if section.numeric[k] else "left"
        title = name.replace("-", "-\n").replace(" (", "\n(") if k > 1 else name
        table.add_column(Text(title), justify=justify, overflow="fold", vertical="bottom")
    for row in section.rows:
        table.add_row(*(_text(row[k]) for k in columns))
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
    return template.render(chapters=list(chapters(boards, by_time)), unreadable=boards.unreadable)


def _source(picture: Path) -> str:
    """A picture as the address of itself; nothing, and so its name alone, if it is unreadable."""
    try:
        return f"data:image/png;base64,{b64encode(store.read_bytes(picture)).decode()}"
    except StorageError:
        return "data:,"


def _digest(style: str) -> str:
    """What a Content-Security-Policy calls the one style it allows."""
    return f"sha256-{b64encode(sha256(style.encode()).digest()).decode()}"


# For programs


def to_csv(boards: Boards) -> str:
    """One line for each cell that ended, so that any statistics can be done elsewhere."""
    import pandas as pd

    lines = [line for board in boards.boards for line in _csv_lines(board)]
    lines += [{"status": "unreadable", "reason": text} for text in boards.unreadable]
    table = [{spreadsheet(name): _csv(value) for name, value in line.items()} for line in lines]
    text: str = pd.DataFrame(table, dtype=object).to_csv(index=False)  # a whole number stays one
    return text


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
        "protocols": [_board_json(board, boards.boards, by_time) for board in boards.boards],
        "unreadable": boards.unreadable,
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _board_json(board: Board, boards: Sequence[Board], by_time: bool) -> dict[str, Any]:
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
    others = [other for other in boards if other.slug != board.slug]
    if others:
        other, fields = nearest(board, others)
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
