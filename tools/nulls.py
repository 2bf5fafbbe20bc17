"""Print what `copies` and `ndb` score on sets whose quality is known: tables of docs/metrics.md.

`python tools/nulls.py copies`, which takes half a minute of one core, and `python tools/nulls.py
ndb`, which takes two minutes. Needs the package (`pip install -e .`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import click
import numpy as np
import torch

from gan_bench import Metric, Samples
from gan_bench import catalogue as catalogues
from gan_bench.base.text import percent
from gan_bench.catalogue import Catalogue
from gan_bench.data.cache import Prepared
from gan_bench.measure.corruptions import (
    Change,
    blur,
    ghosts,
    jpeg,
    mirror,
    move,
    noise,
    one_colour,
    only_noise,
    trace,
)
from gan_bench.measure.corruptions import copies as copied
from gan_bench.measure.features import extract_all, load_net, weights_digest
from gan_bench.run.plan import make_plan
from gan_bench.run.request import Request
from markdown_rows import print_head, print_row

ALARM = 0.2  # a share of bins that a perfect generator should hardly ever reach
WIDTH = 16  # dimensions of the Gaussians
Kept = dict[str, dict[str, np.ndarray]]
Draw = Callable[[int], np.ndarray]  # n -> (n, F)


def move_down(images: np.ndarray) -> np.ndarray:
    """By one pixel."""
    return move(images.swapaxes(2, 3), 1).swapaxes(2, 3)


def move_far(images: np.ndarray) -> np.ndarray:
    """By four pixels to the right."""
    for _ in range(4):
        images = move(images, 1)
    return images


COPIES: Mapping[str, Change] = {
    "copies": trace,
    "copies, noise 4": partial(noise, std=4),
    "copies, mirrored": mirror,
    "copies, moved right by 1 px": partial(move, pixels=1),
    "copies, moved down by 1 px": move_down,
    "copies, mirrored, moved right, noise 4": lambda images: noise(move(mirror(images), 1), 4),
    "copies, JPEG 50": partial(jpeg, quality=50),
    "copies, blur 1": partial(blur, sigma=1),
    "blends of two training images": partial(ghosts, share=0.5),
}
NEW: Mapping[str, Change] = {
    "other real images": lambda images: images,
    "noise 16": partial(noise, std=16),
    "blur 1": partial(blur, sigma=1),
    "blur 2": partial(blur, sigma=2),
    "moved right by 4 px": move_far,
    "JPEG 50": partial(jpeg, quality=50),
    "one colour": lambda images: one_colour(images.shape),
    "only noise": lambda images: only_noise(images.shape),
}


@click.group()
def nulls() -> None:
    """Scores of new images, of copies and of perfect generators."""
    torch.set_num_threads(1)


@nulls.command()
@click.option("--data", "names", multiple=True, default=("toonfaces",), help="Or a folder or zip.")
@click.option("--data-root", type=click.Path(path_type=Path), help="Where MNIST is.")
@click.option("--samples", default=500, help="Images of each set; at most half the held-out ones.")
def copies(names: tuple[str, ...], data_root: Path | None, samples: int) -> None:
    """Score copies, changed copies, and new images; half of the held-out images are new."""
    known = catalogues.load()
    scores = {}
    for name in names:
        prepared = prepared_images(name, data_root if name == "mnist" else None)
        n = min(samples, len(prepared.held_out) // 2)
        size, train = prepared.data.shape[1], len(prepared.train)
        head = f"{prepared.data.name}, {size} px, {train:,} training images, n = {n:,}"
        scores[head] = copies_scores(known, prepared, n)
    print_head("images", *scores)
    for row in (*NEW, *COPIES):
        print_row(row, *(f"{each[row]:.3f}" for each in scores.values()))


def copies_scores(known: Catalogue, prepared: Prepared, n: int) -> dict[str, float]:
    """`copies` of every set of n images."""
    metric, features = known.find(Metric, "copies"), features_of(known, "spectrum")
    held_out, new = np.asarray(prepared.held_out[: 2 * n]).reshape(2, n, *prepared.data.shape)
    sets = {name: change(new) for name, change in NEW.items()}
    sets |= {name: copied(new, prepared.train, 1, change) for name, change in COPIES.items()}
    train, compared, keep = features(prepared.train), features(held_out), keep_in({})

    def score(images: np.ndarray) -> float:
        fake = features(images)
        samples = Samples(real=compared, fake=fake, train=train, held_out=compared, keep=keep)
        return metric.compute(samples)

    return {name: score(images) for name, images in sets.items()}


@nulls.command()
@click.option("--sets", default=100, help="Perfect sets, all compared with the same bins.")
@click.option("--samples", "counts", multiple=True, type=int, default=(256, 512, 1024, 2048))
def ndb(sets: int, counts: tuple[int, ...]) -> None:
    """The mean of `ndb` over perfect sets, and the share of them above 0.2."""
    known, drawn = catalogues.load(), np.random.default_rng(0)
    metric, features = known.find(Metric, "ndb"), features_of(known, "pixels")
    prepared = prepared_images("toonfaces")
    faces, held_out = features(prepared.train), features(prepared.held_out)

    def face(n: int) -> np.ndarray:
        return held_out[drawn.choice(len(held_out), n, replace=False)]

    def gaussian(n: int) -> np.ndarray:
        return drawn.normal(size=(n, WIDTH)).astype(np.float32)

    cases: list[tuple[str, np.ndarray, Draw]] = [
        ("toonfaces", faces, face),
        ("toonfaces", faces[:2_000], face),
        *(("Gaussians", gaussian(n), gaussian) for n in (20_000, 5_000)),
    ]
    print_head("training images", *(f"n = {n:,}" for n in counts))
    for name, train, draw in cases:
        keep = keep_in({})
        cells = []
        for n in counts:
            each = [
                metric.compute(Samples(real=train, fake=draw(n), train=train, keep=keep))
                for _ in range(sets)
            ]
            cells.append(f"{np.mean(each):.3f} ({percent(float(np.mean(np.array(each) > ALARM)))})")
        print_row(f"{name}, {len(train):,}", *cells)


def prepared_images(name: str, root: Path | None = None) -> Prepared:
    """A data set of the catalogue, or a folder or zip of images, as `run` reads it."""
    request = Request(data=name, data_root=root, preset="quick", device="cpu")
    return make_plan(request, catalogues.load()).prepared


def features_of(known: Catalogue, net: str) -> Callable[[np.ndarray], np.ndarray]:
    """f: (N, C, H, W) uint8 -> (N, F)."""
    extract = load_net(known, net, weights_digest(known, net, None), "cpu", None)
    return lambda images: extract_all(extract, images, "cpu")


def keep_in(
    kept: Kept,
) -> Callable[[str, Callable[[], dict[str, np.ndarray]]], dict[str, np.ndarray]]:
    """`Samples.keep` for one reference, in memory."""

    def keep(name: str, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        if name not in kept:
            kept[name] = make()
        return kept[name]

    return keep


if __name__ == "__main__":
    nulls()
