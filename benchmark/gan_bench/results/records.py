"""The record of a cell: all that it leaves when it is done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from gan_bench.contract.branch import Branch
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Count, Number
from gan_bench.contract.schedule import Recipe
from gan_bench.results.atomic import remove, write_json
from gan_bench.results.layout import CODE, RECORD
from gan_bench.results.reading import read_model

SCHEMA = 1
DIGITS = 16  # hexadecimal: 64 bits tell the contents of two files apart


class Score(BaseModel):
    """A number, and what one has to know to read it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    value: Number
    error: Number | None = None  # standard error over samplings of the same network
    higher_is_better: bool
    features: str
    n: Count  # generated images
    reference: str
    reference_n: Count


class Cost(BaseModel):
    """What the cell took."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    train_seconds: Number  # without ticks and measuring
    images_per_second: Number
    evaluate_seconds: Number  # at the ticks and at the end
    peak_memory_mib: Number
    g_parameters: Count
    d_parameters: Count
    g_macs: Count | None = None  # multiply-accumulates of one image, forward
    d_macs: Count | None = None


VerdictKind = Literal["collapsed", "degraded", "diverged"]
Status = Literal["finished", "collapsed", "degraded", "diverged", "failed"]
WITHOUT_SCORES: tuple[Status, ...] = ("failed", "diverged")  # there is no network to measure


class Verdict(BaseModel):
    """What went wrong with a training, when, and the numbers behind it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: VerdictKind
    kimg: Number  # when it was found
    reason: str


class Best(BaseModel):
    """The best and the last tick by the metric of the ticks, both on `tick_samples` images."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    metric: str
    value: Number
    kimg: Number
    final: Number  # of the last tick: comparable with `value` only, not with the final scores


class Code(BaseModel):
    """The code of one plugin that has a part in a cell."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    offers: dict[str, tuple[str, ...]]  # kind, as in the catalogue's KINDS -> names of its offers
    distribution: str  # or the name of its file
    version: str
    sha256: str  # of all files below
    files: dict[str, str]  # name -> the first DIGITS digits of its SHA-256
    trains: bool  # whether it decides how the cell trains; others measure it, or start it


def training_code(code: Iterable[Code]) -> str:
    """One digest of all code that decides how a cell trains; "" if it is not known."""
    digests = sorted({each.sha256 for each in code if each.trains})
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:DIGITS] if digests else ""


class CodeFile(BaseModel):
    """The code that a process of a cell runs, for records that another process writes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: tuple[Code, ...]


class Record(BaseModel):
    """All that a cell leaves when it is done."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    schema_number: Literal[1] = 1
    architecture: str
    loss: str
    seed: Count
    recipe: Recipe = Recipe()  # how its schedule differed from the protocol's
    branch: Branch | None = None  # it went on from a tick of another cell, and is never ranked
    conditional: bool = False  # whether G and D were given the classes of the images
    status: Status  # of the network that was measured, at the end
    reason: str | None = None
    impossible: bool = False  # it failed because its architecture and loss do not fit together
    scores: dict[str, Score] = {}
    unscored: dict[str, str] = {}  # metrics that refused, and why
    details: dict[str, str] = {}  # what weighs most in a score, of the metrics that say it
    best: Best | None = None
    verdicts: tuple[Verdict, ...] = ()  # all there were during the training
    rollbacks: Count = 0
    diagnosis: str | None = None  # what the curves show, in one line
    notes: tuple[str, ...] = ()  # what else to know: damaged checkpoints, no CUDA graph
    starts: Count = 1  # processes it took: more than one if it was interrupted
    log: str | None = None  # the end of cell.log, if the process ended without a record
    cost: Cost | None = None
    device: str | None = None
    computed: dict[str, str] = {}  # how it was computed: changes speed and last bits only
    machine: dict[str, str] = {}  # processor, instructions, threads, torch, system
    versions: dict[str, str] = {}
    code: tuple[Code, ...] = ()  # of all plugins that had a part; () if an older version wrote this
    ended: str  # UTC, ISO 8601


def write_record(directory: Path, record: Record) -> None:
    """Write the record, after everything else: a cell with a record is done."""
    write_json(directory / RECORD, record.model_dump(mode="json"))
    remove(directory / CODE)  # the record has it


def read_record(directory: Path) -> Record:
    """The record of a done cell."""
    return read_model(directory / RECORD, Record)


def write_code(directory: Path, code: tuple[Code, ...]) -> None:
    """Write down the code that a process of the cell runs."""
    write_json(directory / CODE, CodeFile(code=code).model_dump(mode="json"))


def read_code(directory: Path) -> tuple[Code, ...]:
    """The code that the newest process of the cell ran; () if that is not known."""
    try:
        return read_model(directory / CODE, CodeFile).code
    except StorageError:
        return ()
