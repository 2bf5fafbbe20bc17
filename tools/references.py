"""Print the table of docs/metrics.md on references: `python tools/references.py`, a minute.

Of few faces: what a generator scores that repeats the training images, and a perfect one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import click
import numpy as np
import torch

from gan_bench import Dataset, Schedule
from gan_bench import catalogue as catalogues
from gan_bench.contract.protocol import Data, Protocol
from gan_bench.data.cache import Prepared
from gan_bench.measure.evaluator import Evaluator
from gan_bench.run.plan_evaluation import plan_evaluation
from gan_bench_plugins.toonfaces import SEED, TRAIN, render
from markdown_rows import print_row

NO_SPLIT = 1_000_000  # index of faces of neither split
METRICS = ("fd", "kd")
FEATURES = "efficientnet-lite0"


@click.command()
@click.option("--train", default=500, help="Training images.")
@click.option("--size", default=32)
@click.option("--sets", default=5, help="Sets of generated images, whose scores vary.")
def references(train: int, size: int, sets: int) -> None:
    """Scores of a memoriser and of a perfect generator, by the reference."""
    torch.set_num_threads(1)
    print_row("reference", "N = M", "images", *(f"{name}-{FEATURES}" for name in METRICS))
    print_row("---", "---:", "---", *["---:"] * len(METRICS))
    cases: tuple[tuple[Literal["train", "held-out"], int], ...] = (
        ("train", train),
        ("held-out", train),
        ("held-out", train // 10),
    )
    for reference, n in cases:
        evaluator = _evaluator(reference, train, n, size)
        for name, images in _generated(train, n, size, sets):
            measured = [evaluator.measure(each, with_errors=False).scores for each in images]
            scores = [[each[spec].value for each in measured] for spec in measured[0]]
            cells = [f"{np.mean(row):.0f} ± {np.std(row, ddof=1):.0f}" for row in scores]
            print_row(reference, str(n), name, *cells)


def _evaluator(
    reference: Literal["train", "held-out"], train: int, held_out: int, size: int
) -> Evaluator:
    known = catalogues.load()
    dataset = known.find(Dataset, "toonfaces")
    shape = (3, size, size)
    name = f"{train}-{held_out}"  # a fingerprint that no prepared data set has
    data = Data(name="few", fingerprint=name, shape=shape, train=train, held_out=held_out)
    evaluation = plan_evaluation(
        known,
        dataset,
        features=FEATURES,
        metrics=METRICS,
        samples=train if reference == "train" else held_out,
        weights=None,
        reference=reference,
    )
    protocol = Protocol(data=data, schedule=Schedule(kimg=1), evaluation=evaluation)
    prepared = Prepared(data, _faces(0, train, size), _faces(TRAIN, held_out, size), {})
    return Evaluator(known, protocol, dataset, prepared, "cpu")


def _generated(train: int, n: int, size: int, sets: int) -> Iterator[tuple[str, list[np.ndarray]]]:
    """What draws training images at random makes, and what a perfect generator does."""
    rng = np.random.default_rng(0)
    images = _faces(0, train, size)
    yield "training images", [images[rng.integers(0, train, n)] for _ in range(sets)]
    yield "new images", [_faces(NO_SPLIT + k * n, n, size) for k in range(sets)]


def _faces(first: int, count: int, size: int) -> np.ndarray:
    return render(SEED, np.arange(first, first + count), size)


if __name__ == "__main__":
    references()
