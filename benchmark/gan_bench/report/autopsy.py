"""Which share of failed trainings each remedy saved, beside the same training in another order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_bench.base.text import number, percent, plural
from gan_bench.report.branches import ended, verdict_kimg
from gan_bench.report.pairs import clopper_pearson_of_groups
from gan_bench.report.section import NOTHING, Column, Section
from gan_bench.report.summary import Summary
from gan_bench.results.layout import label_of, protocol_of
from gan_bench.results.records import Record, Status, Verdict

if TYPE_CHECKING:
    from gan_bench.run.whole_autopsy import Examined

SCHEMA = 1
SAVED: Status = "finished"  # no verdict holds at the end


@dataclass(frozen=True)
class Tried:
    """One branch: a remedy, or the control, on one cell in one order of the images."""

    remedy: str
    cell: Path
    index: int
    folder: Path
    record: Record | None
    signs: tuple[str, ...] = ()  # of a saved one: why it looks collapsed at its end

    @property
    def saved(self) -> bool:
        """Whether no verdict holds at its end. A branch that failed to train is not saved."""
        return self.record is not None and self.record.status == SAVED


@dataclass(frozen=True)
class Patient:
    """A cell that was examined."""

    folder: Path
    verdict: Verdict
    kimg: float  # where its branches begin
    was_healthy: bool  # whether the cell was healthy there

    @property
    def label(self) -> str:
        """Its name."""
        return label_of(self.folder)


@dataclass(frozen=True)
class Share:
    """What one remedy did."""

    remedy: str
    saved: int
    tried: int  # branches that have ended
    cells: int  # that these begin in
    interval: tuple[float, float]  # 95 %
    better: int  # pairs of one cell and one order that it saved and the control did not
    worse: int  # ... that the control saved and it did not

    @property
    def share(self) -> float | None:
        """Of the branches that have ended; None if none has."""
        return self.saved / self.tried if self.tried else None


@dataclass(frozen=True)
class Autopsy:
    """All branches of some cells that failed, the control's first."""

    patients: list[Patient]
    tried: list[Tried]
    control: str
    notes: list[str]

    @property
    def remedies(self) -> list[str]:
        """The control, and the remedies in the order in which they were tried."""
        return list(dict.fromkeys([self.control, *(each.remedy for each in self.tried)]))

    @property
    def failed(self) -> bool:
        """Whether a branch has not ended, or could not be trained."""
        failed = [each for each in self.tried if each.record and each.record.status == "failed"]
        return bool(failed or self.unfinished)

    @property
    def unfinished(self) -> int:
        """How many branches have not ended."""
        return sum(each.record is None for each in self.tried)

    def of(self, remedy: str, cell: Path | None = None) -> list[Tried]:
        """The branches of one remedy, of all cells or of one."""
        return [each for each in self.tried if each.remedy == remedy and cell in (None, each.cell)]

    def ended(self, remedy: str, cell: Path | None = None) -> list[Tried]:
        """The same without the branches that have not ended: what becomes of them is not known."""
        return [each for each in self.of(remedy, cell) if each.record]

    def shares(self) -> list[Share]:
        """The control first, then the remedies: most saved first, then the surest."""
        found = [self._share(remedy) for remedy in self.remedies]
        by_share = sorted(
            found[1:], key=lambda each: (each.share or 0, each.interval), reverse=True
        )
        return [found[0], *by_share]

    def told_apart(self, share: Share) -> bool:
        """Whether a remedy saved more than the control did in the cells that it was tried in."""
        cells = {each.cell for each in self.ended(share.remedy)}
        beside = [each for each in self.ended(self.control) if each.cell in cells]
        return share.interval[0] > _interval(beside)[1]

    def _share(self, remedy: str) -> Share:
        branches = self.ended(remedy)
        without = {(each.cell, each.index): each.saved for each in self.ended(self.control)}
        pairs = [
            (each.saved, without[each.cell, each.index])
            for each in branches
            if remedy != self.control and (each.cell, each.index) in without
        ]
        return Share(
            remedy=remedy,
            saved=sum(each.saved for each in branches),
            tried=len(branches),
            cells=len({each.cell for each in branches}),
            interval=_interval(branches),
            better=sum(with_it and not without_it for with_it, without_it in pairs),
            worse=sum(without_it and not with_it for with_it, without_it in pairs),
        )


def _interval(branches: Sequence[Tried]) -> tuple[float, float]:
    """The 95 % interval of the share that is saved; of several cells each counts once."""
    cells: dict[Path, list[bool]] = {}
    for each in branches:
        cells.setdefault(each.cell, []).append(each.saved)
    return clopper_pearson_of_groups([*cells.values()])


def summary(autopsy: Autopsy) -> Summary:
    """The shares, and below them what happened to each cell."""
    tables = [_shares(autopsy), _cells(autopsy)]
    return Summary(tables, answer=answer(autopsy), legend=LEGEND, notes=autopsy.notes)


def _shares(autopsy: Autopsy) -> Section:
    columns = [
        Column("remedy", numeric=False),
        Column("saved"),
        Column("share"),
        Column("95 %"),
        Column("with it only"),
        Column("without it only"),
    ]
    return Section("", columns, [_share_texts(each, autopsy) for each in autopsy.shares()])


def _share_texts(share: Share, autopsy: Autopsy) -> list[str]:
    is_control = share.remedy == autopsy.control
    return [
        f"nothing, {share.remedy}" if is_control else share.remedy,
        f"{share.saved} of {share.tried}",
        NOTHING if share.share is None else percent(share.share),
        _ends(share),
        NOTHING if is_control else str(share.better),
        NOTHING if is_control else str(share.worse),
    ]


