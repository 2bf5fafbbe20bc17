"""The file of a trained generator: its parameters, and what it takes to build it again."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import psutil
import torch
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load as from_safetensors
from safetensors.torch import save as to_safetensors
from torch import Tensor

from gan_bench.base import text
from gan_bench.base.escape import plain
from gan_bench.contract.errors import DataError, GanBenchError, StorageError
from gan_bench.contract.offers import Shape
from gan_bench.contract.protocol import Number, Side
from gan_bench.contract.schedule import Frozen
from gan_bench.results.finding import is_cell
from gan_bench.results.layout import BEST_GENERATOR, GENERATOR
from gan_bench.results.reading import read_bytes

ENTRY = "gan_bench"  # the name of the one entry in the metadata of the file
LARGEST_FILE = 2**40  # bytes
LARGEST_HEADER = 100 * 2**20  # bytes, as safetensors has it
MOST_VALUES = 100_000_000  # C x H x W of one image
LONGEST_ERROR = 300  # characters of what a library says
LONGEST_Z, MOST_CLASSES = 100_000, 1_000_000  # what a file may say: both are allocated
Shapes = Mapping[str, tuple[int, ...] | None]  # of tensors by name; None: a plain value


def _split(shape: object) -> object:
    return shape.split("x") if isinstance(shape, str) else shape


def _bounded(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    if math.prod(shape) > MOST_VALUES:
        raise ValueError(f"more than {MOST_VALUES:,} values in an image")
    return shape


class About(Frozen):
    """What it takes to build the generator of a file again."""

    architecture: str
    z_dim: Annotated[int, Field(ge=1, le=LONGEST_Z)]
    # (C, H, W), which the file holds as CxHxW
    shape: Annotated[
        tuple[Side, Side, Side],
        BeforeValidator(_split),
        AfterValidator(_bounded),
        PlainSerializer(lambda shape: "x".join(map(str, shape))),
    ]
    # None: not conditional, or not known (older versions)
    classes: Annotated[int, Field(ge=1, le=MOST_CLASSES)] | None = None
    kimg: Number | None = None  # of the tick it was kept at; None: the end of the training
    extra: dict[str, Any] = Field(default={})  # plain values, of modules with extra state


def file_of(state: Mapping[str, Any], about: About) -> bytes:
    """A generator's state as the bytes of a safetensors file, with `about` in its metadata."""
    # a copy of each: layers may share a tensor, which safetensors would refuse
    plain = torch.contiguous_format
    tensors = {name: each for name, each in state.items() if isinstance(each, Tensor)}
    copies = {name: each.cpu().clone(memory_format=plain) for name, each in tensors.items()}
    extra = {name: each for name, each in state.items() if name not in tensors}
    document = about.model_copy(update={"extra": extra}).model_dump(exclude_defaults=True)
    # one entry: safetensors writes several in random order, and the file would differ in every run
    return to_safetensors(copies, {ENTRY: json.dumps(document)})


def read_file(path: Path) -> tuple[About, dict[str, Any]]:
    """What the file says about its generator, and its state.

    If it is damaged or of another program: StorageError for a file of a cell, DataError for a file
    on its own.
    """
    about, header = _header(path)
    _check_memory(path)
    try:
        state = from_safetensors(read_bytes(path, LARGEST_FILE))
        finite = all(_is_finite(each) for each in state.values())
    except (SafetensorError, ValueError, KeyError, OverflowError, RuntimeError) as error:
        why = f"is damaged, or no safetensors file ({_short(error)})"
        raise _unusable(path, why) from error
    if not finite:
        raise _unusable(path, "is damaged, for it holds numbers that are not finite")
    if twice := sorted(header.keys() & about.extra.keys()):
        raise _unusable(path, f"is damaged, for it has {_short(twice[0])} twice")
    return about, {**state, **about.extra}


def read_shapes(path: Path) -> tuple[About, Shapes]:
    """The same from the first bytes of the file: name -> shape, None of a plain value.

    Nothing that the file claims is allocated.
    """
    about, header = _header(path)
    plain_values = dict.fromkeys(about.extra)
    return about, {name: tuple(each["shape"]) for name, each in header.items()} | plain_values


def _header(path: Path) -> tuple[About, dict[str, Any]]:
    """What the file says about its generator, and name -> dtype, shape and place of each tensor."""
    try:
        with safe_open(path, framework="np"):  # checks the header, and reads no tensor
            pass
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(length, LARGEST_HEADER)))
    except (SafetensorError, OSError, ValueError, KeyError, OverflowError) as error:
        why = f"is damaged, or no safetensors file ({_short(error)})"
        raise _unusable(path, why) from error
    metadata = header.pop("__metadata__", None) or {}
    try:
        return About.model_validate_json(metadata.get(ENTRY, "")), header
    except ValidationError as error:
        why = "does not say which generator it is of, so that gan-bench did not write it"
        raise _unusable(path, why) from error


def _check_memory(path: Path) -> None:
    """DataError if the file is larger than what is free: it may hold nothing but zeros."""
    size, free = path.stat().st_size, psutil.virtual_memory().available
    if size > free:
        raise DataError(f"{path} has {text.size(size)}, and {text.size(free)} of memory are free")


def _is_finite(tensor: Tensor) -> bool:
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return True
    return bool((tensor.float() if tensor.itemsize < 2 else tensor).isfinite().all())


def _short(error: object) -> str:
    """What a library says of the file, which may quote it."""
    return plain(str(error))[:LONGEST_ERROR]


def _unusable(path: Path, why: str) -> GanBenchError:
    """The error, with the advice for a file of a cell, or for a file on its own."""
    if path.name in (GENERATOR, BEST_GENERATOR) and is_cell(path.parent):
        return StorageError(
            f"{path} {why}: restore it, or delete the folder of its cell and train it again"
        )
    return DataError(
        f"{path} {why}: give the folder of a cell, or a file that `gan-bench export --to "
        "safetensors` wrote"
    )


def shape_text(shape: Shape) -> str:
    """A shape as people write it: 3 x 64 x 64."""
    return " x ".join(map(str, shape))
