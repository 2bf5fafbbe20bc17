"""Cells and changes -> branches: planned, laid out, and trained by the engine of their parent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_bench.base.text import number, plural
from gan_bench.catalogue import Catalogue
from gan_bench.contract.branch import LOSS, UNCHANGED, Branch
from gan_bench.contract.engine import Engine, Resources
from gan_bench.contract.errors import UsageError
from gan_bench.contract.protocol import Cell, Protocol, RunEnvironment, Schedule
from gan_bench.results.atomic import make_folder, write_json
from gan_bench.results.layout import (
    BRANCHES,
    CELL,
    PROTOCOL,
    branch_dir,
    is_branch,
    label_of,
    protocol_folder_of,
    protocol_of,
)
from gan_bench.results.locks import alone_in
from gan_bench.results.reading import read_model
from gan_bench.run.branch_changes import Changes, Parent, changed_schedule
from gan_bench.run.folders import clear_left, done
from gan_bench.run.plan_measuring import MeasureRequest, engine_like, environment_now
from gan_bench.run.progress import Watch
from gan_bench.run.resources import check_engine, settled
from gan_bench.run.saved_states import kept_ticks
from gan_bench.run.scheduler import run_cells
from gan_bench.run.task import prepared_for, source_of_cell
from gan_bench.run.train_cells import Stopping
from gan_bench.run.whereabouts import GIVE_THEM, check_there

SHORT = 40  # characters of a folder's name that say what is changed


@dataclass(frozen=True)
class Origin:
    """A cell that branches are forked from, and all that they take over from it."""

    folder: Path
    cell: Cell
    protocol: Protocol
    environment: RunEnvironment  # where its branches run
    catalogue: Catalogue
    parent: Parent

    @property
    def schedule(self) -> Schedule:
        """How it is trained."""
        return self.parent.schedule

    def kimg(self, step: int) -> float:
        """The kimg at a step."""
        return self.schedule.shown(step) / 1000


@dataclass(frozen=True)
class Tick:
    """A state that branches begin with."""

    source: str  # the folder that keeps it, from the parent's
    step: int
    kimg: float


@dataclass(frozen=True)
class Fork:
    """The branches that change the same from the same tick, one for each index."""

    origin: Origin
    tick: Tick
    changes: Changes
    indices: tuple[int, ...]
    keep_ticks: bool = False

    @property
    def folders(self) -> list[Path]:
        """The folders of its branches, in order of their indices."""
        slug, change = f"{self._name}-{self._digest}", self._name
        return [branch_dir(self.origin.folder, slug, change, index) for index in self.indices]

    @property
    def protocol(self) -> Protocol:
        """How its branches are trained and measured."""
        schedule = changed_schedule(self.origin.schedule, self.changes)
        return self.origin.protocol.model_copy(update={"schedule": schedule})

    def lay_out(self) -> None:
        """Write the folders; branches that are done stay as they are."""
        home = protocol_folder_of(self.folders[0])
        make_folder(home)
        write_json(home / PROTOCOL, self.protocol.model_dump(mode="json"))
        for index, folder in zip(self.indices, self.folders, strict=True):
            if done(folder):
                clear_left(folder)
            else:
                make_folder(folder)
                write_json(folder / CELL, self._cell(index).model_dump(mode="json"))

    def _cell(self, index: int) -> Cell:
        cell, tick = self.origin.cell, self.tick
        environment = self.origin.environment
        return Cell(
            architecture=cell.architecture,
            loss=self.changes.get(LOSS, cell.loss),
            seed=cell.seed,
            environment=environment.model_copy(update={"keep_ticks": self.keep_ticks}),
            branch=Branch(
                parent=label_of(self.origin.folder),
                source=tick.source,
                step=tick.step,
                kimg=tick.kimg,
                index=index,
                changes=self.changes,
            ),
        )

    @property
    def _name(self) -> str:
        """`4kimg-lr_d-0.0001`: a name that a folder can have."""
        parts = [f"{name}-{_folder_word(value)}" for name, value in self.changes.items()]
        words = "-".join(parts)[:SHORT].rstrip(".-") or UNCHANGED
        return f"{self.tick.kimg:g}kimg-{words}"

    @property
    def _digest(self) -> str:
        told = [self.tick.step, self.changes]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:8]


def _folder_word(value: Any) -> str:
    words = map(str, value) if isinstance(value, list) else [str(value)]
    kept = "-".join(words) or "none"
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in kept)


def origin_of(folder: Path, request: MeasureRequest) -> Origin:
    """Read the cell that is to be forked. UsageError for a branch.

    DataError if the images are missing or are not those of the training.
    """
    if is_branch(folder):
        raise UsageError(f"{folder} is a branch: fork the cell that it was forked from")
    cell, protocol = read_model(folder / CELL, Cell), protocol_of(folder)
    now = environment_now(folder, request).model_copy(
        update={"keep": "last", "track": (), "track_from": (), "keep_ticks": False}
    )
    if request.data is None:
        check_there(now, protocol.data.name)
    catalogue, source = source_of_cell(now, protocol)
    prepared = prepared_for(protocol, source, advice=GIVE_THEM)
    schedule = cell.recipe.applied_to(protocol.schedule)
    parent = Parent(schedule, cell.loss, prepared.classes is not None)
    return Origin(folder, cell, protocol, now, catalogue, parent)


def tick_at(origin: Origin, kimg: float, keeper: Path | None = None) -> tuple[Tick, list[str]]:
    """The good kept tick that is nearest at or before this kimg, and a note on each damaged one.

    `keeper`: the folder that keeps the ticks, if it is not the cell's own. UsageError if there is
    none, or if it is the end of the training.
    """
    home = keeper or origin.folder
    ticks = kept_ticks(home, origin.catalogue)
    steps = ticks.steps()
    if not steps:
        raise UsageError(f"{label_of(origin.folder)} kept no tick: {HOW_TO_KEEP}")
    known = [origin.kimg(step) for step in steps]
    check_beginning(origin, kimg, known)
    before = [step for step in steps if _reached(origin.kimg(step), kimg)]
    source = "." if keeper is None else keeper.relative_to(origin.folder).as_posix()
    notes = list[str]()
    for step in reversed(before):
        if (damage := ticks.damage(step)) is None:
            return Tick(source, step, origin.kimg(step)), notes
        notes.append(
            f"the tick at {number(origin.kimg(step), 6)} kimg of {label_of(origin.folder)} is "
            f"damaged ({damage}): an earlier one is taken"
        )
    raise _no_tick(origin, kimg, known, notes)


def check_beginning(origin: Origin, kimg: float, ticks: Sequence[float]) -> None:
    """UsageError if no branch can begin at or before this kimg, where the cell has these ticks."""
    before = [tick for tick in ticks if _reached(tick, kimg)]
    if not before:
        raise _no_tick(origin, kimg, ticks)
    if _reached(origin.kimg(origin.schedule.updates), before[-1]):
        raise UsageError(
            f"{label_of(origin.folder)} ends at {number(before[-1], 6)} kimg: a branch that begins "
            "there has nothing to train; name an earlier --at"
        )


def _reached(tick: float, kimg: float) -> bool:
    return tick <= kimg * (1 + 1e-9)


def _no_tick(
    origin: Origin, kimg: float, ticks: Sequence[float], notes: Sequence[str] = ()
) -> UsageError:
    known = ", ".join(number(tick, 6) for tick in ticks)
    has = f"its ticks are at {known} kimg" if ticks else "it had none"
    return UsageError(
        f"{label_of(origin.folder)} has no good tick at or before {number(kimg, 6)} kimg: "
        + "; ".join([*notes, has])
    )


HOW_TO_KEEP = "`gan-bench run --keep-ticks` keeps the ticks of the cells that it trains"


def train_forks(
    forks: Sequence[Fork],
    watch: Watch,
    request: MeasureRequest,
    stopping: Stopping = lambda _: nullcontext(),
) -> None:
    """Lay out and train every branch that is not complete."""
    engine, resources = engine_for(forks, request)
    with ExitStack() as alone:
        for cell in dict.fromkeys(fork.origin.folder for fork in forks):
            alone.enter_context(alone_in(cell / BRANCHES, "branching", within=cell))
        for fork in forks:
            fork.lay_out()
        folders = folders_of(forks)
        finished = sum(map(done, folders))
        watch.say(f"{plural(len(folders), 'branch', 'branches')}, {finished} done")
        with stopping(watch.say), watch.showing():
            for folder in run_cells(engine, folders, resources, watch.say):
                watch.ended(folder)


def folders_of(forks: Iterable[Fork]) -> list[Path]:
    """The folders of all branches, each once: two remedies may change the same."""
    return list(dict.fromkeys(folder for fork in forks for folder in fork.folders))


def engine_for(forks: Sequence[Fork], request: MeasureRequest) -> tuple[Engine, Resources]:
    """What starts the branches, and what it is given: the engine of the first parent, or another.

    UsageError if the engine does not take what was asked for.
    """
    origin = forks[0].origin
    engine = engine_like(request.engine, origin.environment, origin.catalogue)
    check_engine(engine, request.resources, origin.catalogue)
    count = len(folders_of(forks))
    return engine, settled(engine, request.resources, origin.environment.device, count)
