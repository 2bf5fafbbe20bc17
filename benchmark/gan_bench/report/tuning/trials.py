"""The cells of a study -> for each row, what each trial scored on both halves of the reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean

import numpy as np

from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Half, MetricSpec
from gan_bench.results.layout import RECORD, evaluation_dir
from gan_bench.results.measurements import complete, read_measurement
from gan_bench.results.records import Record, Status, read_record
from gan_bench.results.scale import Scale, read_scale
from gan_bench.results.studies import Row, Study, read_study

GOOD: Status = "finished"


@dataclass(frozen=True)
class Tried:
    """One row in one trial; a score is the mean of its seeds, None if one of them has none."""

    folders: tuple[Path, ...]  # of its cells, one a seed
    statuses: tuple[Status, ...]  # of the seeds that are done
    done: bool  # whether every seed is done, and measured on both halves
    stopped: bool = False  # early, by --halve
    choosing: float | None = None
    reporting: float | None = None
    whole: float | None = None  # by the protocol's own evaluation


@dataclass(frozen=True)
class RowTrials:
    """All trials of one row."""

    names: Row
    trials: tuple[Tried, ...]

    @property
    def label(self) -> str:
        """The row's name for people: architecture / loss."""
        return " / ".join(self.names)

    @property
    def done(self) -> int:
        """How many trials are done, without a gap before them."""
        return next(
            (k for k, each in enumerate(self.trials) if not (each.done or each.stopped)),
            len(self.trials),
        )

    def ends(self) -> Counter[Status]:
        """How the trainings ended that did not end well."""
        return Counter(
            status for trial in self.trials for status in trial.statuses if status != GOOD
        )

    @property
    def cells(self) -> int:
        """How many trainings have ended."""
        return sum(len(trial.statuses) for trial in self.trials)


@dataclass(frozen=True)
class Tuned:
    """A study as its files show it."""

    folder: Path
    study: Study
    rows: tuple[RowTrials, ...]
    scale: Scale | None  # of the reporting half
    faults: tuple[str, ...]  # files that cannot be read

    @property
    def metric(self) -> MetricSpec:
        """What the rows are chosen and ranked by."""
        return self.study.protocol.evaluation.metrics[0]

    @cached_property
    def common(self) -> int:
        """How many trials every row has had: more of them would be more care for some."""
        return min(row.done for row in self.rows)

    @cached_property
    def worst(self) -> float:
        """The cost that a trial without a score counts as: the worst of all that is known."""
        tried = [each for row in self.rows for each in row.trials]
        values = [value for each in tried for value in (each.choosing, each.reporting)]
        if self.scale:
            bad = [each.scores.get(self.metric.name) for each in self.scale.bad.values()]
            values += [score.value for score in bad if score]
        return max((self.metric.cost(value) for value in values if value is not None), default=0.0)

    def costs(self, row: RowTrials, half: Half) -> np.ndarray:
        """(common,) the cost of each trial of a row on one half."""
        return np.array([self._cost(each, half) for each in row.trials[: self.common]])

    def _cost(self, tried: Tried, half: Half) -> float:
        if tried.stopped:
            return np.inf  # it is not chosen
        value: float | None = getattr(tried, half)
        return self.worst if value is None else self.metric.cost(value)

    @property
    def halved(self) -> int:
        """How many trials were stopped early, in all rows together."""
        return sum(each.stopped for row in self.rows for each in row.trials)

    @property
    def halted(self) -> int:
        """How many trainings of these trials were stopped: the others had ended by themselves."""
        stopped = [each for row in self.rows for each in row.trials if each.stopped]
        return sum(len(each.folders) - len(each.statuses) for each in stopped)


def read_tuned(folder: Path) -> Tuned:
    """Read a study. StorageError if its plan is damaged; other faults are said."""
    study, faults = read_study(folder), list[str]()
    rows = tuple(
        RowTrials(row, tuple(_tried(folder, study, row, k, faults) for k in _numbers(study)))
        for row in study.rows
    )
    return Tuned(folder, study, rows, _scale(folder, study, faults), tuple(faults))


def _numbers(study: Study) -> Sequence[int]:
    return range(len(study.trials))


def _tried(folder: Path, study: Study, row: Row, k: int, faults: list[str]) -> Tried:
    home = folder / study.trials[k].protocol
    cells = tuple(home.joinpath(*row, f"seed{seed}") for seed in range(study.seeds))
    records = [record for cell in cells for record in _record(cell, faults)]
    done = len(records) == len(cells) and all(map(complete, cells))
    return Tried(
        folders=cells,
        statuses=tuple(record.status for record in records),
        done=done,
        stopped=len(records) < len(cells) and (*row, k) in study.stopped,
        choosing=_mean([_score(study, cell, "choosing", faults) for cell in cells]),
        reporting=_mean([_score(study, cell, "reporting", faults) for cell in cells]),
        whole=_mean(_whole(study, records, len(cells))),
    )


def _record(cell: Path, faults: list[str]) -> Iterator[Record]:
    try:
        if (cell / RECORD).exists():
            yield read_record(cell)
    except StorageError as error:
        faults.append(str(error))


def _score(study: Study, cell: Path, half: Half, faults: list[str]) -> float | None:
    evaluation = study.evaluation(half)
    try:
        found = read_measurement(cell, evaluation.slug)
    except StorageError as error:
        faults.append(str(error))
        return None
    score = found and found.scores.get(evaluation.metrics[0].name)
    return score.value if score else None


def _whole(study: Study, records: Sequence[Record], cells: int) -> list[float | None]:
    metric = study.protocol.evaluation.metrics[0].name
    scores = [record.scores.get(metric) for record in records]
    known = [score.value if score else None for score in scores]
    return known + [None] * (cells - len(records))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None


def _scale(folder: Path, study: Study, faults: list[str]) -> Scale | None:
    slug = study.evaluation("reporting").slug
    try:
        return read_scale(evaluation_dir(folder / study.trials[0].protocol, slug))
    except StorageError as error:
        faults.append(str(error))
        return None
