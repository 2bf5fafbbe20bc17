"""What the columns of a page mean, in a sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gan_bench.base.text import number
from gan_bench.contract.protocol import Gauge, MetricSpec
from gan_bench.report.first_table import CELLS
from gan_bench.report.leaderboard import Board
from gan_bench.report.score_columns import TIMES_REAL
from gan_bench.report.section import RANK
from gan_bench.report.tables import Chapter

WORDS = {
    RANK.title: "The place by the ranking metric. Rows that share a letter in the column tie are "
    "not told apart, whatever their places.",
    "architecture": "The networks G and D.",
    "loss": "What G and D are trained to minimise.",
    "recipe": "What this row's schedule has that the protocol's does not have.",
    "labels": "Whether G and D were given the class of each image.",
    TIMES_REAL: "The score divided by what other real images score: 1 would be as good as real.",
    "tie": "Rows that share a letter are not told apart: what separates them may be chance.",
    "warning": "A metric says that the other scores of this row are in doubt.",
    "minutes": "Training time of one cell without the measuring, mean over the seeds.",
    CELLS.title: "How the trainings of this row ended. A cell is one training with one seed.",
    "best @ kimg": "The best score of any tick, and when it was; of several seeds, the means of "
    "both. Ticks of the first 100 updates do not count where there are later ones. 1 kimg is 1,000 "
    "real images.",
    "lost since": "How much worse the last tick is than the best one, mean over the seeds.",
    "by seed": "The score of each training; they differ in nothing but their random numbers.",
    "sd of seeds": "The standard deviation of these scores.",
    "sampling alone": "The standard deviation that scores of one network on other samples of it "
    "would have.",
    "left for training": "The standard deviation that sampling does not explain.",
    "seeds": "The seeds that have ended in this row and in the first one.",
    "correlation": "How alike the two rows' scores go up and down over these seeds: 1 is alike.",
    "other - leader": "This row's score less the leader's, seed by seed: mean ± 95 % interval.",
    "P(leader better)": "The share of seeds in which the leader is better, with its interval.",
    "kimg by then": "Real images shown until then, in thousands.",
    "images/s": "Real images shown a second while training, over all seeds.",
    "s/kimg": "Seconds of training for 1,000 real images.",
    "training": "Time spent on training one cell.",
    "measuring": "Time spent on scoring one cell.",
    "memory": "The most memory that a cell took at once, mean over the seeds.",
    "G + D parameters": "How many numbers the networks learn.",
    "G + D MACs": "Multiply-accumulates of the networks for one image, forward.",
}


def glossary(boards: Sequence[Board], chapters: Iterable[Chapter]) -> dict[str, str]:
    """Title of a column -> what it means, for the columns of these chapters that are known."""
    metrics = {
        f"{metric.name} {metric.arrow}": _metric(metric)
        for board in boards
        for metric in (*board.protocol.evaluation.metrics, *board.protocol.evaluation.gauges)
    }
    known = WORDS | metrics
    titles = (
        column.title
        for chapter in chapters
        for section in (*chapter.tables, *chapter.more)
        for column in section.columns
    )
    return {title: known[title] for title in dict.fromkeys(titles) if title in known}


def _metric(metric: MetricSpec) -> str:
    """What the protocol knows of a metric."""
    better = "Higher" if metric.higher_is_better else "Lower"
    parts = [f"{better} is better. It is computed from {metric.features}"]
    if metric.partner:
        parts.append(f"and misleads without {metric.partner}")
    if isinstance(metric, Gauge):
        beyond = "under" if metric.higher_is_better else "over"
        parts.append(f"; a score {beyond} {number(metric.floor)} is a sign of mode collapse")
    if metric.alarm is not None:
        parts.append(f"; a score worse than {number(metric.alarm)} puts all others in doubt")
    return f"{' '.join(parts).replace(' ;', ';')}."
