"""The scale of a table: what other real images score, and what surely bad ones do."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Number
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import SCALE
from gan_bench.results.reading import read_model
from gan_bench.results.records import Score

REAL = "other real images"  # the name of the set that a perfect generator would make
NOISE = "noise"
EMPTY_SETS = (NOISE, "one colour")  # of images with nothing in them
BAD_SETS = (*EMPTY_SETS, "one image")


class Scored(BaseModel):
    """The scores of one set of images by every metric of the protocol that takes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    scores: dict[str, Score] = {}
    tick: dict[str, Number] = {}  # of its first `tick_samples` images, by the metrics of a tick


class Scale(BaseModel):
    """The scores of sets whose quality is known, measured as the rows are."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    real: Scored | None  # as many other real images as samples; None: there are too few
    why_no_real: str | None = None
    bad: dict[str, Scored] = {}  # BAD_SETS by name; `n` may be smaller
    warnings: tuple[str, ...] = ()  # of the networks that the metrics read


def write_scale(protocol_folder: Path, scale: Scale) -> None:
    """Write it beside the protocol."""
    write_json(protocol_folder / SCALE, scale.model_dump(mode="json"))


def read_scale(protocol_folder: Path) -> Scale | None:
    """The scale of a protocol; None if it was not measured. StorageError if it is damaged."""
    path = protocol_folder / SCALE
    return read_model(path, Scale) if os.path.lexists(path) else None


def has_scale(protocol_folder: Path) -> bool:
    """Whether the scale was measured, with all of its sets, and can be read."""
    try:
        scale = read_scale(protocol_folder)
    except StorageError:
        return False
    return scale is not None and set(BAD_SETS) <= scale.bad.keys()


def with_ticks_of(scale: Scale, trained: Scale | None) -> Scale:
    """The scale of an evaluation that was added, with the ticks of the protocol's own."""

    def taken(ours: Scored, theirs: Scored | None) -> Scored:
        return ours.model_copy(update={"tick": theirs.tick if theirs else {}})

    real = scale.real and taken(scale.real, trained.real if trained else None)
    others = trained.bad if trained else {}
    bad = {name: taken(each, others.get(name)) for name, each in scale.bad.items()}
    return scale.model_copy(update={"real": real, "bad": bad})
