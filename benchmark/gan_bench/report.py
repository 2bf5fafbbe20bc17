"""Leaderboards as text: terminal, markdown, csv, json. Needs no plugin and no torch."""

from __future__ import annotations

import html
import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from gan_bench import store
from gan_bench.leaderboard import (
    Board,
    Boards,
    EqualTime,
    Moment,
    Row,
    at_equal_time,
    figure_paths,
    nearest,
)
from gan_bench.progress import duration
from gan_bench.protocol import Judged, Protocol
from gan_bench.statistics import MIN_SEEDS, least_seeds
from gan_bench.store import Cost, Record

NOTHING = "–"  # where a cell has no number: never an imputed one
WORDS = ("architecture", "loss", "tie", "cells", "by seed")  # columns that are not numbers
TOLD = 12  # cells whose curves are put into words; of more, the first seed of each row
FEW = 4  # metrics that still fit beside each other in the first table


# What the tables say


@dataclass(frozen=True)
class Section:
    """One table, as text."""

    title: str
    columns: list[str]
    rows: list[list[str]]


def sections(board: Board, equal_time: EqualTime | None = None) -> list[Section]:
    """All tables of a leaderboard, the one that ranks first."""
    metrics = [metric for metric in board.protocol.evaluation.metrics if metric != board.ranking]
    gauges = {gauge.name for gauge in board.protocol.evaluation.gauges}
    if len(metrics) < FEW:
        beside, others = metrics, []
    else:
        beside = [metric for metric in metrics if metric.name in gauges]
        others = [metric for metric in metrics if metric not in beside]
    first = _equal_time(equal_time) if equal_time else _ranking(board, beside)
    rest = [*beside, *others] if equal_time else others
    everything = [first, _metrics(board, rest), _seeds(board), _costs(board)]
    return [section for section in everything if len(section.columns) > 2 and section.rows]


def _ranking(board: Board, beside: list[Judged]) -> Section:
    """The ranking metric at the end, its tie letters, its best tick, and how the cells ended."""
    ties = board.ties()
    lettered = any(ties)
    columns = [_title(board.ranking), *(["tie"] if lettered else []), *map(_title, beside)]
    watched = board.protocol.evaluation.tick_samples
    columns += [f"best @ kimg (n = {watched:,})", "drop since", "cells"]
    rows = []
    for row, tie in zip(board.rows, ties, strict=True):
        scores = [_score(row, board.ranking), *([tie or NOTHING] if lettered else [])]
        scores += [_score(row, metric) for metric in beside]
        rows.append([row.architecture, row.loss, *scores, *_best(board, row), _cells(row)])
    return Section("", ["architecture", "loss", *columns], rows)


def _metrics(board: Board, metrics: list[Judged]) -> Section:
    rows = [
        [row.architecture, row.loss, *(_score(row, metric) for metric in metrics)]
        for row in board.rows
    ]
    return Section("other metrics", ["architecture", "loss", *map(_title, metrics)], rows)


def _seeds(board: Board) -> Section:
    """Every value of the ranking metric, and where its spread comes from."""
    rows = []
    for row in board.rows:
        values, spread = row.values(board.ranking.name), row.spread(board.ranking.name)
        if len(values) > 1:
            parts = [_optional(part) for part in (spread.seeds, spread.training, spread.sampling)]
            every = ", ".join(map(_number, values))
            rows.append([row.architecture, row.loss, every, *parts])
    title = f"{board.ranking.name} of every seed; standard deviations over seeds, of which ..."
    columns = ["by seed", "sd of seeds", "by training", "by sampling"]
    return Section(title, ["architecture", "loss", *columns], rows)


COSTS: dict[str, Callable[[Row], str]] = {
    "images/s": lambda row: _costed(row, "images_per_second", "{:.0f}"),
    "s/kimg": lambda row: _seconds_per_kimg(row),
    "training": lambda row: _lasting(row, "train_seconds"),
    "measuring": lambda row: _lasting(row, "evaluate_seconds"),
    "memory": lambda row: _costed(row, "peak_memory_mib", "{:,.0f} MiB"),
    "G + D parameters": lambda row: _both(row, "g_parameters", "d_parameters"),
    "G + D MACs": lambda row: _both(row, "g_macs", "d_macs"),
}


def _costs(board: Board) -> Section:
    """What it took; MACs are multiply-accumulates of one image, forward."""
    rows = [
        [row.architecture, row.loss, *(text(row) for text in COSTS.values())] for row in board.rows
    ]
    return Section("cost", ["architecture", "loss", *COSTS], rows)


def _equal_time(found: EqualTime) -> Section:
    """Where every row stood when the fastest had finished."""

    def texts(moment: Moment) -> list[str]:
        row = moment.row
        kimg = f"{fmean(moment.kimg):.3g}" if moment.kimg else NOTHING
        return [row.architecture, row.loss, _values(moment.scores, None), kimg, _cells(row)]

    title = f"after {duration(found.seconds)} of training each, scored on the samples of a tick"
    columns = [_title(found.metric), "kimg by then", "cells"]
    return Section(title, ["architecture", "loss", *columns], [texts(m) for m in found.moments])


