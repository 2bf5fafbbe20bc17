"""How far each image of a cell moves an unbiased score: the file by which two networks compare."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from gan_bench.contract.offers import Influence
from gan_bench.contract.protocol import Number
from gan_bench.results.atomic import write_bytes
from gan_bench.results.layout import INFLUENCE
from gan_bench.results.reading import read_model

DIGITS = 6  # significant ones of a term: ten times what the test prints


class ImageTerms(BaseModel):
    """The first-order terms of one score; see the contract's Influence."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    metric: str
    real: tuple[Number, ...]  # (N,) in the order of the reference
    fake: tuple[Number, ...]  # (M,) in the order of z


def write_influence(directory: Path, influences: Iterable[tuple[str, Influence]]) -> None:
    """Keep the first of these (metric, terms) that has terms of real images; none: no file."""
    for metric, each in influences:
        if each.real is not None:
            real, fake = (map(_rounded, terms.tolist()) for terms in (each.real, each.fake))
            document = ImageTerms(metric=metric, real=tuple(real), fake=tuple(fake))
            write_bytes(directory / INFLUENCE, document.model_dump_json().encode() + b"\n")
            return


def read_influence(directory: Path) -> ImageTerms | None:
    """The terms that a cell kept; None if it kept none. Raises StorageError for a damaged file."""
    path = directory / INFLUENCE
    return read_model(path, ImageTerms) if os.path.lexists(path) else None


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
