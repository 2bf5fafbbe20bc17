"""Sentences below the tables: what went wrong, what the numbers do not say, what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from math import isfinite
from typing import Literal

from gan_bench.base.text import number, plural
from gan_bench.contract.differing import in_words
from gan_bench.contract.protocol import MetricSpec
from gan_bench.contract.reference import reference_warnings
from gan_bench.report.alarms import alarms
from gan_bench.report.code import measured_by_other_code, rows_of_other_code
from gan_bench.report.floors import signs
from gan_bench.report.leaderboard import Board, Neighbour
from gan_bench.report.no_better import no_better
from gan_bench.report.rows import Row, with_record
from gan_bench.report.similarity import compare_networks, sentence_of
from gan_bench.results.frame import metric_column
from gan_bench.results.records import Verdict
from gan_bench.results.scale import REAL

NO_ORDER = "the order of the rows means nothing"
CLEARLY = 4  # standard errors
MOST_DIAGNOSES = 12  # different ones; if there are more, those of the first seed of each row


@dataclass(frozen=True)
class Note:
    """One sentence. A fault is something that went wrong; a remark is all else."""

    severity: Literal["fault", "remark"]
    text: str


def notes(board: Board, neighbour: Neighbour | None = None) -> list[Note]:
    """All notes of a leaderboard, the faults first."""
    faults = chain(
        _files(board),
        no_better(board),
        *(_survivors(row, board.ranking) for row in board.rows),
        *(_alarms(row, board) for row in board.rows),
        *(_like_collapse(row, board) for row in board.trained),
        _closer_than_real(board),
        *(faults_of(row) for row in board.rows),
    )
    remarks = chain(
        rows_of_other_code(board.rows),
        _other_order(board),
        _no_order(board),
        _no_time(board),
        _no_scale(board),
        board.scale.warnings if board.scale else (),
        _recipes(board),
        _floors(board),
        reference_warnings(board.protocol.evaluation, board.protocol.data),
        _diagnoses(board),
        _refusals(board),
        _details(board),
        measured_by_other_code(board.rows),
        _rank_agreement(board),
        _networks(board),
        _difference(board, neighbour),
    )
    return [
        *(Note("fault", text) for text in faults),
        *(Note("remark", text) for text in remarks),
    ]


def _files(board: Board) -> Iterator[str]:
    """The files of the protocol that cannot be read."""
    if board.scale_fault:
        yield board.scale_fault
    if board.plans_fault:
        yield f"it is not known how many seeds were planned: {board.plans_fault}"
    yield from board.entry_faults


def faults_of(row: Row) -> list[str]:
    """What went wrong: verdicts with their dates, failures, records that cannot be read."""
    reasons = zip(row.cells["status"], row.cells["reason"], strict=True)
    cells = zip(*(row.done[name] for name in FAULTS), strict=True)
    return [
        *chain.from_iterable(_faults(row.cell_name(cell[0]), *cell[1:]) for cell in cells),
        *(f"{row.name}: {reason}" for status, reason in reasons if status == "unreadable"),
    ]


FAULTS = (
    *("seed", "status", "reason", "verdicts", "rollbacks", "notes", "unscored", "reference_n"),
)


def _faults(
    cell: str,
    status: str,
    reason: str | None,
    verdicts: tuple[Verdict, ...],
    rollbacks: float,
    more: tuple[str, ...],
    unscored: dict[str, str],
    reference_n: tuple[int, ...],
) -> Iterator[str]:
    for verdict in verdicts:
        after = "" if status == verdict.kind else f" (but {status} in the end)"
        date = f"at {number(verdict.kimg, 6)} kimg"
        yield f"{cell}: {verdict.kind} {date}{after}: {verdict.reason}"
    if rollbacks:
        times = plural(int(rollbacks), "time")
        yield f"{cell}: rolled back {times}; the discarded images count towards its kimg"
    if reason and not verdicts:
        yield f"{cell}: {reason}"
    scored = bool(reference_n)  # of each score: there is none without it
    if not (scored or unscored or reason or verdicts):
        yield f"{cell}: {status}, but its record has no score and gives no reason"
    yield from (f"{cell}: {note}" for note in more)


def _survivors(row: Row, ranking: MetricSpec) -> Iterator[str]:
    """Which part of a row its mean is about."""
    scored, counted = len(row.values(ranking.name)), row.counted(ranking.name)
    if 0 < scored < counted:
        lost = counted - scored
        have = "has no score and counts" if lost == 1 else "have no score and count"
        yield (
            f"{row.name}: {lost} of {counted} seeds {have} as worst; "
            f"the mean is that of the other {scored}"
        )


def _alarms(row: Row, board: Board) -> Iterator[str]:
    """The flags of the first table, with what they mean."""
    for alarm in alarms(row, board.protocol.evaluation.metrics):
        real = board.real(alarm.metric)
        others = f" ({REAL} score {number(real.value)})" if real else ""
        yield (
            f"{row.name}: {alarm.text}, and anything worse than {number(alarm.limit)} is an alarm"
            f"{others}: its images may be less good than the other scores of this row say"
        )


def _like_collapse(row: Row, board: Board) -> Iterator[str]:
    """Scores at the end that are a sign of mode collapse in cells without a verdict."""
    seeds, judged = row.done["seed"], list(map(bool, row.done["verdicts"]))
    for gauge in board.protocol.evaluation.gauges:
        scores = row.done.get(metric_column(gauge.name), [])
        cells = zip(seeds, scores, judged, strict=False)
        free = {seed: score for seed, score, verdict in cells if not verdict and isfinite(score)}
        if found := {seed: score for seed, score in free.items() if gauge.beyond(score)}:
            named = f" (seed{'s' * (len(found) > 1)} {', '.join(map(str, found))})"
            which = named if len(row.values(gauge.name)) > 1 else ""
            yield (
                f"{row.name}: {gauge.name} {', '.join(map(number, found.values()))}{which} at the "
                f"end, and worse than {number(gauge.floor)} is a sign of mode collapse; no tick of "
                f"{'this training' if len(found) == 1 else 'these trainings'} had a verdict"
            )


def _closer_than_real(board: Board) -> Iterator[str]:
    """Entries that clearly beat other real images: no generator does that without copies."""
    real, ranking = board.real(board.ranking), board.ranking
    if real is None:
        return
    limit = ranking.cost(real.value) - CLEARLY * (real.error or 0)
    for row in board.rows:
        if row.entry and any(ranking.cost(each) < limit for each in row.values(ranking.name)):
            yield (
                f"{row.name}: better than {REAL} ({number(real.value)}) by {ranking.name}: it may "
                "hold images that it is compared with"
            )


def _no_scale(board: Board) -> Iterator[str]:
    if board.scale and board.scale.why_no_real:
        yield f"no scores of {REAL}: {board.scale.why_no_real}"


def _floors(board: Board) -> Iterator[str]:
    """Each reason once, with the metrics that are left out for it."""
    kept = {board.ranking.name, *signs(board.protocol.evaluation.gauges, board.rows)}
    for reason in dict.fromkeys(board.floors.values()):
        same = [name for name, why in board.floors.items() if why == reason]
        names = [name for name in same if name not in kept]
        if names:
            yield f"{', '.join(names)}: {reason}: left out"
        if board.ranking.name in same and board.equal_time:
            yield f"{board.ranking.name}: {reason}: it does not compare the rows"
        elif board.ranking.name in same:
            worth = f": {NO_ORDER}" if len(board.rows) > 1 else ""
            yield f"{board.ranking.name}: {reason}{worth}"
    if board.equal_time and board.tick_floor:
        yield f"{board.equal_time.metric.name} at equal time: {board.tick_floor}: {NO_ORDER}"


def _recipes(board: Board) -> Iterator[str]:
    """What the rows share if each has a recipe, and what differs with it."""
    if board.protocol.schedule.recipes == "own":
        yield (
            "each row was trained by its own recipe, where it has one: all saw the same images and "
            "were measured alike, but with more D steps G has fewer updates, so that the rows "
            "compare methods and not networks or losses alone"
        )


def _no_time(board: Board) -> Iterator[str]:
    if board.by_time and board.equal_time is None:
        yield "no cell has completed the schedule: the rows are ordered by work, not by time"


def _other_order(board: Board) -> Iterator[str]:
    if board.unsorted:
        by = board.ranking.name
        yield f"{board.unsorted} was not measured here: the rows are ordered by {by}"


def _no_order(board: Board) -> Iterator[str]:
    """Whether the ranking metric has no score at all, though cells have ended."""
    name = board.ranking.name
    ended = any(row.counted(name) for row in board.rows)
    if ended and not any(row.values(name) for row in board.rows):
        order = "" if board.equal_time else ": the rows are in the order of their names"
        yield f"no cell has a score of {name}{order}"


def _diagnoses(board: Board) -> Iterator[str]:
    """What the curves show: one line a cell, but cells with the same diagnosis share one."""
    labelled = [
        (k, row.cell_name(seed), diagnosis)
        for row in board.rows
        for k, (seed, diagnosis) in enumerate(
            zip(row.done["seed"], row.done["diagnosis"], strict=True)
        )
        if diagnosis
    ]
    many = len({diagnosis for _, _, diagnosis in labelled}) > MOST_DIAGNOSES
    named: dict[str, list[str]] = {}
    for k, name, diagnosis in labelled:
        if k == 0 or not many:
            named.setdefault(diagnosis, []).append(name)
    for diagnosis, names in named.items():
        yield f"{names[0] if len(names) == 1 else plural(len(names), 'cell')}: {diagnosis}"


def _refusals(board: Board) -> Iterator[str]:
    """Each reason once, with the number of cells it holds for."""
    cells = with_record(board.cells)["unscored"]
    count = Counter(item for unscored in cells for item in unscored.items())
    for (metric, reason), times in count.items():
        yield f"{metric}: no score for {plural(times, 'cell')}: {reason}"


def _details(board: Board) -> Iterator[str]:
    """What weighs most in the scores of the first seed of each row, if its metrics say it."""
    names = {metric.name for metric in board.protocol.evaluation.metrics} - board.floors.keys()
    for row in board.rows:
        for seed, details in zip(row.done["seed"][:1], row.done["details"][:1], strict=True):
            shown = [f"{name} is {text}" for name, text in details.items() if name in names]
            if shown:
                yield f"{row.cell_name(seed)}: the largest part of {'; that of '.join(shown)}"


def _rank_agreement(board: Board) -> Iterator[str]:
    if board.agreements:
        taus = ", ".join(f"{name} {tau:.2f}" for name, tau in board.agreements.items())
        yield (
            f"rank agreement with {board.ranking.name} "
            f"(Kendall's tau: 1 is the same order, -1 the reverse): {taus}"
        )


def _networks(board: Board) -> Iterator[str]:
    """Whether the first row's network differs from the others, where seeds are too few to say."""
    comparisons, faults = compare_networks(board.trained)
    for comparison in comparisons:
        if comparison.first.terms.metric not in board.trained_floors:
            yield sentence_of(comparison)
    yield from faults


def _difference(board: Board, neighbour: Neighbour | None) -> Iterator[str]:
    """Why this table is not one with the most similar other one."""
    if neighbour:
        other, _ = neighbour
        listed = in_words(board.protocol, other.protocol)
        yield f"not in one table with {other.slug}: {listed}"
