"""The file of a trained generator: its parameters, and what it takes to build it again."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import BeforeValidator, Field, PlainSerializer, PositiveInt, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as from_safetensors
from safetensors.torch import save as to_safetensors
from torch import Tensor

from gan_bench.contract.errors import DataError, GanBenchError, StorageError
from gan_bench.contract.offers import Shape
from gan_bench.contract.protocol import Number, Side
from gan_bench.contract.schedule import Frozen
from gan_bench.results.finding import is_cell
from gan_bench.results.layout import BEST_GENERATOR, GENERATOR
from gan_bench.results.reading import read_bytes

ENTRY = "gan_bench"  # the name of the one entry in the metadata of the file
LARGEST_FILE = 2**40  # bytes


def _split(shape: object) -> object:
    return shape.split("x") if isinstance(shape, str) else shape


class About(Frozen):
    """What it takes to build the generator of a file again."""

    architecture: str
    z_dim: PositiveInt
    # (C, H, W), which the file holds as CxHxW
    shape: Annotated[
        tuple[Side, Side, Side],
        BeforeValidator(_split),
        PlainSerializer(lambda shape: "x".join(map(str, shape))),
    ]
    classes: PositiveInt | None = None  # None: not conditional, or not known (older versions)
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
    content = read_bytes(path, LARGEST_FILE)
    try:
        state = from_safetensors(content)
    except (SafetensorError, ValueError, KeyError, OverflowError) as error:
        raise _unusable(path, f"is damaged, or no safetensors file ({error})") from error
    if not all(each.isfinite().all() for each in state.values() if each.is_floating_point()):
        raise _unusable(path, "is damaged, for it holds numbers that are not finite")
    about = _about(content, path)
    return about, {**state, **about.extra}


def _about(content: bytes, path: Path) -> About:
    (length,) = struct.unpack("<Q", content[:8])  # the header follows, which is JSON
    metadata = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    try:
        return About.model_validate_json(metadata.get(ENTRY, ""))
    except ValidationError as error:
        why = "does not say which generator it is of, so that gan-bench did not write it"
        raise _unusable(path, why) from error


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
