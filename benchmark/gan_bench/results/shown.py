"""What a cell shows besides its samples: a walk through z, and what its scores are made of."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from gan_bench.results.atomic import make_folder, remove, write_bytes
from gan_bench.results.layout import SHOWN, SHOWN_INDEX
from gan_bench.results.reading import read_model

# the picture of the walk, in the folder SHOWN of a cell; no metric's name begins like this
WALK = "_walk.webp"
WALK_SIDE = 16  # steps of the walk in either direction
TILE = 64  # pixels of the longer side of an image in a picture, at most
MOST = 4096  # pixels of a side of a picture, and modes that are counted
COLUMNS = 16  # of a sheet, at most
ROWS = MOST // TILE  # of a sheet, at most
LONGEST = 400  # characters of the sentence about a picture


class Sheet(BaseModel):
    """A picture <metric>.webp: rows of images of equal size, without space between them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str = Field(max_length=200)
    says: str = Field(max_length=LONGEST)  # what is seen, in one sentence
    headings: tuple[str, ...] = Field(max_length=COLUMNS)  # of the columns from the left, or none
    rows: int = Field(ge=1, le=ROWS)
    columns: int = Field(ge=1, le=COLUMNS)


class Modes(BaseModel):
    """How many real and generated images show each mode of a judged set, (K,) each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str = Field(max_length=200)
    says: str = Field(max_length=LONGEST)
    real: tuple[int, ...] = Field(max_length=MOST)
    fake: tuple[int, ...] = Field(max_length=MOST)


class Shown(BaseModel):
    """Which pictures of a cell there are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    walk: bool  # WALK_SIDE x WALK_SIDE images of z between four corners
    walk_class: int | None = None  # the class of all of these; None: G is given none
    sheets: tuple[Sheet, ...] = ()
    modes: tuple[Modes, ...] = ()


def sheet_name(metric: str) -> str:
    """The file of a metric's sheet, in the folder SHOWN of a cell."""
    return f"{metric}.webp"


def remove_shown(cell: Path) -> None:
    """Delete the pictures of a cell, and first what says which there are."""
    remove(cell / SHOWN / SHOWN_INDEX)
    for path in (cell / SHOWN).glob("*.webp"):
        remove(path)


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
