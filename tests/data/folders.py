"""Folders of small images of chosen content, for tests of what becomes of a set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from gan_bench.contract.protocol import Preparation
from gan_bench.data.cache import Prepared, prepare
from gan_bench.data.source import files_at

SIDE = 32


def picture(seed: int, side: int = SIDE) -> Image.Image:
    """An image that is unlike that of any other seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)


def folder_of(root: Path, images: Mapping[str, Image.Image]) -> Path:
    for name, image in images.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        image.save(root / name)
    return root


def pictures(names: Iterable[str], side: int = SIDE) -> dict[str, Image.Image]:
    return {name: picture(seed, side) for seed, name in enumerate(names)}


def prepared_of(root: Path, **options: object) -> Prepared:
    return prepare(files_at(root, Preparation.model_validate(options)), SIDE)


def held_out_of(root: Path, **options: object) -> set[str]:
    return set(prepared_of(root, **options).report.held_out_names)
