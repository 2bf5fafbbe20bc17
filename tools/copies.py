"""Measure how many copies are found: `python tools/copies.py faces.zip --size 64`.

Needs the package (`pip install -e .`). Changes some images of a set in the ways that copies are
changed, adds them to the set, and prints how many are in the group of their original; then how
many images of the set itself are taken for nearly equal. Docs/datasets.md has the table.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
from PIL import Image, ImageOps

from gan_bench import Dataset
from gan_bench import catalogue as catalogues
from gan_bench.base.text import percent
from gan_bench.data.cache import prepare
from gan_bench.data.choosing.facts import facts_of
from gan_bench.data.choosing.near import near_groups
from gan_bench.data.source import files_at

MOST, COPIES = 5000, 400  # images of a set, and how many of them are copied


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    """Compressed and read again."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def halved(image: Image.Image) -> Image.Image:
    """Reduced to half, and enlarged again."""
    small = image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
    return small.resize(image.size, Image.Resampling.LANCZOS)


def cropped(image: Image.Image) -> Image.Image:
    """Without two pixels on every side, enlarged to the old size."""
    inner = image.crop((2, 2, image.width - 2, image.height - 2))
    return inner.resize(image.size, Image.Resampling.LANCZOS)


def moved(image: Image.Image) -> Image.Image:
    """A pixel to the right and down; what comes in repeats the edge."""
    return Image.fromarray(np.pad(np.asarray(image), ((1, 0), (1, 0), (0, 0)), "edge")[:-1, :-1])


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "mirrored": ImageOps.mirror,
    "mirrored, then JPEG of quality 75": lambda image: jpeg(ImageOps.mirror(image), 75),
    "JPEG of quality 95": lambda image: jpeg(image, 95),
    "JPEG of quality 75": lambda image: jpeg(image, 75),
    "JPEG of quality 50": lambda image: jpeg(image, 50),
    "reduced to half and enlarged": halved,
    "3 % brighter": lambda image: image.point(lambda value: min(255, round(value * 1.03))),
    "two pixels cut off on every side": cropped,
    "moved by one pixel": moved,
}


@click.command()
@click.argument("data")
@click.option("--size", default=64)
def main(data: str, size: int) -> None:
    """DATA is a folder, a zip, or the name of a data set that needs no files."""
    pixels = images_of(data, size)
    thumbs = facts_of(pixels).thumb
    rows = np.random.default_rng(0).permutation(len(pixels))[:COPIES]
    for name, change in CHANGES.items():
        changed = (np.asarray(change(image_of(pixels[k]))).transpose(2, 0, 1) for k in rows)
        groups = near_groups(np.concatenate([thumbs, facts_of(np.stack(list(changed))).thumb]))
        print(f"| {name} | {percent(float((groups[rows] == groups[len(thumbs) :]).mean()), 3)} |")
    groups = near_groups(thumbs)
    like = int((np.bincount(groups)[groups] > 1).sum())
    print(f"| *images that are no copies* | {like:,} of {len(thumbs):,} |")


def images_of(data: str, size: int) -> np.ndarray:
    """(n, 3, size, size) uint8."""
    if Path(data).exists():
        some: np.ndarray = prepare(files_at(Path(data)), size).train[:MOST]
    else:
        dataset = catalogues.load().find(Dataset, data)
        some = dataset.load(None, size, False).train[:MOST]
    return np.repeat(some, 3, axis=1) if some.shape[1] == 1 else np.ascontiguousarray(some)


def image_of(pixels: np.ndarray) -> Image.Image:
    """(3, H, W) uint8 as an image."""
    return Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))


if __name__ == "__main__":
    main()
