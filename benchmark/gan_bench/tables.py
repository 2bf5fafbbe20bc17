"""What the leaderboards say, as text: their tables, what all rows share, what else to know."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from gan_bench.leaderboard import (
    Board,
    Boards,
    EqualTime,
    Moment,
    Neighbour,
    Row,
    at_equal_time,
    figure_paths,
    nearest,
)
from gan_bench.progress import duration
from gan_bench.protocol import Judged, Protocol
from gan_bench.statistics import MIN_SEEDS, least_seeds
from gan_bench.store import Record

NOTHING = "–"  # where a cell has no number: never an imputed one
WORDS = ("architecture", "loss", "tie", "cells", "by seed")  # columns that are not numbers
TOLD = 12  # cells whose curves are put into words; of more, the first seed of each row
FEW = 4  # metrics that still fit beside each other in the first table


@dataclass(frozen=True)
class Chapter:
    """All that is said about one protocol, in order."""

    slug: str
    facts: list[tuple[str, str]]
    sections: list[Section]
    notes: list[str]
    pictures: dict[str, Path]  # those that are drawn


def chapters(boards: Boards, by_time: bool = False) -> Iterator[Chapter]:
    """One for each leaderboard."""
    for board, neighbour in zip(boards.boards, nearest(boards.boards), strict=True):
        yield Chapter(
            board.slug,
            protocol_lines(board.protocol, board.records()),
            sections(board, at_equal_time(board) if by_time else None),
            notes(board, neighbour),
            {name: path for name, path in figure_paths(board).items() if path.is_file()},
        )


# What the tables say


@dataclass(frozen=True)
class Section:
    """One table, as text."""

    title: str
    columns: list[str]
    rows: list[list[str]]

    @property
    def numeric(self) -> list[bool]:
        """Which columns hold numbers."""
        return [name not in WORDS for name in self.columns]


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
    return f"{value:.0f}" if 10_000 <= abs(value) < 1e9 else f"{value:.4g}"


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


def notes(board: Board, neighbour: Neighbour | None = None) -> list[str]:
    """What else there is to know: verdicts, words, refusals, rulers that disagree, neighbours."""
    remarks = [f"! {remark}" for row in board.rows for remark in row.remarks()]
    return [
        *remarks,
        *_diagnoses(board),
        *_refusals(board),
        *_rulers(board),
        *_apart(neighbour),
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


def _apart(neighbour: Neighbour | None) -> Iterator[str]:
    """Why this table is not one with the most similar other one."""
    if neighbour:
        other, fields = neighbour
        listed = "; ".join(
            f"{name} is {here}, there {there}" for name, (here, there) in fields.items()
        )
        yield f"not one table with {other.slug}: {listed}"
