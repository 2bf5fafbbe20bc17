"""Small sets of images that the tests of this floor share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from gan_bench import Dataset, Images
from gan_bench.data.cache import Prepared
from gan_bench.data.source import files_at
from hostile import Entry, image_bytes

SIZE = 16
posix = pytest.mark.skipif(os.name != "posix", reason="needs files of POSIX")


def random_rgb(seed: int = 0, side: int = SIZE) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def blank(count: int = 10, size: int = SIZE) -> np.ndarray:
    return np.zeros((count, 1, size, size), np.uint8)


def dataset(name: str, train: Any, held_out: Any, version: str = "1") -> Dataset:
    """A plugin's data set of these images."""
    images = Images(train=train, held_out=held_out)
    return Dataset(name=name, source="a test", version=version, load=lambda *_: images)


def nothing_is_left(home: Path) -> bool:
    """Of a set that could not be made."""
    return [path.suffix for path in (home / "images").iterdir()] in ([], [".lock"])


def loaded(root: Path) -> Images:
    return files_at(root).dataset.load(None, SIZE, False)


def dropped(root: Path) -> dict[str, str]:
    """All that was dropped, and why; in this process."""
    return dict(loaded(root).dropped)


def with_honest(folder: Path, count: int = 12) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(count):
        (folder / f"honest{k:02d}.png").write_bytes(image_bytes(seed=k))
    return folder


def honest(count: int = 12) -> list[Entry]:
    return [Entry(f"honest{k:02d}.png", image_bytes(seed=k)) for k in range(count)]


def everything_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def same(one: Prepared, other: Prepared) -> bool:
    return np.array_equal(one.train, other.train) and np.array_equal(one.held_out, other.held_out)


def names_of_dropped(prepared: Prepared) -> dict[str, str]:
    return {each.name: each.why for each in prepared.report.dropped}


def no_image_is_opened(*_: object, **__: object) -> NoReturn:
    raise AssertionError("an image was opened")
