"""A few cartoon faces to train on, and all others to measure with: see docs/datasets.md.

    gan-bench run --plugin tools/few_images.py --data cartoon-faces-500 --data-root FOLDER ...

FOLDER holds cartoon-faces.zip. A folder of 500 images would hold out 50, which is too few to
measure with.
"""

from __future__ import annotations

import zipfile
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from gan_bench import DataError, Dataset, Images, hookimpl

ARCHIVE = "cartoon-faces.zip"


def _pixels(archive: zipfile.ZipFile, name: str, size: int) -> np.ndarray:
    """(3, size, size) uint8."""
    with archive.open(name) as file, Image.open(file) as image:
        small = image.convert("RGB").resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(small).transpose(2, 0, 1)


def load(count: int, root: Path | None, size: int, _: bool) -> Images:
    """`count` images at random, the same ones every time; the others are held out."""
    path = (root or Path()) / ARCHIVE
    if not path.is_file():
        raise DataError(f"there is no {path}: name its folder with --data-root")
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".png"))
        images = np.stack([_pixels(archive, name, size) for name in names])
    order = np.random.default_rng(0).permutation(len(images))
    return Images(train=images[order[:count]], held_out=images[order[count:]])


@hookimpl
def gan_bench_datasets() -> list[Dataset]:
    """`cartoon-faces-500` and `cartoon-faces-100`."""
    return [
        Dataset(
            name=f"cartoon-faces-{count}",
            source=f"{count} of 5,000 faces of the design ToonHead by Johan Melin (CC BY 4.0).",
            version="1",
            load=partial(load, count),
            reads=(ARCHIVE,),
        )
        for count in (500, 100)
    ]
