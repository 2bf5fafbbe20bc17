"""Evaluations besides the one that a protocol was trained with, and the scores by them.

A cell's record has the scores by the protocol's own evaluation. Each further evaluation has a
folder in the protocol's folder, which says how it measures, and one in the folder of every cell
that it was asked for, with the scores once it is measured.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from gan_bench.base import text
from gan_bench.contract.errors import StorageError
from gan_bench.contract.names import NAME
from gan_bench.contract.protocol import Evaluation, Number, RunEnvironment
from gan_bench.results.atomic import make_folder, remove, write_json
from gan_bench.results.layout import (
    ENVIRONMENT,
    EVALUATION,
    EVALUATIONS,
    RECORD,
    SCORES,
    evaluation_dir,
    protocol_folder_of,
)
from gan_bench.results.reading import read_model
from gan_bench.results.records import Code, Score


class Measurement(BaseModel):
    """The scores of one cell by one evaluation, and what it took to compute them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    scores: dict[str, Score] = {}
    unscored: dict[str, str] = {}  # metrics that refused, and why
    details: dict[str, str] = {}  # what weighs most in a score, of the metrics that say it
    seconds: Number | None = None  # with reading the nets; None: the measuring failed
    device: str
    machine: dict[str, str] = {}
    versions: dict[str, str] = {}
    code: tuple[Code, ...] = ()  # of the plugins that measured
    ended: str  # UTC, ISO 8601


def ask_for(cell: Path, evaluation: Evaluation, environment: RunEnvironment) -> None:
    """Lay out an evaluation of a cell, to be measured there. A measured cell stays as it is.

    A damaged file that says how the evaluation measures is written again.
    """
    home = protocol_folder_of(cell)
    try:
        read_evaluation(home, evaluation.slug)
    except StorageError:
        folder = evaluation_dir(home, evaluation.slug)
        make_folder(folder)
        write_json(folder / EVALUATION, evaluation.model_dump(mode="json"))
    asked = evaluation_dir(cell, evaluation.slug)
    if not (asked / SCORES).exists():
        make_folder(asked)
        write_json(asked / ENVIRONMENT, environment.model_dump(mode="json"))


def waiting(cell: Path) -> list[str]:
    """The names of the evaluations that were asked for and have no scores yet, in order."""
    return [slug for slug in _slugs(cell, ENVIRONMENT) if not _has(cell, slug, SCORES)]


def asked_in(cell: Path) -> list[str]:
    """The names of the evaluations that a cell was asked for, or has scores by, in order."""
    return sorted({slug for name in (ENVIRONMENT, SCORES) for slug in _slugs(cell, name)})


def complete(cell: Path) -> bool:
    """Whether the cell has its record, and the scores of every evaluation that was asked for."""
    return (cell / RECORD).exists() and not waiting(cell)


def environment_of(cell: Path, slug: str) -> RunEnvironment:
    """Where the cell is to be measured by this evaluation."""
    return read_model(evaluation_dir(cell, slug) / ENVIRONMENT, RunEnvironment)


def slugs_in(protocol_folder: Path) -> list[str]:
    """The names of the evaluations besides the protocol's own, in order."""
    return list(_slugs(protocol_folder, EVALUATION))


def read_evaluation(protocol_folder: Path, slug: str) -> Evaluation:
    """How an evaluation measures. StorageError if that cannot be read."""
    return read_model(evaluation_dir(protocol_folder, slug) / EVALUATION, Evaluation)


def write_measurement(cell: Path, slug: str, measurement: Measurement) -> None:
    """Write the scores, after everything else: the cell is then measured."""
    write_json(evaluation_dir(cell, slug) / SCORES, measurement.model_dump(mode="json"))


def read_measurement(cell: Path, slug: str) -> Measurement | None:
    """The scores of a cell by an evaluation; None if it is not measured.

    StorageError if the file is damaged.
    """
    path = evaluation_dir(cell, slug) / SCORES
    return read_model(path, Measurement) if os.path.lexists(path) else None


def unmeasured(cell: Path, slug: str, reason: str) -> Measurement:
    """What stands for the scores of a cell whose measuring failed."""
    evaluation = read_evaluation(protocol_folder_of(cell), slug)
    return Measurement(
        unscored=dict.fromkeys((spec.name for spec in evaluation.metrics), reason),
        device=environment_of(cell, slug).device,
        ended=text.now(),
    )


def take_back(cell: Path, slug: str) -> None:
    """Delete the scores of a cell by this evaluation: it is measured again."""
    remove(evaluation_dir(cell, slug) / SCORES)


def take_all_back(cell: Path) -> None:
    """Delete the scores of a cell by every such evaluation, because it is trained again."""
    for slug in _slugs(cell, SCORES):
        take_back(cell, slug)


def _has(folder: Path, slug: str, name: str) -> bool:
    return os.path.lexists(evaluation_dir(folder, slug) / name)


def _slugs(folder: Path, name: str) -> Iterator[str]:
    """The evaluations of a folder that have this file, in order."""
    try:
        slugs = sorted(os.listdir(folder / EVALUATIONS))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise StorageError(
            f"cannot read {folder / EVALUATIONS}: {error.strerror or error}"
        ) from error
    yield from (slug for slug in slugs if NAME.fullmatch(slug) and _has(folder, slug, name))
