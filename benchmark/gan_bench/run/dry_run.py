"""What a run would do, and what it would take; no image is prepared and no cell is trained."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gan_bench.base import text
from gan_bench.base.text import duration, number, plural
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import DataError, UsageError
from gan_bench.contract.protocol import Cell, Data, Plan, Sides
from gan_bench.data.cache import cached
from gan_bench.data.choosing.split import HOLD_OUT, NEEDED
from gan_bench.data.files.contents import files_of
from gan_bench.data.source import Source
from gan_bench.results.layout import cell_dir, protocol_dir
from gan_bench.results.plans import Sequential, Step
from gan_bench.run.deciding import (
    Decide,
    check_seeds,
    first_look,
    test_of,
    with_seeds,
    with_test,
)
from gan_bench.run.estimate import Estimate, Estimates, estimate
from gan_bench.run.folders import done
from gan_bench.run.hardware import is_here
from gan_bench.run.plan import Planned, choose, plan_on
from gan_bench.run.plan_measuring import at_home, unscored
from gan_bench.run.request import Request
from gan_bench.run.schedule_text import recipe_text, schedule_text
from gan_bench.run.time_measuring import Timer

SCHEMA = 1  # of the JSON document
UNKNOWN = ""  # the fingerprint of images that are not prepared
TOTALS = (
    *("jobs", "train_seconds", "measure_seconds", "memory_bytes", "checkpoint_bytes"),
    *("kept_bytes", "tick_bytes", "image_bytes"),
)
CHECKPOINTS = 3  # of a cell at work: two that are kept, and one that is being written


@dataclass(frozen=True)
class Look:
    """A test that adds seeds, and how many it asks for until its next look."""

    test: Sequential
    step: Step

    def document(self) -> dict[str, Any]:
        """For programs."""
        rows = [
            {"architecture": row[0], "loss": row[1], "seeds": seeds}
            for row, seeds in self.step.seeds.items()
        ]
        numbers = self.test.model_dump(include={"alpha", "per_look", "most"})
        return numbers | {"decided": self.step.decided, "rows": rows}


@dataclass(frozen=True)
class DryRun:
    """The cells of a plan, and estimates of their time, memory and disk."""

    plan: Plan
    prepared: bool  # whether the images are in the cache; else they were only counted
    done: frozenset[Cell]  # cells that have a record; none is known before the images are prepared
    estimates: Estimates
    jobs: int
    notes: tuple[str, ...]
    look: Look | None = None  # with --until-decided
    anew: frozenset[Cell] = frozenset()  # cells that are measured by an added evaluation as well

    @property
    def slug(self) -> str | None:
        """The protocol's name, which depends on every pixel."""
        return self.plan.protocol.slug if self.prepared else None

    @property
    def waiting(self) -> list[Estimate]:
        """The estimate of each cell that is not done and can be trained."""
        return self._estimates(cell for cell in self.plan.cells if cell not in self.done)

    def _estimates(self, cells: Iterable[Cell]) -> list[Estimate]:
        pairs = {(each.architecture, each.loss): each for each in self.estimates.pairs}
        names = ((cell.architecture, cell.loss) for cell in cells)
        return [pairs[each] for each in names if each in pairs]

    @property
    def train_seconds(self) -> float:
        """Of all cells that are not done, one after another."""
        return sum(each.train_seconds for each in self.waiting)

    @property
    def measure_seconds(self) -> float:
        """Of all cells that are not done or measured anew, with the features of the real images."""
        cells = sum(each.measure_seconds for each in self.waiting)
        anew = sum(each.end_seconds for each in self._estimates(self.anew))
        return cells + anew + (self.estimates.once_seconds if self.waiting or self.anew else 0)

    @property
    def memory_bytes(self) -> int:
        """Of the cells that run at once: --jobs of those that need most."""
        return sum(sorted((each.memory_bytes for each in self.waiting), reverse=True)[: self.jobs])

    @property
    def checkpoint_bytes(self) -> int:
        """Of the cells that run at once, while they train."""
        sizes = sorted((each.checkpoint_bytes for each in self.waiting), reverse=True)
        return CHECKPOINTS * sum(sizes[: self.jobs])

    @property
    def kept_bytes(self) -> int:
        """What all cells that are not done will leave."""
        return sum(each.kept_bytes for each in self.waiting)

    @property
    def tick_bytes(self) -> int:
        """What they will leave of the states at their ticks, with --keep-ticks."""
        keeps = any(cell.environment.keep_ticks for cell in self.plan.cells)
        looks = self.plan.protocol.schedule.looks
        return looks * sum(each.checkpoint_bytes for each in self.waiting) if keeps else 0

    @property
    def image_bytes(self) -> int:
        """Of the prepared images, if they are yet to be made."""
        data = self.plan.protocol.data
        return 0 if self.prepared else (data.train + data.held_out) * math.prod(data.shape)

    def lines(self) -> list[tuple[str, str]]:
        """For people: a title and a text for each line."""
        return [
            ("protocol", self.slug or "its name is known when the images are prepared"),
            ("data", self._data_line()),
            ("schedule", self._schedule_line()),
            ("cells", self._cells_line()),
            *([("seeds", self._seeds_line(self.look))] if self.look else []),
            *(("note", note) for note in self.notes),
            *(("cell", self._cell_line(cell)) for cell in self.plan.cells),
            *(("estimate", _estimate_line(each)) for each in self.estimates.pairs),
            *self._time_lines(),
            *(self._room_lines() if self.waiting else ()),
        ]

    def _time_lines(self) -> list[tuple[str, str]]:
        if not self.waiting and not self.anew:
            return [("time", "nothing is left to do")]
        trains, measures = self.train_seconds, f"{duration(self.measure_seconds)} of measuring"
        every = f"{duration(trains + self.measure_seconds)}, one cell after another: "
        parts = f"{every}{duration(trains)} of training, {measures}" if self.waiting else measures
        return [("time", parts + at_once(self.jobs))]

    def _room_lines(self) -> list[tuple[str, str]]:
        size = text.size
        most = max(each.memory_bytes for each in self.waiting)
        jobs = f", {size(self.memory_bytes)} for --jobs {self.jobs}" if self.jobs > 1 else ""
        ticks = f", {size(self.tick_bytes)} for kept ticks" if self.tick_bytes else ""
        images = f", {size(self.image_bytes)} for the prepared images" if self.image_bytes else ""
        return [
            ("memory", f"{size(most)} for a cell{jobs}"),
            (
                "disk",
                f"{size(self.checkpoint_bytes)} for checkpoints while cells train, "
                f"{size(self.kept_bytes)} for results{ticks}{images}",
            ),
        ]

    def document(self) -> dict[str, Any]:
        """For programs: all of it as JSON has it; sizes in bytes, times in seconds."""
        protocol = self.plan.protocol.model_dump(mode="json")
        if not self.prepared:
            protocol["data"]["fingerprint"] = None
        return {
            "schema": SCHEMA,
            "protocol": self.slug,
            **protocol,
            "cells": [
                {
                    "architecture": cell.architecture,
                    "loss": cell.loss,
                    "seed": cell.seed,
                    "recipe": cell.recipe.model_dump(mode="json"),
                    "done": cell in self.done if self.prepared else None,
                    "measured_anew": cell in self.anew if self.prepared else None,
                }
                for cell in self.plan.cells
            ],
            "estimates": [asdict(each) for each in self.estimates.pairs],
            "total": {name: getattr(self, name) for name in TOTALS},
            "notes": list(self.notes),
            "until_decided": self.look and self.look.document(),
        }

    def _data_line(self) -> str:
        data = self.plan.protocol.data
        counted = "" if self.prepared else "; counted, not read: some may be unusable"
        images = f"{data.train:,} training and {plural(data.held_out, 'held-out image')}"
        return f"{data.name}, {data.size} px, {images}{counted}"

    def _schedule_line(self) -> str:
        schedule = self.plan.protocol.schedule
        return f"{schedule_text(schedule)}; {plural(schedule.looks, 'tick')}"

    def _cells_line(self) -> str:
        cells = plural(len(self.plan.cells), "cell")
        anew = f", {len(self.anew)} to be measured anew" if self.anew else ""
        return f"{cells}, {len(self.done)} done{anew}" if self.prepared else cells

    def _seeds_line(self, look: Look) -> str:
        """How many seeds there may be: the cells of later looks depend on scores."""
        test, step = look.test, look.step
        if step.decided:
            return step.text
        pairs = [each.train_seconds + each.measure_seconds for each in self.estimates.pairs]
        return (
            f"{max(step.seeds.values())} of each row until the next look; then {test.per_look} "
            f"more, up to {test.most}, of each row that is not told apart from all others "
            f"(--until-decided {number(test.alpha)}): {plural(len(pairs) * test.most, 'cell')} at "
            f"most, {duration(test.most * sum(pairs))} from the beginning. What follows is about "
            "the cells until the next look"
        )

    def _cell_line(self, cell: Cell) -> str:
        recipe = recipe_text(cell.recipe)
        label = f"{cell.label}, {recipe}" if recipe else cell.label
        done = ["done"] if cell in self.done else []
        return ", ".join([label, *done, *(["measured anew"] if cell in self.anew else [])])


