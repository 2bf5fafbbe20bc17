"""The tables of a leaderboard, as text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from gan_bench.base.text import duration, number, plural
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report.alarms import alarms
from gan_bench.report.answer import answer
from gan_bench.report.costs import cost_section, training_minutes
from gan_bench.report.equal_time import EqualTime
from gan_bench.report.facts import claims, protocol_lines, with_images
from gan_bench.report.leaderboard import Board, Boards, nearest
from gan_bench.report.notes import Note, notes
from gan_bench.report.pairs import Interval, against_leader
from gan_bench.report.rows import Row, places
from gan_bench.report.section import NOTHING, Column, Filled, Section, section_of
from gan_bench.report.selection import captions, figure_paths
from gan_bench.report.statistics import Spread
from gan_bench.run.schedule_text import recipe_text

FEW = 2  # so many further metrics have room in the first table
CELLS = Column("cells", numeric=False)
TIMES_REAL = "× real"


@dataclass(frozen=True)
class Chapter:
    """All that a report says about one protocol, in order."""

    slug: str
    answer: str  # in one sentence
    tables: list[Section]  # what the rows are ordered by
    claims: str  # what ± and the letters mean
    notes: list[Note]
    more: list[Section]  # all other tables
    facts: list[tuple[str, str]]  # about the protocol
    pictures: dict[str, Path]  # those that are drawn
    captions: dict[str, str]  # of all pictures

    @property
    def faults(self) -> list[str]:
        """The notes about what went wrong."""
        return [note.text for note in self.notes if note.severity == "fault"]

    @property
    def remarks(self) -> list[str]:
        """All other notes."""
        return [note.text for note in self.notes if note.severity == "remark"]


def chapters(boards: Boards) -> Iterator[Chapter]:
    """One for each leaderboard."""
    for board, neighbour in zip(boards.boards, nearest(boards.boards), strict=True):
        yield Chapter(
            slug=board.slug,
            answer=answer(board),
            tables=tables(board),
            claims=claims(board),
            notes=notes(board, neighbour),
            more=more_tables(board),
            facts=with_images(protocol_lines(board), board.folder),
            pictures={name: path for name, path in figure_paths(board).items() if path.is_file()},
            captions=captions(board),
        )


def tables(board: Board) -> list[Section]:
    """What the rows are ordered by: at equal time, if asked for, and at the end of the schedule."""
    first = [_equal_time(board, board.equal_time)] if board.equal_time else []
    return _filled([*first, _ranking(board)])


def more_tables(board: Board) -> list[Section]:
    """Further metrics, best ticks, seeds, pairs of rows, cost."""
    beside = _beside(board)
    others = [metric for metric in board.others if metric not in beside]
    return _filled(
        [
            section_of("other metrics", board.rows, [_scores(board, each) for each in others]),
            section_of("best tick", board.rows, list(_best(board))),
            _seeds(board),
            _pairs(board),
            cost_section(board.trained),
        ]
    )


def _filled(sections: Sequence[Section]) -> list[Section]:
    return [each for each in sections if len(each.columns) > each.names and each.rows]


def _beside(board: Board) -> list[MetricSpec]:
    """What stands beside the ranking metric: all if few, else gauges, partners and counts."""
    if len(board.others) <= FEW:
        return board.others
    names = {board.ranking.name, *(gauge.name for gauge in board.protocol.evaluation.gauges)}
    metrics = board.protocol.evaluation.metrics
    partners = {metric.partner for metric in metrics if metric.name in names}
    return [
        each
        for each in board.others
        if each.name in names | partners or each.partner in names or _counts(board, each)
    ]


def _counts(board: Board, metric: MetricSpec) -> bool:
    """Whether the metric counts something, such as modes: every score is a whole number."""
    real = board.real(metric)
    values = [value for row in board.rows for value in row.values(metric.name)]
    whole = all(value == round(value) for value in values)
    return metric.higher_is_better and whole and real is not None and real.value > 1


def _ranking(board: Board) -> Section:
    """The scores at the end of the schedule, tie letters, minutes, how the cells ended."""
    n = f"n = {board.protocol.evaluation.samples:,}"
    tie = Column("tie", numeric=False)
    columns = [
        *_recipes(board),
        *_labels(board),
        _scores(board, board.ranking, n),
        *_times_real(board),
        *(
            [Filled(tie, [tie or NOTHING for tie in board.ties], always=True)]
            if any(board.ties)
            else []
        ),
        *_warnings(board),
        *(_scores(board, metric) for metric in _beside(board)),
        Filled(Column("minutes"), list(map(training_minutes, board.rows))),
        Filled(CELLS, list(map(_cells, board.rows))),
    ]
    title = "at the end of the schedule" if board.equal_time else ""
    return section_of(title, board.rows, columns, _ranks(board))


def _ranks(board: Board) -> list[str]:
    """The place of each row from 1; equal rows share one, and a row without a score has none.

    [] if the score does not compare the rows.
    """
    scored = any(row.values(board.ranking.name) for row in board.rows)
    if len(board.rows) < 2 or not scored or board.ranking.name in board.floors:
        return []
    ranks = places(board.rows, board.ranking)
    known = (bool(row.values(board.ranking.name)) for row in board.rows)
    return [str(rank + 1) if has else NOTHING for rank, has in zip(ranks, known, strict=True)]


def _scores(board: Board, metric: MetricSpec, detail: str = "") -> Filled:
    """A metric's score of every row, and of other real images."""
    texts = [_score(row, metric, board.ranking) for row in board.rows]
    ranks = metric == board.ranking
    return Filled(_title(metric, detail), texts, _real_score(board, metric), always=ranks)


