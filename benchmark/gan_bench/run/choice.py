"""What a request and its preset decide before any image is read."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from gan_bench.base.text import plural
from gan_bench.contract.engine import Engine, Resources
from gan_bench.contract.errors import UsageError
from gan_bench.contract.offers import Architecture, Preset
from gan_bench.contract.protocol import Data, Evaluation, Protocol, Sides
from gan_bench.contract.schedule import MOST_KIMG, Schedule
from gan_bench.data.source import Source
from gan_bench.run.plan_evaluation import fit_to_data
from gan_bench.run.request import Request
from gan_bench.run.resources import settled

MOST_CELLS = 100_000  # of one command: each is a folder


@dataclass(frozen=True)
class Choice:
    """What the request and the preset decide before any image is read."""

    request: Request
    source: Source
    sides: Sides
    schedule: Schedule  # its kimg are the preset's where the request has epochs
    evaluation: Evaluation  # its samples are not yet fitted to the number of images
    architectures: tuple[Architecture, ...]
    losses: tuple[str, ...]
    engine: Engine
    device: str
    notes: tuple[str, ...]
    track: tuple[str, ...] = ()
    preset: Preset | None = None  # None: cells are trained again as they were
    plans: int = 1  # that are trained together: the trials of a study

    def protocol(self, data: Data) -> Protocol:
        """The protocol on these images: they limit the samples, unless the user set a number.

        Their number turns epochs into kimg.
        """
        evaluation, schedule = self.evaluation, self.schedule
        if self.request.samples is None:
            evaluation = fit_to_data(evaluation, data)
        if self.request.epochs is not None:
            kimg = kimg_of(self.request.epochs, data)
            schedule = Schedule(**schedule.model_dump() | {"kimg": kimg})
        return Protocol(data=data, schedule=schedule, evaluation=evaluation)

    def check_count(self) -> None:
        """UsageError for more cells than can be written down before the first is trained."""
        rows = len(self.architectures) * len(self.losses)
        cells = rows * self.request.first_seeds * self.plans
        if cells > MOST_CELLS:
            lower = "--seeds or --trials" if self.plans > 1 else "--seeds"
            most = f"{MOST_CELLS:,} are the most"
            raise UsageError(f"{cells:,} cells are too many, {most}: give a lower {lower}")

    def resources(self, cells: int) -> Resources:
        """What the engine is given for so many cells."""
        return settled(self.engine, self.request.resources, self.device, cells * self.plans)


def kimg_of(epochs: float, data: Data) -> float:
    """The kimg of this many passes over the training images; UsageError for too many.

    At least the smallest number above 0, since one update is the least.
    """
    kimg = max(epochs * data.train / 1000, sys.float_info.min)
    if kimg > MOST_KIMG:
        most = MOST_KIMG * 1000 / data.train
        raise UsageError(
            f"--epochs {epochs:g} is too long a training on {plural(data.train, 'image')}: "
            f"the most is {most:g}"
        )
    return kimg
