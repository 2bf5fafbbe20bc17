"""The captions of the figures of a paper: what is shown, of how many seeds, by which protocol."""

from __future__ import annotations

from collections.abc import Sequence

from gan_bench.base.escape import markdown
from gan_bench.base.text import number, plural
from gan_bench.report.courses import BAND, Course
from gan_bench.report.leaderboard import Board
from gan_bench.report.paper.curves import BINS, Curve
from gan_bench.report.rows import Row, devices_of
from gan_bench.report.selection import captions, what_is_shown
from gan_bench.report.statistics import MIN_SEEDS
from gan_bench.results.scale import REAL

CLIPPED = "Triangles at an edge mark values beyond the axis."


def quality_caption(board: Board, drawn: Sequence[Course], by_time: bool) -> str:
    """Of the score at every tick."""
    metric = board.protocol.evaluation.at_ticks
    rows = [course.row for course in drawn]
    parts = [
        f"{_sentence(captions(board)['quality'])} {_better(metric.higher_is_better)}",
        f"Lines and bands: {BAND}, of those seeds that have a score at the tick "
        f"({_counts([len(course.seeds) for course in drawn])}).",
    ]
    if by_time:
        cells = board.cells
        devices = ", ".join(devices_of(cells["status"], cells["device"]))
        parts.append(f"Time: wall-clock time of training{f' on {devices}' if devices else ''}.")
    if board.real_at_ticks is not None:
        parts.append(f"{REAL.capitalize()} score {number(board.real_at_ticks)}.")
    if any(True for course in drawn for _ in course.events()):
        parts.append(
            "Crosses: trainings that collapsed, diverged or degraded, at the nearest tick."
        )
    return _joined(board, parts, what_is_shown(board, rows))


def curves_caption(board: Board, drawn: Sequence[Curve], name: str) -> str:
    """Of losses or scores of D."""
    parts = [
        _sentence(captions(board)[name]),
        f"Lines and bands: {BAND} ({_counts([len(curve.seeds) for curve in drawn])}), "
        f"each averaged over 1/{BINS} of the training.",
    ]
    rows = [curve.row for curve in drawn]
    if any(any(each) for row in rows for each in row.done["verdicts"]):
        parts.append("Crosses: when a training was found to have gone wrong.")
    return _joined(board, parts, what_is_shown(board, rows))


def ranking_caption(board: Board, rows: Sequence[Row]) -> str:
    """Of the final scores."""
    metric, real = board.ranking, board.real(board.ranking)
    trained = [row for row in rows if not row.entry]
    counts = _counts([len(row.values(metric.name)) for row in trained])
    parts = [
        f"{metric.name} at the end of training (n = {board.protocol.evaluation.samples:,}). "
        f"{_better(metric.higher_is_better)}",
        f"Dots: the mean of the seeds ({counts}); thin marks: the seeds.",
    ]
    if any(row.interval(metric.name) for row in trained):
        parts.append(
            f"Bars: the 95 % interval of the mean by Student's t, from {MIN_SEEDS} seeds on."
        )
    if len(trained) < len(rows):
        parts.append("Diamonds: images or generators made elsewhere.")
    if any(any(each) for row in trained for each in row.done["verdicts"]):
        parts.append("Crosses: seeds that collapsed, diverged or degraded.")
    if real:
        parts.append(f"{REAL.capitalize()} score {number(real.value)}.")
    if why := board.floors.get(metric.name):
        parts.append(f"This metric does not compare the rows: {why}.")
    total = len(board.rows)
    left_out = f"the best {len(rows)} of {total:,} rows" if len(rows) < total else ""
    return _joined(board, parts, left_out)


def _joined(board: Board, parts: Sequence[str], left_out: str) -> str:
    shown = [f"Shown: {left_out}."] if left_out else []
    return " ".join([*parts, CLIPPED, *shown, f"Protocol {board.slug}."])


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _better(higher: bool) -> str:
    return f"{'Higher' if higher else 'Lower'} is better."


def _counts(seeds: Sequence[int]) -> str:
    """How many seeds the rows have: 3 seeds of each row, 2 to 5 seeds of each row."""
    least, most = min(seeds, default=0), max(seeds, default=0)
    span = plural(most, "seed") if least == most else f"{least} to {plural(most, 'seed')}"
    return f"{span} of each row"


def as_markdown(board: Board, texts: dict[str, str]) -> bytes:
    """The file beside the figures: file name without width and ending -> caption."""
    lines = [f"# Captions of {markdown(board.slug)}", ""]
    for name, text in texts.items():
        lines += [f"**{name}**: {markdown(text)}", ""]
    return "\n".join(lines).encode()
