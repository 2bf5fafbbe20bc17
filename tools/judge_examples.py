"""The labelled images that the judges of the package learn from."""

from __future__ import annotations

import gzip
from pathlib import Path

import click
import numpy as np
import torch

from gan_bench.measure.judging.examples import Examples
from gan_bench_plugins import judges, toonfaces
from gan_bench_plugins.judges import JUDGES


def faces(seed: int, indices: range, size: int) -> Examples:
    """Faces drawn at a size and resized as the judge would do it."""
    rows = np.arange(indices.start, indices.stop)
    images = torch.from_numpy(toonfaces.render(seed, rows, size))
    shown = (judges.prepared(JUDGES[0], images) + 1) * 127.5
    digits = torch.from_numpy(toonfaces.factors(seed, rows))
    return Examples(shown.round().to(torch.uint8), digits)


def joined(*parts: Examples) -> Examples:
    """All examples as one."""
    return Examples(torch.cat([p.images for p in parts]), torch.cat([p.values for p in parts]))


def toonface_examples(_root: Path | None) -> tuple[Examples, dict[str, Examples]]:
    """Faces of another seed to learn from, and the held-out ones to test on, at two sizes each."""
    other, first = toonfaces.SEED + 1, toonfaces.TRAIN
    to_learn = [faces(other, range(30_000), 32), faces(other, range(30_000, 42_000), 64)]
    held_out = range(first, first + toonfaces.HELD_OUT)
    tested = {f"{size} px": faces(toonfaces.SEED, held_out, size) for size in (32, 64)}
    return joined(*to_learn), tested


def mnist_examples(root: Path | None) -> tuple[Examples, dict[str, Examples]]:
    """MNIST's training images to learn from, and its test images to test on."""
    if root is None:
        raise click.UsageError("mnist needs --data-root, a folder with MNIST/raw/*-ubyte.gz.")
    return digits_of(root, "train"), {"test digits": digits_of(root, "t10k")}


def digits_of(root: Path, split: str) -> Examples:
    """One split of MNIST, from its two files."""
    content = [
        gzip.decompress((root / "MNIST" / "raw" / f"{split}-{kind}-ubyte.gz").read_bytes())
        for kind in ("images-idx3", "labels-idx1")
    ]
    images = np.frombuffer(content[0], np.uint8, offset=16).reshape(-1, 1, 28, 28)
    labels = np.frombuffer(content[1], np.uint8, offset=8).reshape(-1, 1)
    return Examples(torch.from_numpy(images.copy()), torch.from_numpy(labels.astype(np.int64)))
