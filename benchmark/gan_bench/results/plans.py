"""How many seeds a table was planned for, and what could be seen before it got more of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gan_bench.base import text
from gan_bench.contract.protocol import Cell, Count
from gan_bench.results.atomic import write_bytes
from gan_bench.results.layout import PLANS, RECORD, cells_in
from gan_bench.results.reading import Damaged, read_lines

RowName = tuple[str, str]  # architecture, loss


class Asked(BaseModel):
    """The options of `run` that give the protocol, as they are typed; without the cells."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    options: tuple[str, ...]  # without those that name files
    files: tuple[str, ...] = ()  # options that name files, without the folders where these are


class Sequential(BaseModel):
    """A test that decides which rows get more seeds: `run --until-decided`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alpha: Annotated[float, Field(gt=0, lt=1)]  # the most tables with a false difference
    per_look: Annotated[int, Field(ge=1)]  # seeds that a row gets between two looks
    most: Annotated[int, Field(ge=1)]  # seeds of a row
    rows: tuple[RowName, ...]  # that are compared, in order of their names

    @property
    def looks(self) -> int:
        """How often the test may look."""
        return self.most // self.per_look


class Budget(BaseModel):
    """What `run --budget` chose, so that the same command finds it again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: Annotated[float, Field(gt=0)]
    kimg: Annotated[float, Field(gt=0)]
    seeds: Annotated[int, Field(ge=1)]
    fixed: tuple[str, ...] = ()  # of these two, what the user had given
    rows: tuple[RowName, ...]


@dataclass(frozen=True)
class Step:
    """What a sequential test says after a look."""

    seeds: Mapping[RowName, int]  # that each row is to have
    decided: bool  # no row is to have more
    text: str  # for people


class SeedPlan(BaseModel):
    """One line of the file: from then on, `run` was asked for so many seeds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seeds: Annotated[Count, Field(ge=1)]  # of each row
    when: str  # UTC, ISO 8601
    records: Count  # cells that had a record by then, so that their results could be seen
    # With how many seeds a row that now gets more of them could be compared with another row, when
    # all its cells were done. 0: no row gets more seeds, or it could not be compared.
    compared: Count = 0
    asked: Asked | None = None  # None: an older version wrote this, or it is not known
    sequential: Sequential | None = None  # None: the number of seeds was given
    budget: Budget | None = None  # None: it was not fitted to a time


def read_plans(protocol_folder: Path) -> list[SeedPlan]:
    """The plans of a protocol, the first one first; [] if none was written.

    Damaged says where the file is wrong.
    """
    path = protocol_folder / PLANS
    try:
        return [SeedPlan.model_validate(line) for line in read_lines(path)]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise Damaged(f"unreadable {path}: {where}: {first['msg']}") from error


def note_plan(
    protocol_folder: Path,
    cells: Iterable[Cell],
    asked: Asked | None = None,
    sequential: Sequential | None = None,
    budget: Budget | None = None,
) -> None:
    """Add a line if the number of seeds is another one; call this before the cells are laid out.

    Also if no line yet says what was asked for, or by which test seeds are added.

    To resume the same command, or to add rows with the same number of seeds, adds no line, and
    neither does a plan without cells. A damaged file stays as it is: the report says that it
    cannot be read.
    """
    try:
        plans = read_plans(protocol_folder)
    except Damaged:
        return
    planned = Counter((cell.architecture, cell.loss) for cell in cells)
    if not planned:
        return
    done = _done(protocol_folder)
    extended = [row for row, seeds in planned.items() if 0 < len(done.get(row, ())) < seeds]
    plan = SeedPlan(
        seeds=max(planned.values()),
        when=text.now(),
        records=sum(map(sum, done.values())),
        compared=max((_compared(row, done) for row in extended), default=0),
        asked=asked,
        sequential=sequential,
        budget=budget,
    )
    unknown = asked is not None and not any(each.asked for each in plans)
    new_test = sequential is not None and sequential_in(plans) != sequential
    new_test |= budget is not None and budget_in(plans) != budget
    if plans and plans[-1].model_copy(update={"when": plan.when}) == plan:
        return  # a run that wrote it ended before it laid out its cells
    if extended or unknown or new_test or not plans or plans[-1].seeds != plan.seeds:
        write_bytes(protocol_folder / PLANS, plan_lines([*plans, plan]))


def sequential_in(plans: Iterable[SeedPlan]) -> Sequential | None:
    """The test that decides the seeds of a table; None if there is none."""
    return next((plan.sequential for plan in plans if plan.sequential), None)


def budget_in(plans: Iterable[SeedPlan]) -> Budget | None:
    """What a budget has chosen last; None if there was none."""
    return next((plan.budget for plan in reversed(list(plans)) if plan.budget), None)


def plan_lines(plans: Iterable[SeedPlan]) -> bytes:
    """The content of the file."""
    return "".join(f"{each.model_dump_json()}\n" for each in plans).encode()


def merged_plans(folders: Iterable[Sequence[SeedPlan]]) -> list[SeedPlan]:
    """The plans of several folders of one protocol as those of one, in the order of time.

    A plan that neither changes the number of seeds nor follows a comparison adds no line, unless
    it is the first that says what was asked for.
    """
    merged = list[SeedPlan]()
    for plan in sorted({plan for plans in folders for plan in plans}, key=lambda plan: plan.when):
        first = plan.asked is not None and not any(each.asked for each in merged)
        first |= plan.sequential is not None and not sequential_in(merged)
        if plan.compared or first or not merged or merged[-1].seeds != plan.seeds:
            merged.append(plan)
    return merged


def _done(protocol_folder: Path) -> dict[RowName, list[bool]]:
    """Row -> for each of its cells that is laid out, whether it has a record."""
    done: dict[RowName, list[bool]] = {}
    for folder in cells_in(protocol_folder):
        architecture, loss, _ = folder.parts[-3:]
        done.setdefault((architecture, loss), []).append((folder / RECORD).exists())
    return done


def _compared(row: RowName, done: dict[RowName, list[bool]]) -> int:
    """With how many seeds a row could be compared; 0 if one of its cells is not done."""
    others = [sum(cells) for other, cells in done.items() if other != row]
    return min(len(done[row]), max(others, default=0)) if all(done[row]) else 0