def _title(metric: Judged) -> str:
    return f"{metric.name} {'↑' if metric.higher_is_better else '↓'}"


def _cells(row: Row) -> str:
    told = [f"{number} {word}" for word, number in row.status().items()]
    times = row.rollbacks()
    if times:
        told.append(f"{times} rollback{'s' if times > 1 else ''}")
    return ", ".join(told)


def _best(board: Board, row: Row) -> list[str]:
    """The best tick with its date, and what was lost from it to the last; means over seeds."""
    bests = [best for best in row.bests() if best.metric == board.ranking.name]
    if not bests:
        return [NOTHING, NOTHING]
    value, kimg = fmean(best.value for best in bests), fmean(best.kimg for best in bests)
    lost = fmean(abs(best.final - best.value) for best in bests)
    return [f"{_number(value)} @ {kimg:.3g}", _number(lost)]


def _score(row: Row, metric: Judged) -> str:
    return _values(row.values(metric.name), row.interval(metric.name))


def _values(values: list[float], interval: tuple[float, float] | None) -> str:
    """One value as it is; a range, which claims nothing; from four seeds on mean ± interval."""
    if not values:
        return NOTHING
    if interval:
        return _plus_minus(fmean(values), (interval[1] - interval[0]) / 2)
    low, high = _number(min(values)), _number(max(values))
    return low if low == high else f"{low} to {high}"


def _plus_minus(mean: float, half: float) -> str:
    """As many decimals as the uncertainty has meaning: two figures of it."""
    if half == 0:
        return f"{_number(mean)} ± 0"
    decimals = min(6, max(0, 1 - math.floor(math.log10(half))))
    return f"{mean:.{decimals}f} ± {half:.{decimals}f}"