def _real_score(board: Board, metric: MetricSpec) -> str:
    real = board.real(metric)
    if real is None:
        return NOTHING
    n = "" if real.n == board.protocol.evaluation.samples else f" (n = {real.n:,})"
    return f"{number(real.value)}{n}"


def _times_real(board: Board) -> Iterator[Filled]:
    """How many times the score of other real images: by the ranking metric, and on other nets."""
    for metric in [board.ranking, *board.family]:
        real = board.real(metric)
        if real and real.n == board.protocol.evaluation.samples:
            means = [None if row.fewer else row.mean(metric.name) for row in board.rows]
            detail = "" if metric == board.ranking else metric.name
            yield from _multiples(metric, means, real.value, detail)


def _multiples(
    metric: MetricSpec, means: Sequence[float | None], real: float | None, detail: str = ""
) -> Iterator[Filled]:
    """A column of ratios where they mean something: lower is better and 0 perfect."""
    if real is not None and real > 0 and not metric.higher_is_better:
        texts = [NOTHING if mean is None else number(mean / real, 3) for mean in means]
        yield Filled(Column(TIMES_REAL, detail=detail), texts, "1")


def _recipes(board: Board) -> Iterator[Filled]:
    """What each row's schedule has of its own, if the schedules differ."""
    texts = [", ".join(dict.fromkeys(map(recipe_text, row.done["recipe"]))) for row in board.rows]
    if any(texts):
        yield Filled(Column("recipe", numeric=False), texts)


def _labels(board: Board) -> Iterator[Filled]:
    """Which rows were given the classes of the images, if some were."""
    texts = ["given" if any(row.done["conditional"]) else "" for row in board.rows]
    if any(texts):
        yield Filled(Column("labels", numeric=False), texts)


def _warnings(board: Board) -> Iterator[Filled]:
    """The alarms of each row, if there are any."""
    metrics = board.protocol.evaluation.metrics
    texts = [", ".join(alarm.text for alarm in alarms(row, metrics)) for row in board.rows]
    if any(texts):
        yield Filled(Column("warning", numeric=False), texts)


def _best(board: Board) -> Iterator[Filled]:
    """The best tick with its date, and what was lost from it to the last; means over seeds."""
    evaluation = board.protocol.evaluation
    metric, real = evaluation.at_ticks, board.real_at_ticks
    by = "" if metric == board.ranking else f"{metric.name}, "
    best = Column("best @ kimg", detail=f"{by}n = {evaluation.tick_samples:,}")
    ticks = [_best_tick(row, metric) for row in board.rows]
    yield Filled(best, [text for text, _ in ticks], NOTHING if real is None else number(real))
    yield Filled(Column("lost since"), [lost for _, lost in ticks])


def _seeds(board: Board) -> Section:
    """Every value of the ranking metric, and where its spread comes from."""
    name = board.ranking.name
    rows = [row for row in board.rows if len(row.values(name)) > 1]
    spreads = [row.spread(name) for row in rows]
    columns = [
        Filled(
            Column("by seed", numeric=False),
            [", ".join(map(number, row.values(name))) for row in rows],
        ),
        Filled(Column("sd of seeds"), [_deviation(spread.seeds) for spread in spreads]),
        Filled(Column("sampling alone"), [_deviation(spread.sampling) for spread in spreads]),
        Filled(Column("left for training"), [_training(spread) for spread in spreads]),
    ]
    title = (
        f"{name} of every seed: the standard deviation (sd), what sampling alone would give, and "
        "what that leaves for training"
    )
    return section_of(title, rows, columns)


