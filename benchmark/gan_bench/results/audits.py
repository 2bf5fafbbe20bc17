"""What an audit of metrics keeps: how it measures, and the scores of every set that it drew.

A file is written when its part is done, so that the same command goes on after an interruption. A
part has a key: it is measured again if the metric, its net or a version has changed since.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field

from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Count, Data, MetricSpec, Number
from gan_bench.contract.schedule import Frozen
from gan_bench.results.atomic import make_folder, write_json
from gan_bench.results.layout import AUDIT, block_path
from gan_bench.results.reading import read_model

REAL_SETS = "real"  # the part with the clean sets
ALARM_SETS, BANK_SETS = 0, -1  # its sets: they say what is an alarm; or are corrupted elsewhere
SIZES = "sizes"  # the part that follows scores as n grows
SIZE_REPEATS = 8  # sets of every number of images whose bias and cost are measured
UNIT = 1_024  # the unit of work is the product of two square float64 matrices of this order
Part = TypeVar("Part", "Block", "SizeBlock")
Sizes = Annotated[tuple[Annotated[Count, Field(ge=1)], ...], Field(min_length=1)]
Score = Number | None  # None: the metric gave no number


class Sets(Frozen):
    """Which sets are drawn, of which images. Two audits with equal Sets draw the same ones."""

    data: Data
    seed: Count
    reference: Count  # T: images to compare with, of which n are taken
    held_out: Count  # real images of no set, for metrics that compare with such
    clean: Count  # P: images that are followed as n grows
    bank: Count  # B: the first of these, which real sets and corrupted ones are drawn from
    real_sets: Annotated[Count, Field(ge=1)]  # clean sets that say what is an alarm
    repeats: Annotated[Count, Field(ge=1)]  # sets of every strength
    device: str

    @property
    def slug(self) -> str:
        """A readable name that no others have."""
        document = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        digest = hashlib.sha256(document.encode()).hexdigest()[:8]
        return f"{self.data.name}-{self.data.size}px-{digest}"


class AuditedMetric(Frozen):
    """A metric that is audited."""

    spec: MetricSpec
    plugin: str  # and its version
    sees: tuple[str, ...]  # the faults that it declares
    width: Count  # F: features of an image
    key: str  # of its code, its net and the versions


class AuditedFault(Frozen):
    """A corruption that is audited."""

    name: str
    fault: str | None  # as metrics declare it
    meaning: str
    strengths: tuple[Number, ...]
    why_not: dict[int, str]  # n -> why no sets of so many images can be made


class Audit(Frozen):
    """What was asked for last, and what it was measured with."""

    sets: Sets
    sizes: Sizes  # n: images of the sets, for power and order
    bias_sizes: Sizes  # n that real images are followed over
    fixed: tuple[str, Number]  # the corruption, and its strength, that are followed as well
    features: str  # the net of metrics that have none of their own
    metrics: tuple[AuditedMetric, ...]
    absent: dict[str, str]  # metrics that cannot be audited here, and why
    faults: tuple[AuditedFault, ...]
    versions: dict[str, str]
    machine: dict[str, str]


class Block(Frozen):
    """The scores of one metric on all sets of n images with one fault, or with none."""

    key: str
    strengths: tuple[Number, ...]  # (S,); of real images ALARM_SETS and BANK_SETS
    scores: tuple[tuple[Score, ...], ...]  # (S, sets)
    why_none: str | None = None  # the first reason that the metric gave for no number


class SizeBlock(Frozen):
    """The scores and the cost of one metric on sets of n images."""

    key: str
    real: tuple[Score, ...]
    corrupted: tuple[Score, ...]
    seconds: Number | None  # for one set, without its features
    unit: Annotated[Number, Field(gt=0)]  # seconds that the unit of work took at that time
    memory: Number | None  # bytes at the peak; None where the system does not say it
    why_none: str | None = None


def write_audit(folder: Path, audit: Audit) -> None:
    """Write what was asked for."""
    make_folder(folder)
    write_json(folder / AUDIT, audit.model_dump(mode="json"))


def read_audit(folder: Path) -> Audit:
    """What was asked for. StorageError if it is not there, or damaged."""
    return read_model(folder / AUDIT, Audit)


def write_block(folder: Path, metric: str, n: int, part: str, block: Block | SizeBlock) -> None:
    """Write one part of an audit."""
    path = block_path(folder, metric, n, part)
    make_folder(path.parent)
    write_json(path, block.model_dump(mode="json"))


def read_block(
    folder: Path, audit: Audit, metric: AuditedMetric, n: int, part: str
) -> Block | None:
    """The scores of one part; None if they are to be measured: not there, old, or damaged."""
    block = _read(folder, metric, n, part, Block)
    return block if block and _has_all_sets(block, audit.sets, part) else None


def _has_all_sets(block: Block, sets: Sets, part: str) -> bool:
    """Whether it has a score for each set that such a part has."""
    found = [len(row) for row in block.scores]
    if part == REAL_SETS:
        whole = [sets.real_sets, sets.repeats]
        return block.strengths == (ALARM_SETS, BANK_SETS) and found == whole
    return found == [sets.repeats] * max(1, len(block.strengths))


def read_sizes(folder: Path, metric: AuditedMetric, n: int) -> SizeBlock | None:
    """The scores and the cost at n images; None if they are to be measured."""
    return _read(folder, metric, n, SIZES, SizeBlock)


def _read(folder: Path, metric: AuditedMetric, n: int, part: str, kind: type[Part]) -> Part | None:
    path = block_path(folder, metric.spec.name, n, part)
    if not os.path.lexists(path):
        return None
    try:
        block = read_model(path, kind)
    except StorageError:
        return None
    return block if block.key == metric.key else None