def _number(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"


def _optional(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3g}"


def _costed(row: Row, name: str, style: str) -> str:
    cost = row.mean_cost(name)
    return NOTHING if cost is None else style.format(cost)


def _seconds_per_kimg(row: Row) -> str:
    rate = row.mean_cost("images_per_second")
    return f"{1000 / rate:.3g}" if rate else NOTHING


def _lasting(row: Row, name: str) -> str:
    seconds = row.mean_cost(name)
    return NOTHING if seconds is None else duration(seconds)


def _both(row: Row, g: str, d: str) -> str:
    of_g, of_d = row.mean_cost(g), row.mean_cost(d)
    return NOTHING if of_g is None or of_d is None else f"{of_g / 1e6:.1f} + {of_d / 1e6:.1f} M"


# What stands around the tables


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
    lines = [
        (
            "data",
            f"{data.name}, {width} x {height} x {channels}, {data.train:,} training and "
            f"{data.held_out:,} held-out images, fingerprint {data.fingerprint[:12]}",
        ),
        (
            "schedule",
            f"{schedule.kimg:g} kimg = {schedule.updates:,} updates of G, batch {schedule.batch}, "
            f"{schedule.d_steps} D per G, Adam {schedule.lr_g:g}/{schedule.lr_d:g} betas "
            f"{schedule.betas[0]:g} {schedule.betas[1]:g}, {schedule.precision}, {ema}; "
            f"on collapse: {schedule.on_collapse}",
        ),
        (
            "evaluation",
            f"{evaluation.samples:,} generated against {reference} {evaluation.reference} images, "
            f"the first {evaluation.tick_samples:,} of them at {schedule.ticks} ticks; "
            f"features {', '.join(nets)}",
        ),
        ("device", ", ".join(devices) or "none yet"),
        ("seeds", ", ".join(map(str, seeds)) or "none yet"),
    ]
    return [*lines, ("±", _meaning(records))] if records else lines


def _meaning(records: Sequence[Record]) -> str:
    """What the numbers claim, by how many seeds there are."""
    seeds = Counter((record.architecture, record.loss) for record in records)
    most = max(seeds.values())
    if most >= MIN_SEEDS:
        text = (
            "95 % interval of the mean over training seeds (Student's t); rows that share a letter "
            "are not told apart (permutation tests of all pairs, Holm's correction, 5 %)"
        )
        rows = sum(count >= MIN_SEEDS for count in seeds.values())
        few = least_seeds(rows) > most
        return (
            f"{text}; no two of {rows} rows can be under {least_seeds(rows)} seeds" if few else text
        )
    if most > 1:
        return f"none under {MIN_SEEDS} seeds: a range claims nothing about which row is better"
    return (
        "none: one seed is one draw, and the next may rank the rows otherwise; "
        "--seeds 6 gives intervals and ties"
    )


def notes(board: Board, boards: Sequence[Board] = ()) -> list[str]:
    """What else there is to know: verdicts, words, refusals, rulers that disagree, neighbours."""
    remarks = [f"! {remark}" for row in board.rows for remark in row.remarks()]
    return [
        *remarks,
        *_diagnoses(board),
        *_refusals(board),
        *_rulers(board),
        *_apart(board, boards),
    ]


def _diagnoses(board: Board) -> Iterator[str]:
    told = [(row, r) for row in board.rows for r in row.records if r.diagnosis]
    if len(told) > TOLD:
        told = [(row, row.records[0]) for row in board.rows if row.records]
    for row, record in told:
        if record.diagnosis:
            yield f"{row.name} / seed{record.seed}: {record.diagnosis}"


def _refusals(board: Board) -> Iterator[str]:
    """Each reason once, with the rows it holds for."""
    told = Counter(
        (name, reason) for record in board.records() for name, reason in record.unscored.items()
    )
    for (name, reason), times in told.items():
        yield f"{name}: no score for {times} cell{'s' if times > 1 else ''}: {reason}"


def _rulers(board: Board) -> Iterator[str]:
    """Whether the winner depends on the ruler."""
    taus = board.agreements()
    if taus:
        listed = ", ".join(f"{name} {tau:.2f}" for name, tau in taus.items())
        yield (
            f"rank agreement with {board.ranking.name} (Kendall's tau: 1 the same order, "
            f"-1 the reverse): {listed}"
        )
    first = {net: board.winners().get(net) for net in _opinions(board)}
    if len(set(first.values())) > 1:
        listed = ", ".join(f"{winner} by {net}" for net, winner in first.items())
        yield f"the winner depends on the ruler: {listed}"


def _opinions(board: Board) -> list[str]:
    """The nets that measure the same thing as the ranking metric: fd-<one>, fd-<another>."""
    family = board.ranking.name.removesuffix(board.ranking.features)
    if family == board.ranking.name:
        return []
    metrics = board.protocol.evaluation.metrics
    return [metric.features for metric in metrics if metric.name == family + metric.features]


def _apart(board: Board, boards: Sequence[Board]) -> Iterator[str]:
    """Why this table is not one with the most similar other one."""
    others = [other for other in boards if other.slug != board.slug]
    if others:
        other, fields = nearest(board, others)
        listed = "; ".join(
            f"{name} is {here}, there {there}" for name, (here, there) in fields.items()
        )
        yield f"not one table with {other.slug}: {listed}"


# The formats


def to_terminal(boards: Boards, console: Console, by_time: bool = False) -> None:
    """Rich tables for each protocol. Names are shown as they are, without markup."""
    for board in boards.boards:
        console.print(Text(board.slug, style="bold"))
        for name, text in protocol_lines(board.protocol, board.records()):
            console.print(Text(f"{name + ':':<12}{text}", style="dim"))
        for section in sections(board, at_equal_time(board) if by_time else None):
            console.print()
            if section.title:
                console.print(Text(section.title, style="italic"))
            for k, table in enumerate(_fitting_tables(section, console)):
                if k:
                    console.print()
                console.print(table)
        console.print()
        for note in notes(board, boards.boards):
            console.print(_plain(note))
        console.print()
    for text in boards.unreadable:
        console.print(_plain(f"! {text}"))


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
        name = section.columns[k]
        justify: Any = "left" if name in WORDS else "right"
        title = name.replace("-", "-\n").replace(" (", "\n(") if k > 1 else name
        table.add_column(Text(title), justify=justify, overflow="fold", vertical="bottom")
    for row in section.rows:
        table.add_row(*(_plain(row[k]) for k in columns))
    return table


def _plain(text: str) -> Text:
    """Text without anything that a terminal would obey."""
    shown = (c if c == "\n" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return Text("".join(shown))


def to_markdown(boards: Boards, base: Path, by_time: bool = False) -> str:
    """Tables for a README or an issue; pictures are linked relative to `base`."""
    parts = [
        part
        for board in boards.boards
        for part in _board_markdown(board, boards.boards, base, by_time)
    ]
    parts += [f"- unreadable: {_escape(text)}" for text in boards.unreadable]
    return "\n".join(parts) + "\n"


def _board_markdown(
    board: Board, boards: Sequence[Board], base: Path, by_time: bool
) -> Iterator[str]:
    yield f"## {_escape(board.slug)}\n"
    yield from (
        f"- {name}: {_escape(text)}"
        for name, text in protocol_lines(board.protocol, board.records())
    )
    yield ""
    for section in sections(board, at_equal_time(board) if by_time else None):
        if section.title:
            yield f"{_escape(section.title)}:\n"
        yield _markdown_row(section.columns)
        yield _markdown_row(["---" if name in WORDS else "---:" for name in section.columns])
        yield from map(_markdown_row, section.rows)
        yield ""
    told = notes(board, boards)
    yield from (f"- {_escape(note.removeprefix('! '))}" for note in told)
    if told:
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
            **{
                f"{name} error": score.error
                for name, score in record.scores.items()
                if score.error is not None
            },
            **(
                {f"best_{k}": v for k, v in record.best.model_dump().items()} if record.best else {}
            ),
            "rollbacks": record.rollbacks,
            "diagnosis": record.diagnosis,
            **(record.cost.model_dump() if record.cost else {}),
            "device": record.device,
        }
        for board in boards.boards
        for record in board.records()
    ]
    text: str = pd.DataFrame(lines).to_csv(index=False)
    return text


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