def _ends(share: Share) -> str:
    low, high = share.interval
    return f"{number(100 * low, 2)} to {percent(high)}" if share.tried else NOTHING


def _cells(autopsy: Autopsy) -> Section:
    fixed = [Column("cell", numeric=False), Column("verdict", numeric=False), Column("from kimg")]
    columns = [*fixed, *(Column(name) for name in autopsy.remedies)]
    return Section("each cell", columns, [_cell_texts(each, autopsy) for each in autopsy.patients])


def _cell_texts(patient: Patient, autopsy: Autopsy) -> list[str]:
    verdict = patient.verdict
    mark = "" if patient.was_healthy else "*"
    return [
        patient.label,
        f"{verdict.kind} at {number(verdict.kimg, 6)}",
        f"{number(patient.kimg, 6)}{mark}",
        *(_count(autopsy.ended(name, patient.folder)) for name in autopsy.remedies),
    ]


def _count(branches: Sequence[Tried]) -> str:
    return f"{sum(b.saved for b in branches)} of {len(branches)}" if branches else NOTHING


def answer(autopsy: Autopsy) -> str:
    """What was found, in a sentence or two."""
    return f"{plural(len(autopsy.patients), 'cell')} that went wrong. {' '.join(_said(autopsy))}"


def _said(autopsy: Autopsy) -> Iterator[str]:
    control, *remedies = autopsy.shares()
    alone = f"Without any change, in another order of the images, {_outcome(control)}"
    yield f"{alone}{_best(autopsy)}."
    if not remedies:
        yield "No remedy suits."
    elif not any(map(autopsy.told_apart, remedies)):
        yield "No remedy is told apart from chance by so few."
    if count := sum(bool(each.signs) for each in autopsy.tried):
        yield f"A sign of mode collapse is seen in {count} of those without a verdict."
    if count := autopsy.unfinished:
        yield f"{plural(count, 'branch', 'branches')} {'has' if count == 1 else 'have'} not ended."


def _outcome(control: Share) -> str:
    branches = plural(control.tried, "branch", "branches")
    return f"{control.saved} of {branches} ended without a verdict"


def _best(autopsy: Autopsy) -> str:
    """What the remedies did that saved most; "" if no branch of a remedy has ended."""
    control, *remedies = autopsy.shares()
    known = [each for each in remedies if each.tried]
    if not known:
        return ""
    best = known[0]
    alike = [replace(each, remedy="", better=0, worse=0) for each in known]
    names = [each.remedy for each, like in zip(known, alike, strict=True) if like == alike[0]]
    where = f", in {plural(best.cells, 'cell')}," if best.cells < control.cells else ""
    return f"; with {' or '.join(names)}{where} {best.saved} of {best.tried} did ({_ends(best)})"


LEGEND = (
    "Saved: no verdict holds at the end. With it only, without it only: branches in the same order "
    "of images and z that ended without a verdict only with the remedy, or only without. "
    "95 %: Clopper-Pearson; of several cells each counts once. *: the cell was never healthy, and "
    "its branches begin at its first tick."
)


def document(autopsy: Autopsy) -> dict[str, Any]:
    """All of it for programs."""
    return {
        "schema": SCHEMA,
        "answer": answer(autopsy),
        "control": autopsy.control,
        "shares": [
            {
                "remedy": each.remedy,
                "saved": each.saved,
                "tried": each.tried,
                "cells": each.cells,
                "share": each.share,
                "interval": list(each.interval),
                "with_it_only": each.better,
                "without_it_only": each.worse,
            }
            for each in autopsy.shares()
        ],
        "cells": [
            {
                "cell": each.label,
                "verdict": each.verdict.model_dump(mode="json"),
                "from_kimg": each.kimg,
                "was_healthy": each.was_healthy,
                "folder": str(each.folder),
            }
            for each in autopsy.patients
        ],
        "branches": [
            {
                "cell": label_of(each.cell),
                "remedy": each.remedy,
                "order": each.index,
                "status": each.record.status if each.record else None,
                "verdict_kimg": verdict_kimg(each.record),
                "folder": str(each.folder),
            }
            for each in autopsy.tried
        ],
        "notes": autopsy.notes,
    }


def autopsy_of(examined: Examined) -> Autopsy:
    """What became of everything that was tried."""
    patients = [
        Patient(case.folder, case.verdict, tick.kimg, case.healthy_kimg is not None)
        for case, tick in zip(examined.cases, examined.ticks, strict=True)
    ]
    tried = [
        Tried(trial.remedy, trial.fork.origin.folder, index, folder, ended(folder))
        for trial in examined.trials.trials
        for index, folder in zip(trial.fork.indices, trial.fork.folders, strict=True)
    ]
    tried = [replace(each, signs=tuple(_signs(each))) for each in tried]
    notes = [*examined.damaged, *examined.trials.notes, *(x for each in tried for x in each.signs)]
    return Autopsy(patients, tried, examined.trials.control, notes)


def _signs(branch: Tried) -> Iterator[str]:
    """What is to be said of a saved branch that ended as a collapsed one does."""
    if branch.saved and branch.record:
        scores, gauges = branch.record.scores, protocol_of(branch.cell).evaluation.gauges
        for gauge, score in ((each, scores.get(each.name)) for each in gauges):
            if score and gauge.beyond(score.value):
                yield (
                    f"{label_of(branch.cell)}, {branch.remedy}: saved, but {gauge.name} is "
                    f"{number(score.value)} at the end: worse than {number(gauge.floor)} is a sign "
                    "of mode collapse"
                )