def _pairs(board: Board) -> Section:
    """The leader against each other row, seed by seed."""
    pairs = against_leader(board.trained, board.ranking)
    columns = [
        Filled(Column("seeds"), [f"{pair.seeds:,}" for pair in pairs]),
        Filled(
            Column("correlation"),
            [NOTHING if p.correlation is None else _share(p.correlation) for p in pairs],
        ),
        Filled(Column("other - leader"), [_difference(pair.difference) for pair in pairs]),
        Filled(Column("P(leader better)"), [_chance(pair.leader_better) for pair in pairs]),
    ]
    leader = pairs[0].leader.name if pairs else ""
    title = (
        f"{leader}, first by {board.ranking.name}, against each other row seed by seed (a "
        "description: only the letters were chosen before looking, and they do not pair seeds)"
    )
    return section_of(title, [pair.other for pair in pairs], columns)


def _equal_time(board: Board, read: EqualTime) -> Section:
    """Where every row was when the fastest cell had completed the schedule."""
    moments, real = read.moments, board.real_at_ticks
    means = [fmean(moment.scores) if moment.scores else None for moment in moments]
    kimg = [number(fmean(moment.kimg), 3) if moment.kimg else NOTHING for moment in moments]
    columns = [
        Filled(
            _title(read.metric, f"n = {board.protocol.evaluation.tick_samples:,}"),
            [_values(moment.scores, None) for moment in moments],
            NOTHING if real is None else number(real),
        ),
        *_multiples(read.metric, means, real),
        Filled(Column("kimg by then"), kimg),
        Filled(CELLS, [_cells(moment.row) for moment in moments]),
    ]
    title = f"after {duration(read.seconds)} of training each, scored on the samples of a tick"
    return section_of(title, [moment.row for moment in moments], columns)


def _title(metric: MetricSpec, detail: str = "") -> Column:
    return Column(f"{metric.name} {metric.arrow}", detail=detail)


def _cells(row: Row) -> str:
    """How many cells ended in which way."""
    if row.entry:
        return NOTHING
    ends = [f"{count:,} {status}" for status, count in row.status().items()]
    return ", ".join(ends + [plural(row.rollbacks(), "rollback")] * bool(row.rollbacks()))


def _best_tick(row: Row, metric: MetricSpec) -> tuple[str, str]:
    """Score and date of the best tick, and the loss since; means over seeds."""
    bests = row.bests(metric.name)
    if not bests:
        return NOTHING, NOTHING
    value, kimg = fmean(best["value"] for best in bests), fmean(best["kimg"] for best in bests)
    lost = fmean(abs(best["final"] - best["value"]) for best in bests)
    return f"{number(value)} @ {number(kimg, 3)}", number(lost)


def _score(row: Row, metric: MetricSpec, ranking: MetricSpec) -> str:
    """The values of the seeds that have one, and how many these are if others have none.

    The number is said once, by the ranking metric, unless another one has a different number.
    """
    values = row.values(metric.name)
    text = _values(values, row.interval(metric.name))
    if row.entry:
        return f"{text} (n = {row.fewer:,})" if values and row.fewer else text
    if not values or len(values) == len(row.places):
        return text
    missing = row.missing(metric.name)
    said = metric != ranking and missing == row.missing(ranking.name)
    if not missing or said:
        return text
    return f"{text} ({len(values)} of {row.counted(metric.name)} seeds)"


def _values(values: list[float], interval: tuple[float, float] | None) -> str:
    """One value, or the range of a few; from four seeds on mean ± interval."""
    if not values:
        return NOTHING
    if interval:
        return _plus_minus(fmean(values), (interval[1] - interval[0]) / 2)
    low, high = number(min(values)), number(max(values))
    return low if low == high else f"{low} to {high}"


def _plus_minus(mean: float, half: float) -> str:
    """As many decimals as the uncertainty has meaning: two figures of it."""
    if half == 0:
        return f"{number(mean)} ± 0"
    decimals = min(6, max(0, 1 - math.floor(math.log10(half))))
    return f"{mean:,.{decimals}f} ± {half:,.{decimals}f}"


def _difference(difference: Interval | None) -> str:
    if difference is None:
        return NOTHING
    return _plus_minus(difference.value, (difference.high - difference.low) / 2)


def _chance(chance: Interval) -> str:
    return f"{_share(chance.value)} ({_share(chance.low)} to {_share(chance.high)})"


def _share(share: float) -> str:
    return f"{share:.2f}"


def _training(spread: Spread) -> str:
    """Nothing is left where the seeds happen to differ less than one network sampled anew would."""
    return "none seen" if spread.training == 0 else _deviation(spread.training)


def _deviation(value: float | None) -> str:
    return NOTHING if value is None else number(value, 3)
