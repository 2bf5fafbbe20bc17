"""A training that failed -> the tick before its verdict, and the remedies that are tried there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_bench.base import numbers
from gan_bench.base.text import number
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import StorageError, UsageError, sentence
from gan_bench.contract.remedy import Remedy
from gan_bench.results.layout import TICKS, label_of, protocol_folder_of
from gan_bench.results.reading import read_lines
from gan_bench.results.records import Record, Verdict, read_record
from gan_bench.run.branch_changes import Changes, Parent, settled
from gan_bench.run.branching import Fork, Origin, Tick
from gan_bench.run.folders import done
from gan_bench.train.verdicts import Look, counting, healthy

CONTROL = "other data order"


@dataclass(frozen=True)
class Case:
    """A cell that failed, and where its branches should begin."""

    folder: Path
    verdict: Verdict  # the one that holds at the end
    healthy_kimg: float | None  # of the last healthy tick before it; None: none was
    first_kimg: float  # of the first tick

    @property
    def kimg(self) -> float:
        """Where its branches begin, at the latest."""
        return self.first_kimg if self.healthy_kimg is None else self.healthy_kimg

    @property
    def note(self) -> str:
        """Where they begin, in words."""
        place = (
            f"forked at its last healthy tick, {number(self.kimg, 6)} kimg"
            if self.healthy_kimg is not None
            else f"no tick before that was healthy: forked at its first, {number(self.kimg, 6)} "
            "kimg"
        )
        when = number(self.verdict.kimg, 6)
        return f"{label_of(self.folder)}: {self.verdict.kind} at {when} kimg; {place}"


@dataclass(frozen=True)
class Trial:
    """One remedy, or none, on one cell: a branch for each of the other orders of the images."""

    remedy: str
    fork: Fork


@dataclass(frozen=True)
class Trials:
    """All that is tried, the control first, and what is left out with the reason."""

    trials: list[Trial]
    notes: list[str]
    control: str = CONTROL  # the name of what changes nothing

    @property
    def forks(self) -> list[Fork]:
        """The branches of each trial."""
        return [trial.fork for trial in self.trials]


def case_of(origin: Origin) -> Case:
    """The case of a cell; UsageError if its training did not fail by a verdict."""
    cell, schedule = origin.folder, origin.parent.schedule
    record = _record(cell)
    verdict = _last_verdict(record, cell)
    looks = _looks(cell)
    if not looks:
        raise UsageError(
            f"{label_of(cell)} had its verdict before its first tick, so that there is no state of "
            "it to go on from: train it with more --ticks, or with a lower --lr"
        )
    evaluation = origin.protocol.evaluation
    fit = [
        look.kimg
        for k, look in enumerate(looks, 1)
        if look.kimg < verdict.kimg
        and healthy(counting(looks[:k], schedule), evaluation.at_ticks, evaluation.gauges)
    ]
    return Case(cell, verdict, fit[-1] if fit else None, looks[0].kimg)


def _looks(cell: Path) -> list[Look]:
    """What was measured at the ticks of a cell; a damaged line is none."""
    looks = []
    for row in read_lines(cell / TICKS):
        kimg, scores = numbers.number(row, "kimg"), row.get("scores")
        if math.isfinite(kimg) and isinstance(scores, dict):
            known = {name: numbers.number(scores, name) for name in scores}
            looks.append(Look(kimg, {name: v for name, v in known.items() if math.isfinite(v)}))
    return looks


def trials_of(
    origins: Sequence[Origin],
    ticks: Sequence[Tick],
    names: Sequence[str],
    seeds: int,
) -> Trials:
    """Every remedy that suits each cell; `names` chooses some. UsageError for an unknown name."""
    indices = tuple(range(1, seeds + 1))
    trials, notes = list[Trial](), list[str]()
    for origin, tick in zip(origins, ticks, strict=True):
        trials.append(Trial(CONTROL, Fork(origin, tick, {}, indices)))
        for remedy in chosen(origin, names):
            try:
                changes = changes_of(remedy, origin.parent, origin.catalogue)
                trials.append(Trial(remedy.name, Fork(origin, tick, changes, indices)))
            except UsageError as reason:
                notes.append(f"{label_of(origin.folder)}: {remedy.name} left out, {reason}")
    return Trials(trials, list(dict.fromkeys(notes)))


def chosen(origin: Origin, names: Sequence[str]) -> list[Remedy]:
    """The remedies that were asked for, or all that are installed."""
    if names:
        return [origin.catalogue.find(Remedy, name) for name in dict.fromkeys(names)]
    return origin.catalogue.all(Remedy)


def changes_of(remedy: Remedy, parent: Parent, catalogue: Catalogue) -> Changes:
    """What it changes in a training. UsageError if it does not suit, or breaks the contract."""
    try:
        reason = remedy.unsuited(parent.schedule, parent.loss)
        asked = dict(remedy.changes(parent.schedule, parent.loss)) if reason is None else {}
    except Exception as error:  # a plugin may do anything
        raise UsageError(f"it fails: {sentence(error)}") from error
    if reason is not None:
        raise UsageError(reason)
    if not asked:
        raise UsageError("it changes nothing")
    return settled(asked, parent, catalogue, lambda field: f"its {field}")


def _record(cell: Path) -> Record:
    try:
        return read_record(cell)
    except StorageError as error:
        why = f"has no record that can be read ({error})" if done(cell) else "has not ended"
        raise UsageError(
            f"{label_of(cell)} {why}: an autopsy is of a training that has ended"
        ) from error


def _last_verdict(record: Record, cell: Path) -> Verdict:
    """The verdict that holds at the end."""
    if record.status == "failed":
        raise UsageError(f"{label_of(cell)} failed and was not trained: {record.reason}")
    held = [each for each in record.verdicts if each.kind == record.status]
    if not held:
        raise UsageError(
            f"{label_of(cell)} {record.status} without a verdict: there is nothing to examine; "
            f"`gan-bench list {protocol_folder_of(cell).parent}` shows which cells collapsed"
        )
    return held[-1]