def at_once(jobs: int) -> str:
    """What --jobs makes of the time of cells one after another: less, but no share is promised."""
    if jobs == 1:
        return ""
    return f"; with --jobs {jobs} so long at most: cells that share their cores gain little"


def _estimate_line(each: Estimate) -> str:
    basis = {
        "records": "from records of this machine",
        "timed steps": "from a few timed steps on random images",
    }
    return (
        f"{each.architecture} / {each.loss}: {duration(each.train_seconds)} of training, "
        f"{duration(each.measure_seconds)} of measuring, {basis[each.basis]}"
    )


def dry_run(
    request: Request,
    catalogue: Catalogue,
    results: Path,
    decide: Decide = first_look,
    timer: Timer | None = None,
) -> DryRun:
    """Plan the request and estimate it. Raises what the run itself would raise of its names.

    `decide` says how many seeds a test of `--until-decided` asks for until its next look; `timer`
    may know from another plan how long it takes to measure.
    """
    check_seeds(request)
    choice = choose(request, catalogue)
    if not is_here(choice.device):
        raise UsageError(
            f"--dry-run times a few steps on {choice.device}, and there is none here: leave "
            "--device out to see all but the times"
        )
    prepared = cached(choice.source, choice.sides)
    data = prepared.data if prepared else _count(choice.source, choice.sides)
    labelled = prepared is None or prepared.classes is not None  # images not read may have them
    plan, notes = plan_on(choice, data, catalogue, labelled)
    estimates = estimate(plan, choice.source.dataset, catalogue, results, timer or Timer())
    test, added = test_of(request, plan), None
    if prepared is not None:
        planned = at_home(Planned(plan, prepared, choice, tuple(notes)), results)
        planned = with_test(planned, results)
        plan, notes, added = planned.plan, list(planned.notes), planned.evaluation
    look = Look(test, decide(protocol_dir(results, plan.protocol), test)) if test else None
    if look:
        plan = with_seeds(plan, look.step.seeds)
    folders = {cell: cell_dir(results, plan.protocol, cell) for cell in plan.cells}
    finished = [cell for cell, folder in folders.items() if prepared and done(folder)]
    anew = [cell for cell, folder in folders.items() if added and unscored(folder, added.slug)]
    return DryRun(
        plan=plan,
        prepared=prepared is not None,
        done=frozenset(finished),
        estimates=estimates,
        jobs=choice.resources(len(plan.cells)).jobs or 1,
        notes=(*choice.notes, *notes, *estimates.refused),
        look=look,
        anew=frozenset(anew),
    )


def _count(source: Source, sides: Sides) -> Data:
    """How many images there are; the files of a folder or zip are counted and not read."""
    if not source.files or source.root is None:
        images = source.dataset.load(source.root, sides[0], False)
        channels, height, width = images.train[0:1].shape[1:]
        shape, train, held_out = (channels, height, width), len(images.train), len(images.held_out)
    else:
        with files_of(source.root, source.preparation.folder) as files:
            count = len(files.members)
        if 0 < count < HOLD_OUT:
            raise DataError(f"{source.root} has {plural(count, 'image')}, and {NEEDED}: add images")
        asked = source.preparation
        channels = 1 if asked.grey else 4 if asked.alpha else 3
        shape, held_out = (channels, *sides), count // HOLD_OUT
        train = count - held_out
    if not train:
        raise DataError(f"no images in {source.root or source.dataset.name}")
    return Data(
        name=source.dataset.name, fingerprint=UNKNOWN, shape=shape, train=train, held_out=held_out
    )
