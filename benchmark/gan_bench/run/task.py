"""What one cell is made of: its plugins, its data, its protocol, read from its folder."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gan_bench import catalogue as catalogues
from gan_bench.base.text import plural
from gan_bench.contract.errors import DataError
from gan_bench.contract.offers import Architecture, Augmentation, Dataset, Loss, Optimizer
from gan_bench.contract.protocol import Cell, Data, Protocol, RunEnvironment, Schedule
from gan_bench.data.cache import Prepared, prepare
from gan_bench.data.copies import alike, is_gone
from gan_bench.data.source import Source, files_at
from gan_bench.data.stream import Progress
from gan_bench.measure.evaluator import Evaluator
from gan_bench.measure.judging.judge_file import judged_by, with_judge
from gan_bench.measure.weights import weights_of
from gan_bench.results.layout import CELL, CHECKPOINTS, protocol_of
from gan_bench.results.reading import read_model
from gan_bench.results.records import Code
from gan_bench.run.parts import all_parts, code_of, identity
from gan_bench.train.augment import check_augmentation
from gan_bench.train.checkpoint import Checkpoints
from gan_bench.train.generator_file import About
from gan_bench.train.pair import check_loss
from gan_bench.train.state import Training, begin

DIGITS = 12  # of a fingerprint that people compare


@dataclass(frozen=True)
class Task:
    """All that one cell reads."""

    cell: Cell
    protocol: Protocol
    catalogue: catalogues.Catalogue
    dataset: Dataset
    prepared: Prepared
    arch: Architecture
    loss: Loss
    optimizer: Optimizer
    augmentations: tuple[Augmentation, ...]

    @property
    def schedule(self) -> Schedule:
        """How this cell is trained; the protocol's schedule is the one that all cells share."""
        return self.cell.recipe.applied_to(self.protocol.schedule)

    @property
    def last_step(self) -> int | None:
        """The update of G at which the cell is to pause: that of a tick; None: it is not to."""
        pause = self.cell.environment.pause
        if pause is None or pause >= self.schedule.ticks:
            return None
        return -(-pause * self.schedule.updates // self.schedule.ticks)

    def evaluator(self) -> Evaluator:
        """The evaluator of its protocol, with its features nets loaded."""
        environment = self.cell.environment
        weights = weights_of(environment)
        return Evaluator(
            self.catalogue, self.protocol, self.dataset, self.prepared, environment.device, weights
        )

    def begin(self, device: str | None = None) -> Training:
        """The training before its first step; BadPair if a plugin breaks the contract.

        `device`: another one than the cell's.
        """
        check_loss(self.loss)
        return begin(
            self.arch,
            self.protocol.data.shape,
            self.schedule,
            self.cell.seed,
            device or self.cell.environment.device,
            self.augmentations,
            self.prepared.classes,
            optimizer=self.optimizer,
            loss=self.loss,
        )

    @property
    def stream_seed(self) -> int:
        """What the random streams of the training begin with: the order of images, z, and more."""
        branch, seed = self.cell.branch, self.cell.seed
        return branch.stream_seed(seed) if branch else seed

    @property
    def labels(self) -> np.ndarray | None:
        """The classes of the training images (n,) int64, if they have any."""
        return self.prepared.labels.get("train")

    def about(self, kimg: float | None = None) -> About:
        """What the file of its generator says; `kimg`: of the tick, if it is not the last G."""
        classes = self.prepared.classes if self.arch.conditional else None
        return About(
            architecture=self.arch.name,
            z_dim=self.arch.z_dim,
            shape=self.protocol.data.shape,
            classes=classes,
            kimg=kimg,
        )

    def checkpoints(self, directory: Path) -> Checkpoints:
        """The checkpoints of this cell; one of another identity is refused."""
        belongs_to = identity(self.cell, self.protocol, self.catalogue)
        return Checkpoints(directory / CHECKPOINTS, belongs_to)

    def code(self) -> tuple[Code, ...]:
        """The code of every plugin that has a part in this cell, as it is read now."""
        return code_of(all_parts(self.cell, self.protocol), self.catalogue)


def read_task(directory: Path, environment: RunEnvironment | None = None) -> Task:
    """Read a cell's folder. `environment`: where it runs now, if that is not where it was trained.

    Raises DataError if the images are not those of the plan, UsageError if a plugin no longer
    offers what the cell needs, BadAugmentation if an augmentation breaks the contract.
    """
    cell = read_model(directory / CELL, Cell)
    if environment is not None:
        cell = cell.model_copy(update={"environment": environment})
    protocol, environment = protocol_of(directory), cell.environment
    catalogue, source = source_of_cell(environment, protocol)
    prepared = _images(protocol, source)
    schedule = cell.recipe.applied_to(protocol.schedule)
    augmentations = tuple(catalogue.find(Augmentation, name) for name in schedule.augment)
    for offer in augmentations:
        check_augmentation(offer, protocol.data.shape)
    return Task(
        cell=cell,
        protocol=protocol,
        catalogue=catalogue,
        dataset=source.dataset,
        prepared=prepared,
        arch=catalogue.find(Architecture, cell.architecture),
        loss=catalogue.find(Loss, cell.loss),
        optimizer=catalogue.find(Optimizer, schedule.optimizer),
        augmentations=augmentations,
    )


def _images(protocol: Protocol, source: Source) -> Prepared:
    """The images of the protocol; where their source is not on this machine, a copy of them."""
    found = alike(protocol.data) if is_gone(source) else None
    return found[1] if found else prepared_for(protocol, source)


def source_of_cell(
    environment: RunEnvironment, protocol: Protocol
) -> tuple[catalogues.Catalogue, Source]:
    """The plugins of a cell with its judge, and where its images come from."""
    catalogue = catalogues.load(map(Path, environment.plugins))
    root = Path(environment.root) if environment.root else None
    if environment.named or root is None:
        source = Source(catalogue.find(Dataset, protocol.data.name), root)
    else:
        source = files_at(root, environment.preparation, protocol.data.name)
    if environment.judge:
        catalogue = with_judge(catalogue, Path(environment.judge))
        source = replace(source, dataset=judged_by(source.dataset, Path(environment.judge)))
    return catalogue, source


def prepared_for(
    protocol: Protocol,
    source: Source,
    progress: Progress = lambda *_: None,
    advice: str = "run the same command again to begin a new protocol",
) -> Prepared:
    """The images of a protocol. DataError, with this advice, if it was planned on others."""
    prepared = prepare(source, protocol.data.shape[1:], progress)
    if prepared.data != protocol.data:
        raise DataError(f"{_changed(protocol.data, prepared.data)}: {advice}")
    return prepared


def _changed(then: Data, now: Data) -> str:
    counts = f"{then.train:,} then, {plural(now.train, 'training image')} now"
    what = "other pixels" if then.train == now.train else counts
    prints = f"fingerprint {then.fingerprint[:DIGITS]} then, {now.fingerprint[:DIGITS]} now"
    return (
        f"the data set {then.name} has changed since this protocol was planned ({what}; {prints} "
        f"on {socket.gethostname()})"
    )
