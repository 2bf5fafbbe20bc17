"""A study of equal tuning: which rows are tried at which settings, and where each trial is."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from gan_bench.contract.protocol import Count, Evaluation, Half, Protocol
from gan_bench.contract.schedule import Frozen
from gan_bench.contract.space import Space, Value
from gan_bench.results.atomic import make_folder, write_json
from gan_bench.results.layout import STUDY, label_of, protocol_folder_of
from gan_bench.results.reading import read_model

Row = tuple[str, str]  # names of an architecture and a loss
HALVES: tuple[Half, ...] = ("choosing", "reporting")
SHARES = (0.25, 0.5)  # of the schedule, after which half of the trials go on with --halve


def early_ticks(ticks: int) -> list[int]:
    """The ticks at which `--halve` looks, of so many: the last one within each of the shares."""
    return [tick for share in SHARES if (tick := int(share * ticks))]


class Trial(Frozen):
    """One point of the space, which all rows are trained at."""

    settings: dict[str, Value]  # fields of the schedule that it changes; none for the default
    protocol: str  # the slug of its protocol: it says that anew what the settings come to


class Study(Frozen):
    """All that was planned. The default schedule is the first trial."""

    schema_number: Literal[1] = 1
    protocol: Protocol  # of the default schedule
    space: Space
    rows: Annotated[tuple[Row, ...], Field(min_length=1)]
    seeds: Annotated[Count, Field(ge=1)]  # of each row in each trial
    trials: Annotated[tuple[Trial, ...], Field(min_length=1)]
    stopped: tuple[tuple[str, str, Count], ...] = ()  # row and number of trials that were halved

    @property
    def slug(self) -> str:
        """A readable name; two studies have the same one if their trials can be compared.

        More rows, seeds or trials make no other study.
        """
        document = {
            "protocol": self.protocol.model_dump(mode="json", exclude_defaults=True),
            "space": self.space.model_dump(mode="json"),
        }
        digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:8]
        data = self.protocol.data
        return f"{data.name}-{data.size}px-{self.protocol.schedule.kimg:g}kimg-tune-{digest}"

    def evaluation(self, half: Half) -> Evaluation:
        """How a trial is measured on one half of the reference."""
        return self.protocol.evaluation.on_half(half, self.protocol.data)

    def cells(self, folder: Path) -> list[Path]:
        """The folders of all cells in the folder of the study: all of one trial before the next."""
        seeds = [f"seed{seed}" for seed in range(self.seeds)]
        return [
            folder.joinpath(trial.protocol, *row, seed)
            for trial in self.trials
            for seed in seeds
            for row in self.rows
        ]

    def trial_of(self, cell: Path) -> int:
        """The number of the trial that a cell in the folder of the study belongs to."""
        slug = protocol_folder_of(cell).name
        return next(k for k, trial in enumerate(self.trials) if trial.protocol == slug)

    def label(self, cell: Path) -> str:
        """The label of a cell in the folder of the study: trial 3: architecture / loss / seed0."""
        return f"trial {self.trial_of(cell)}: {label_of(cell)}"

    def is_stopped(self, cell: Path) -> bool:
        """Whether the trial of this cell's row was stopped early, by `--halve`."""
        architecture, loss, _ = cell.parts[-3:]
        return (architecture, loss, self.trial_of(cell)) in self.stopped

    def with_those_of(self, other: Study) -> Study:
        """The same study with the rows, seeds and trials of both."""
        longer = max(self.trials, other.trials, key=len)
        return self.model_copy(
            update={
                "rows": tuple(dict.fromkeys((*other.rows, *self.rows))),
                "seeds": max(self.seeds, other.seeds),
                "trials": longer,
                "stopped": tuple(
                    each for each in other.stopped if each[:2] not in self.rows
                ),  # those of the other rows
            }
        )


def read_study(folder: Path) -> Study:
    """What was planned. StorageError if the file is damaged."""
    return read_model(folder / STUDY, Study)


def write_study(folder: Path, study: Study) -> None:
    """Write what is planned, with what was planned before."""
    make_folder(folder)
    write_json(folder / STUDY, study.model_dump(mode="json"))
