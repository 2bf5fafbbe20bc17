"""Offers and records that the tests of plans share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gan_bench import Dataset, Engine, Images, Resources
from gan_bench.catalogue import Catalogue, Plugin
from gan_bench.contract.protocol import Schedule
from gan_bench.results.entries import EntryRecord
from gan_bench.results.records import Record, write_record
from gan_bench.run.plan import Planned
from gan_bench.run.process import Stop

Plan = Callable[..., Planned]  # by Request's words
LayCell = Callable[..., Path]
Score = Callable[..., EntryRecord]  # the text of an entry, and fields of How
MakeCell = Callable[[str], Path]
TEST = Plugin("test", "test", "1", dict)
SAMPLES = 70  # more than a grid shows
SCHEDULE = Schedule(kimg=0.16, batch=8, ema_kimg=0.05, ticks=4)  # 20 updates
NO_MODES = ["fwd", "diversity", "ndb", "copies", "density", "coverage"]


def offer(known: Catalogue, *offers: Any) -> None:
    for each in offers:
        known.offers[type(each)][each.name] = (each, TEST)


def blank(name: str, **more: Any) -> Dataset:
    """A named data set of empty images, at any size."""

    def load(root: Path | None, size: int, download: bool) -> Images:
        pixels = np.zeros((80, 1, size, size), np.uint8)
        return Images(train=pixels, held_out=pixels)

    return Dataset(name=name, source="a test", version="1", load=load, **more)


def names(planned: Planned) -> list[str]:
    return [f"{c.architecture}/{c.loss}/{c.seed}" for c in planned.plan.cells]


def record(folder: Path, status: str = "finished", **more: Any) -> int:
    """Write the record of a cell whose folder says which it is; the exit code of the cell."""
    arch, loss, seed = folder.parts[-3:]
    document = {"architecture": arch, "loss": loss, "seed": int(seed[4:]), "ended": "now"}
    write_record(folder, Record.model_validate(document | {"status": status} | more))
    return 0


class Scripted:
    """An engine that does to each cell what it is told to, and remembers which it was given."""

    def __init__(self, act: Callable[[Path], int]) -> None:
        self.act = act
        self.given: list[Path] = []
        self.resources: list[Resources] = []

    def start(self, cells: Sequence[Path], resources: Resources) -> Iterator[tuple[Path, int]]:
        self.given = list(cells)
        self.resources.append(resources)
        for cell in cells:
            yield cell, self.act(cell)

    @property
    def offer(self) -> Engine:
        return Engine(name="scripted", source="a test", start=self.start)


class AfterTwelve(Stop):
    """Asks the training to stop after twelve steps."""

    asked = 0

    @property
    def requested(self) -> bool:
        self.asked += 1
        return self.asked > 12

    @requested.setter
    def requested(self, _: bool) -> None:
        pass
