"""What a cell shows besides its samples: a walk through z, and what its scores are made of."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from gan_bench.results.atomic import make_folder, write_bytes
from gan_bench.results.layout import SHOWN, SHOWN_INDEX
from gan_bench.results.reading import read_model

WALK = "walk.webp"  # the picture of the walk, in the folder SHOWN of a cell
WALK_SIDE = 16  # steps of the walk in either direction
MOST = 4096  # pixels of a side of a picture, and modes that are counted


class Sheet(BaseModel):
    """A picture <metric>.webp: rows of images of equal size, without space between them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str = Field(max_length=200)
    says: str = Field(max_length=400)  # what is seen, in one sentence
    headings: tuple[str, ...] = Field(max_length=16)  # of the columns, from left to right
    rows: int = Field(ge=1, le=MOST)
    columns: int = Field(ge=1, le=MOST)


class Modes(BaseModel):
    """How many real and generated images show each mode of a judged set, (K,) each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str = Field(max_length=200)
    says: str = Field(max_length=400)
    real: tuple[int, ...] = Field(max_length=MOST)
    fake: tuple[int, ...] = Field(max_length=MOST)


class Shown(BaseModel):
    """Which pictures of a cell there are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    walk: bool  # WALK_SIDE x WALK_SIDE images of z between four corners
    walk_class: int | None = None  # the class of all of these; None: G is given none
    sheets: tuple[Sheet, ...] = ()
    modes: tuple[Modes, ...] = ()


def write_shown(cell: Path, shown: Shown, pictures: Mapping[str, bytes]) -> None:
    """Write the pictures by their names, and what they are last."""
    make_folder(cell / SHOWN)
    for name, content in pictures.items():
        write_bytes(cell / SHOWN / name, content)
    write_bytes(cell / SHOWN / SHOWN_INDEX, shown.model_dump_json().encode() + b"\n")


def read_shown(cell: Path) -> Shown | None:
    """None if the cell has none, as those of older versions. StorageError if it is damaged."""
    path = cell / SHOWN / SHOWN_INDEX
    return read_model(path, Shown) if os.path.lexists(path) else None
