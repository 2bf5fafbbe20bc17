"""Images of a trained generator: as many as are wanted, of a seed and of chosen classes."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_bench.base import pictures
from gan_bench.contract.errors import GanBenchError, UsageError
from gan_bench.results.atomic import make_folder, write_bytes, writing
from gan_bench.results.layout import GRID_PADDING, GRID_SIDE
from gan_bench.results.write_merge import workplace
from gan_bench.train.class_names import check_class
from gan_bench.train.generator import Generator
from gan_bench.train.loop import Diverged
from gan_bench.train.samples import GRID, Latents, made

BATCH = 64  # images that G makes at once


def count_for(G: Generator, chosen: int | None) -> int:
    """How many images to make if nobody says it: a grid, or a row of it for each class."""
    rows = G.classes if G.classes and chosen is None else 0
    return GRID_SIDE * rows if rows else GRID


def sample_latents(G: Generator, count: int, seed: int, chosen: int | None = None) -> Latents:
    """What `count` images are made of. `chosen`: the class of all of them.

    Without it, every row of eight images of a conditional G is one class, and the classes follow
    one another. The z of a column are equal until each class had its row; then come the next eight.
    """
    check_class(G, chosen)
    k = np.arange(count)
    if G.classes is None or chosen is not None:
        labels = None if chosen is None else np.full(count, chosen, np.int64)
        return Latents(G.z(count, seed).cpu().numpy(), labels)
    rows = k // GRID_SIDE
    z = G.z(GRID_SIDE * (count // (GRID_SIDE * G.classes) + 1), seed).cpu().numpy()
    return Latents(z[GRID_SIDE * (rows // G.classes) + k % GRID_SIDE], rows % G.classes)


def sampled(G: Generator, given: Latents) -> Iterator[np.ndarray]:
    """The images, in batches of (N, C, H, W) uint8. torch's own random state stays as it was.

    GanBenchError if an image is not finite.
    """

    def make(z: Tensor, labels: Tensor | None) -> Tensor:
        images: Tensor = G(z, labels)
        return images

    with torch.random.fork_rng(devices=[]):
        try:
            for images in made(make, given, BATCH, "cpu"):
                yield images.numpy()
        except Diverged as error:
            raise GanBenchError(f"{G.label}: {error}") from error


def write_grid(G: Generator, given: Latents, out: Path) -> None:
    """All images in one PNG, enlarged as in a timelapse if they are small.

    UsageError if the name is that of another kind of file.
    """
    if out.suffix.lower() != ".png":
        raise UsageError(f"{out}: the name of a grid ends in .png; --each writes to a folder")
    by_class = given.labels is not None and len(np.unique(given.labels)) > 1
    across = GRID_SIDE if by_class else max(GRID_SIDE, math.ceil(math.sqrt(len(given))))
    sheet = pictures.tiled(np.concatenate([*sampled(G, given)]), across, GRID_PADDING)
    make_folder(out.absolute().parent)
    write_bytes(out, pictures.png(pictures.enlarged_to(sheet, pictures.GRID_PX)))


def write_each(G: Generator, given: Latents, out: Path) -> None:
    """A PNG for each image in a new or empty folder, named by its number, and its class if any.

    UsageError if other files are there: images of two generators must not be mixed. If not all can
    be written, none is left, also if the process is killed.
    """
    if os.path.lexists(out) and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is no empty folder: give another --out, or remove it first")
    place = Path(os.path.abspath(out))
    make_folder(place.parent)
    digits = max(5, len(str(len(given) - 1)))
    # part of a set looks like a whole one, and would stop the same command
    with workplace(place, "drawing") as draft:
        make_folder(draft)
        for k, pixels in enumerate(chain.from_iterable(sampled(G, given))):
            of = "" if given.labels is None else f"-class{given.labels[k]}"
            # not synced, which takes longer than making the image
            with writing(draft / f"{k:0{digits}d}{of}.png", verified=False) as file:
                file.add(pictures.plain_png(pixels))
        _put(draft, place)


def _put(draft: Path, out: Path) -> None:
    """Give the folder its name. One that is there, as `.`, stays and gets the files."""
    if not out.exists():
        os.rename(draft, out)
        return
    for path in sorted(draft.iterdir()):
        os.rename(path, out / path.name)
